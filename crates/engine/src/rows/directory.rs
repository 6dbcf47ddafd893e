//! The rows of an organisation's directory: who there is, and what they may do.

use minicbor::{Decode, Encode};
use strongroom_types::{
    BindingId, CredentialId, Description, DisplayName, FederatedIdentityId, Labels, Networks,
    OrganisationId, ProjectId, RoleId, RuleId, ServiceAccountId, Slug, TeamId, Timestamp, TokenId,
    UserId,
};

use super::coded;
use super::sign_in::{SignInsRow, SignedIn};

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct OrganisationRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: OrganisationId,
    #[cbor(n(1), with = "coded")]
    pub(crate) slug: Slug,
    #[cbor(n(2), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_at: Timestamp,
    /// The features that are switched off (contract 3.5); all are on by default.
    #[n(4)]
    pub(crate) secrets_off: bool,
    #[n(5)]
    pub(crate) kms_off: bool,
    #[cbor(n(6), default)]
    pub(crate) projects_off: bool,
}

#[derive(Debug, Encode, Decode)]
pub(crate) struct OrganisationSlug {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: OrganisationId,
}

/// What the things of a directory say about themselves, beside name and slug.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Described {
    #[cbor(n(0), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(1), with = "coded")]
    pub(crate) labels: Labels,
    #[cbor(n(2), with = "coded")]
    pub(crate) annotations: Labels,
    /// None until the first change.
    #[cbor(n(3), with = "coded")]
    pub(crate) updated_at: Option<Timestamp>,
    #[n(4)]
    pub(crate) object_version: u64,
    /// The user who made it; none where the installation or a service account did.
    #[cbor(n(5), with = "coded")]
    pub(crate) created_by: Option<UserId>,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            description: Description::default(),
            labels: Labels::default(),
            annotations: Labels::default(),
            updated_at: None,
            object_version: 1,
            created_by: None,
        }
    }
}

impl Described {
    /// Notes a change at this time.
    pub(crate) fn changed(&mut self, at: Timestamp) {
        self.updated_at = Some(at);
        self.object_version = self.object_version.saturating_add(1);
    }
}

/// Its content says nothing: its revision is the message.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Epoch {
    #[cbor(n(0), with = "coded")]
    pub(crate) changed_at: Timestamp,
}

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct UserRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: UserId,
    #[n(1)]
    pub(crate) email: String,
    #[cbor(n(2), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_at: Timestamp,
}

/// That a user belongs to an organisation.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct MemberRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) user: UserId,
    #[n(1)]
    pub(crate) email: String,
    #[n(2)]
    pub(crate) owner: bool,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(4), with = "coded", default)]
    pub(crate) name: Option<DisplayName>,
    #[cbor(n(5), default)]
    pub(crate) sign_ins: SignInsRow,
    /// Whether nobody has vouched for the address: whoever came in by the code of an invitation may
    /// be anybody who had it. Such an address is a label, and decides nothing.
    #[cbor(n(6), default)]
    pub(crate) unproven: bool,
}

/// The other direction of a membership: its key says all.
#[derive(Debug, Encode, Decode)]
pub(crate) struct UserOrganisation {
    #[cbor(n(0), with = "coded")]
    pub(crate) organisation: OrganisationId,
}

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct ProjectRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: ProjectId,
    #[cbor(n(1), with = "coded")]
    pub(crate) slug: Slug,
    #[cbor(n(2), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(3), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(4), with = "coded")]
    pub(crate) created_at: Timestamp,
    /// Beside the description, which stands above.
    #[cbor(n(5), default)]
    pub(crate) described: Described,
    #[cbor(n(6), with = "coded", default)]
    pub(crate) parent: Option<ProjectId>,
}

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct ServiceAccountRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: ServiceAccountId,
    #[cbor(n(1), with = "coded")]
    pub(crate) slug: Slug,
    #[cbor(n(2), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(4), default)]
    pub(crate) described: Described,
}

