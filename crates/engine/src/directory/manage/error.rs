//! Why a directory was not shown or changed.

use std::fmt;

use strongroom_authz::{Denied, PolicyError, RuleError};
use strongroom_crypto::EntropyError;
use strongroom_types::Slug;

use crate::directory::changing::Unchanged;
use crate::rows::{CommitFault, RowFault};
use crate::trail::{AuditUnavailable, ChangeFault};

/// A kind of thing in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// The organisation itself.
    Organisation,
    /// A service account.
    ServiceAccount,
    /// An access credential.
    AccessCredential,
    /// A role.
    Role,
    /// A rule of a role.
    Rule,
    /// A role given to somebody.
    Binding,
    /// A team.
    Team,
    /// A member of the organisation, or of a team.
    Member,
    /// A project.
    Project,
    /// A personal access token.
    Token,
    /// A policy.
    Policy,
    /// A request for rights that end.
    Elevation,
    /// An invitation to become a member.
    Invite,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organisation => "organisation",
            Self::ServiceAccount => "service account",
            Self::AccessCredential => "access credential",
            Self::Role => "role",
            Self::Rule => "rule",
            Self::Binding => "binding",
            Self::Team => "team",
            Self::Member => "member",
            Self::Project => "project",
            Self::Token => "personal access token",
            Self::Policy => "policy",
            Self::Elevation => "access elevation",
            Self::Invite => "invitation",
        })
    }
}

/// Why a directory was not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// There is no such thing here.
    #[error("there is no such {0} in this organisation; list what there is")]
    NotFound(Thing),
    /// The caller's rules do not reach it.
    #[error(transparent)]
    Denied(Denied),
    /// The name reads as an identity, so that nobody could tell which of the two is meant.
    #[error("`name` must not look like the identity of a {0}; choose another name")]
    LooksLikeIdentity(Thing),
    /// Another of its kind has the slug.
    #[error("there is already a {thing} with the slug {slug}; choose another name")]
    SlugTaken {
        /// What kind.
        thing: Thing,
        /// The slug that its name makes.
        slug: Slug,
    },
    /// It comes with the service.
    #[error(
        "this comes with the service or from a project above and cannot be changed here; make one of your own"
    )]
    ReadOnly,
    /// Nobody would be left who holds everything.
    #[error("this is the organisation's last owner; make somebody else an owner first")]
    LastOwner,
    /// Owners hold everything, so that only an owner decides about them.
    #[error("only an owner can make, change or remove an owner")]
    OwnersOnly,
    /// There is somebody with this address, or will be.
    #[error(
        "somebody with this address is a member already, or invited; remove the member or withdraw \
         the invitation first"
    )]
    AlreadyInvited,
    /// It would be part of itself.
    #[error("`parentProjectIdentity` would make the project part of itself")]
    Cycle,
    /// It has secrets, keys or projects.
    #[error("the project still holds {0}; remove or move them first")]
    InUse(&'static str),
    /// Service accounts have access credentials instead.
    #[error("only people have personal access tokens; a service account has access credentials")]
    OnlyPeople,
    /// The caller does not hold it.
    #[error(
        "this would give rights that you do not hold yourself; ask somebody who holds them, or give less"
    )]
    Escalation,
    /// The caller's own token cannot be used from there.
    #[error(
        "`allowedIps` must lie within the networks of the token that this call was made with; \
         give narrower ones, or make the call with another token"
    )]
    WiderNetwork,
    /// The caller's own token ends before.
    #[error(
        "`expiresAt` must not be after the end of the token that this call was made with; give an \
         earlier time, or make the call with another token"
    )]
    LongerLife,
    /// It would end before it begins.
    #[error("`expiresAt` must be in the future")]
    Expired,
    /// It would end too late.
    #[error("it must end within {days} days; ask for less")]
    TooLong {
        /// The limit.
        days: u32,
    },
    /// A policy speaks of something that there is not.
    #[error(
        "there is no such resource type; list them with GET /v1/projects/iam/policies/resources"
    )]
    UnknownResource,
    /// A policy's conditions are not valid.
    #[error("{0}")]
    Conditionals(#[source] PolicyError),
    /// Nobody decides about themselves.
    #[error("nobody approves their own request; ask somebody else")]
    OwnElevation,
    /// It was decided already, or its time is over.
    #[error("the request is not {wanted} any more; read it to see what became of it")]
    ElevationState {
        /// What it would have to be.
        wanted: &'static str,
    },
    /// Only people ask for rights.
    #[error("a service account cannot ask for an access elevation; bind a policy to it instead")]
    NotAPerson,
    /// It may have only so many.
    #[error("there may be at most {max} of this kind: {thing}; remove one first")]
    TooMany {
        /// What kind.
        thing: Thing,
        /// The limit.
        max: usize,
    },
    /// A rule is not valid.
    #[error("the rule is not valid: {0}")]
    Rule(#[source] RuleError),
    /// Others kept changing the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the change could not be stored")]
    Change(#[source] ChangeFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<CommitFault> for ManageError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl From<Unchanged> for ManageError {
    fn from(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::Gone => Self::NotFound(Thing::Organisation),
            Unchanged::Contended => Self::Contended,
            Unchanged::Row(fault) => Self::Row(fault),
            Unchanged::Change(fault) => Self::Change(fault),
        }
    }
}