/// A service account's access credential, as the directory lists it.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct CredentialRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: CredentialId,
    #[cbor(n(1), with = "coded")]
    pub(crate) service_account: ServiceAccountId,
    #[n(2)]
    pub(crate) access_key: String,
    #[n(3)]
    pub(crate) scopes: Vec<String>,
    #[cbor(n(4), with = "coded")]
    pub(crate) expires_at: Option<Timestamp>,
    #[cbor(n(5), with = "coded")]
    pub(crate) created_at: Timestamp,
    /// Possibly empty: clients that know no names for credentials send none.
    #[cbor(n(6), default)]
    pub(crate) name: String,
    #[cbor(n(7), with = "coded", default)]
    pub(crate) description: Description,
    /// Where it, and every token issued for it, may be used from.
    #[cbor(n(8), with = "coded", default)]
    pub(crate) allowed_ips: Networks,
}

/// Where an access key leads, and the hash of the secret that goes with it.
#[derive(Debug, Encode, Decode)]
pub(crate) struct CredentialSecret {
    #[cbor(n(0), with = "coded")]
    pub(crate) organisation: OrganisationId,
    #[cbor(n(1), with = "coded")]
    pub(crate) identity: CredentialId,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) secret_hash: [u8; 32],
}

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct TeamRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: TeamId,
    #[cbor(n(1), with = "coded")]
    pub(crate) slug: Slug,
    #[cbor(n(2), with = "coded")]
    pub(crate) members: Vec<UserId>,
    #[cbor(n(3), with = "coded", default)]
    pub(crate) name: Option<DisplayName>,
    #[cbor(n(4), with = "coded", default)]
    pub(crate) created_at: Timestamp,
    #[cbor(n(5), default)]
    pub(crate) described: Described,
    /// When and as what the members came; one who is missing here was there from the start.
    #[cbor(n(6), default)]
    pub(crate) joined: Vec<JoinedRow>,
}

impl TeamRow {
    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        match &self.name {
            Some(name) => name.as_str(),
            None => self.slug.as_str(),
        }
    }
}

/// When and as what a user joined a team.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct JoinedRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) user: UserId,
    #[n(1)]
    pub(crate) role: String,
    #[cbor(n(2), with = "coded")]
    pub(crate) at: Timestamp,
}

/// A role of the organisation, or, with a project, one of that project's IAM policies.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct RoleRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: RoleId,
    #[n(1)]
    pub(crate) name: String,
    #[cbor(n(2), with = "coded")]
    pub(crate) project: Option<ProjectId>,
    #[n(3)]
    pub(crate) rules: Vec<RuleRow>,
    #[cbor(n(4), with = "coded", default)]
    pub(crate) slug: Option<Slug>,
    #[cbor(n(5), with = "coded", default)]
    pub(crate) created_at: Timestamp,
    #[cbor(n(6), default)]
    pub(crate) described: Described,
    /// What makes it a policy of its project, or of the organisation's own level.
    #[n(7)]
    pub(crate) policy: Option<PolicyRow>,
}

/// What a policy says beside its rules.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(crate) struct PolicyRow {
    /// Whether it counts in the projects below, too.
    #[n(0)]
    pub(crate) replicates: bool,
    /// When and from where it counts, as JSON; empty means always and from everywhere.
    #[n(1)]
    pub(crate) conditionals: String,
}

impl RoleRow {
    /// Whether it is a policy, and no role of the organisation.
    pub(crate) const fn is_policy(&self) -> bool {
        self.policy.is_some() || self.project.is_some()
    }
}

#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct RuleRow {
    #[n(0)]
    pub(crate) resources: Vec<String>,
    #[n(1)]
    pub(crate) resource_identities: Vec<String>,
    #[n(2)]
    pub(crate) permissions: Vec<String>,
    #[cbor(n(3), with = "coded", default)]
    pub(crate) identity: Option<RuleId>,
    #[cbor(n(4), default)]
    pub(crate) note: String,
}

/// A role given to a principal.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct BindingRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: BindingId,
    #[n(1)]
    pub(crate) role: BoundRole,
    #[n(2)]
    pub(crate) principal: BoundPrincipal,
    /// Where it holds: in one project, or in the whole organisation.
    #[cbor(n(3), with = "coded")]
    pub(crate) project: Option<ProjectId>,
    #[cbor(n(4), with = "coded")]
    pub(crate) expires_at: Option<Timestamp>,
    #[cbor(n(5), default)]
    pub(crate) name: String,
    #[cbor(n(6), with = "coded", default)]
    pub(crate) created_at: Timestamp,
    #[cbor(n(7), default)]
    pub(crate) described: Described,
    /// The scopes that it is limited to, as a credential can be; none means no limit.
    #[cbor(n(8), default)]
    pub(crate) scopes: Vec<String>,
    /// Whether it gives a policy on the organisation's own level; in a project it always does.
    #[cbor(n(9), default)]
    pub(crate) policy: bool,
}

impl BindingRow {
    /// Whether it gives a policy, and no role of the organisation.
    pub(crate) const fn is_policy(&self) -> bool {
        self.policy || self.project.is_some()
    }

    /// Whether it still gives anything.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum BoundRole {
    #[n(0)]
    Own(#[cbor(n(0), with = "coded")] RoleId),
    /// One of the built-in policies of contract 4.2, by name.
    #[n(1)]
    BuiltIn(#[n(0)] String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum BoundPrincipal {
    #[n(0)]
    User(#[cbor(n(0), with = "coded")] UserId),
    #[n(1)]
    ServiceAccount(#[cbor(n(0), with = "coded")] ServiceAccountId),
    #[n(2)]
    Team(#[cbor(n(0), with = "coded")] TeamId),
}

impl BoundPrincipal {
    /// The member, if it is one.
    pub(crate) const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::ServiceAccount(_) | Self::Team(_) => None,
        }
    }
}

/// A personal access token, found by the hash of its value.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct TokenRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: TokenId,
    #[cbor(n(1), with = "coded")]
    pub(crate) user: UserId,
    #[n(2)]
    pub(crate) name: String,
    #[cbor(n(3), with = "coded")]
    pub(crate) expires_at: Option<Timestamp>,
    #[cbor(n(4), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[n(5)]
    pub(crate) scopes: Vec<String>,
    #[cbor(n(6), with = "coded", default)]
    pub(crate) description: Description,
    /// Where it may be used from.
    #[cbor(n(7), with = "coded", default)]
    pub(crate) allowed_ips: Networks,
    /// The only organisation that it counts in; none is every one that the user belongs to.
    #[cbor(n(8), with = "coded", default)]
    pub(crate) organisation: Option<OrganisationId>,
}

/// The way from a user to one of their tokens.
#[derive(Debug, Encode, Decode)]
pub(crate) struct UserToken {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) hash: [u8; 32],
}

/// That every token has a way from its user.
#[derive(Debug, Encode, Decode)]
pub(crate) struct TokensIndexed {
    #[cbor(n(0), with = "coded")]
    pub(crate) at: Timestamp,
}

/// What a stateless access token says (sealed, so only this installation can say it).
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct AccessTokenClaims {
    #[cbor(n(0), with = "coded")]
    pub(crate) organisation: OrganisationId,
    /// Whose token it is, unless a person's.
    #[cbor(n(1), with = "coded")]
    pub(crate) service_account: Option<ServiceAccountId>,
    /// The access credential that it was issued for.
    #[cbor(n(2), with = "coded")]
    pub(crate) credential: Option<CredentialId>,
    #[cbor(n(3), with = "coded")]
    pub(crate) issued_at: Timestamp,
    #[cbor(n(4), with = "coded")]
    pub(crate) expires_at: Timestamp,
    /// What the credential was limited to; a federated identity's own scopes count instead.
    #[n(5)]
    pub(crate) scopes: Vec<String>,
    /// The federated identity that it was issued for.
    #[cbor(n(6), with = "coded", default)]
    pub(crate) federated: Option<FederatedIdentityId>,
    /// Whose token it is, where a person signed in for it.
    #[n(7)]
    pub(crate) signed_in: Option<SignedIn>,
    /// The project in which alone it acts, whatever a call names (contract 3.4).
    #[cbor(n(8), with = "coded", default)]
    pub(crate) project: Option<ProjectId>,
}

/// When a credential or token was last used, to the minute.
#[derive(Debug, Encode, Decode)]
pub(crate) struct LastUse {
    #[cbor(n(0), with = "coded")]
    pub(crate) at: Timestamp,
}
