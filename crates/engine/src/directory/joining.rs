//! From an invitation to a member.
//!
//! There are two ways to take one: its code, which whoever invites passes on, and the first sign-in
//! with the address that was invited (see [`super::federation`]). Either way it is used up by the
//! batch that makes the member, with the team and the role that were promised, so that nobody comes
//! in twice; and it counts only while whoever made it is here and could still make it. Who takes an
//! invitation becomes a new person here: what the same address may be elsewhere counts for nothing.
//!
//! A code proves no address: anybody may have it, its maker first of all. So the address of a member
//! who came in by a code is a label, by which nobody is signed in, found or matched.

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, Resource, ServiceEvent};
use strongroom_authz::ResourceType;
use strongroom_crypto::{PlainToken, TokenHash, new_personal_token};
use strongroom_types::{BindingId, Description, DisplayName, Networks, Timestamp, TokenId, UserId};

use super::authenticate::Credential;
use super::manage::MemberView;
use super::rights::{Caption, CredentialName, PrincipalId, Rights};
use super::view::OrganisationView;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::directory::{
    BindingRow, BoundPrincipal, Described, MemberRow, TokenRow, UserOrganisation, UserRow,
};
use crate::rows::invite::{InviteCode, InviteRow};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::sign_in::SignInsRow;
use crate::rows::{Changes, CommitFault, RowFault};
use crate::trail::{AuditUnavailable, ChangeFault};

/// How often taking an invitation is tried again when somebody else was faster.
const ATTEMPTS: usize = 8;
/// What the token is called that a new member gets.
const TOKEN_NAME: &str = "invitation";

/// Somebody who took an invitation.
pub struct Joined {
    /// What they are now.
    pub member: MemberView,
    /// A personal access token of theirs, shown once.
    pub token: PlainToken,
}

/// Why nobody joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The code leads to no open invitation. One answer for every reason.
    #[error(
        "there is no such invitation: it was taken, was withdrawn or has ended, or the code was \
         not copied whole"
    )]
    Unknown,
    /// Somebody with the address became a member in the meantime.
    #[error("somebody with the address of this invitation is a member already")]
    AlreadyMember,
    /// Too many attempts failed from the caller's address.
    #[error("too many attempts to authenticate failed; wait before the next one")]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// Others kept changing the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
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

impl From<RowFault> for JoinError {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

impl From<CommitFault> for JoinError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

/// Taking invitations. It needs no grant: the code is the right.
pub struct Invitations<'e>(pub(crate) &'e Arc<Inner>);

/// An invitation that can be taken, in the directory as it is now.
struct Open {
    view: Arc<OrganisationView>,
    invite: InviteRow,
}

impl Invitations<'_> {
    /// Makes the holder of the code a member, who then has a personal access token. The token is not
    /// kept and cannot be shown again.
    pub async fn accept(
        &self,
        call: &Arc<Call>,
        code: &str,
        name: Option<DisplayName>,
    ) -> Result<Recorded<Joined>, JoinError> {
        for _ in 0..ATTEMPTS {
            match self.try_to_accept(call, code, name.as_ref()).await {
                Err(JoinError::Change(fault)) if fault.is_conflict() => {
                    call.forget_events();
                    call.forget_caller();
                }
                done => return done,
            }
        }
        Err(JoinError::Contended)
    }

    async fn try_to_accept(
        &self,
        call: &Arc<Call>,
        code: &str,
        name: Option<&DisplayName>,
    ) -> Result<Recorded<Joined>, JoinError> {
        let (inner, now) = (self.0, self.0.clock.now());
        let Open { view, invite } = self.find(call, code, now).await?;
        if view.members_at(&invite.email).next().is_some() {
            call.note(failed(Reason::Credential));
            return Err(JoinError::AlreadyMember);
        }
        let mut newcomer = inner.newcomer(&invite, name, now)?;
        newcomer.member.unproven = true;
        let user = newcomer.member.user;
        if let Some(rights) = newcomer.rights(&view, now) {
            call.identify(Caption {
                principal: PrincipalId::User(user),
                rights,
                credential: CredentialName::Invitation(invite.identity),
            });
        }
        let token = new_personal_token(inner.vault.entropy()).map_err(CommitFault::Entropy)?;
        let row = TokenRow {
            identity: TokenId::from_bytes(inner.vault.draw()?),
            user,
            name: TOKEN_NAME.to_owned(),
            expires_at: None,
            created_at: now,
            scopes: Vec::new(),
            description: Description::default(),
            allowed_ips: Networks::default(),
            organisation: Some(view.organisation.identity),
        };
        let mut changes = inner.new_epoch(&view)?;
        newcomer.join(&view, &mut changes)?;
        changes.create_token(&token.hash(), &row)?;
        let issued = ServiceEvent::new(Action::AuthTokenIssued, None);
        call.note(issued.with("invitation", invite.identity.to_string()));
        let member = view.member_view(&newcomer.member);
        let joined = Joined { member, token };
        let done = inner.trail.commit(call, changes, joined).await;
        done.map_err(JoinError::Change)
    }

    /// The open invitation that the code leads to. Wrong codes slow their address down, as wrong
    /// credentials do.
    async fn find(&self, call: &Call, code: &str, now: Timestamp) -> Result<Open, JoinError> {
        let attempts = &self.0.attempts;
        let attempt = attempts.begin(call.client_ip(), &Credential::Token(code), now);
        let attempt = attempt.map_err(|wait| {
            call.note(failed(Reason::Attempts));
            JoinError::TooManyAttempts { wait }
        })?;
        let Some(open) = self.look_up(code).await? else {
            attempts.failed(&attempt, now);
            call.note(failed(Reason::Credential));
            return Err(JoinError::Unknown);
        };
        call.place(open.view.organisation.identity, None, None);
        call.concerns(Resource {
            kind: ResourceType::Membership.as_str().into(),
            identity: open.invite.identity.to_string().into(),
        });
        // What was right once is no guess.
        let reason = match &open.invite {
            invite if !invite.is_open(now) => Reason::Expired,
            invite if !open.view.invite_stands(invite, now) => Reason::Iam,
            _ => return Ok(open),
        };
        call.note(failed(reason));
        Err(JoinError::Unknown)
    }

    async fn look_up(&self, code: &str) -> Result<Option<Open>, RowFault> {
        let Ok(hash) = TokenHash::of_invitation_code(code) else {
            return Ok(None);
        };
        let inner = self.0;
        let row = keyspace::invite(&hash);
        let Some(found) = inner.vault.get::<InviteCode>(&row).await? else {
            return Ok(None);
        };
        let way = found.row;
        let view = inner.views.current(&inner.vault, way.organisation).await?;
        Ok(view.and_then(|view| {
            let invite = view.invites.get(&way.identity)?.clone();
            Some(Open { view, invite })
        }))
    }
}

fn failed(reason: Reason) -> ServiceEvent<'static> {
    ServiceEvent::new(Action::AuthTokenFailed, None).refused(reason)
}

/// Somebody who is about to become a member.
pub(super) struct Newcomer<'i> {
    pub(super) member: MemberRow,
    invite: &'i InviteRow,
    /// What the role will be given by.
    binding: BindingId,
}

impl Inner {
    pub(super) fn newcomer<'i>(
        &self,
        invite: &'i InviteRow,
        name: Option<&DisplayName>,
        now: Timestamp,
    ) -> Result<Newcomer<'i>, CommitFault> {
        // An address is as good a name as any, where it can be one.
        let name = name.cloned().or_else(|| invite.email.parse().ok());
        let member = MemberRow {
            user: UserId::from_bytes(self.vault.draw()?),
            email: invite.email.clone(),
            owner: invite.owner,
            created_at: now,
            name,
            sign_ins: SignInsRow::default(),
            unproven: false,
        };
        Ok(Newcomer {
            member,
            invite,
            binding: BindingId::from_bytes(self.vault.draw()?),
        })
    }
}

impl Newcomer<'_> {
    /// Who they are, for the record of the call by which they come; nobody knows them yet.
    pub(super) fn rights(&self, view: &OrganisationView, now: Timestamp) -> Option<Arc<Rights>> {
        let mut alone = OrganisationView::empty(view.organisation.clone(), None);
        let user = self.member.user;
        alone.members.insert(user, self.member.clone());
        alone.rights(PrincipalId::User(user), None, now)
    }

    /// Makes them a member with what was promised, as far as that is still there, and uses the
    /// invitation up.
    pub(super) fn join(
        &self,
        view: &OrganisationView,
        changes: &mut Changes<'_>,
    ) -> Result<(), CommitFault> {
        let (organisation, member) = (view.organisation.identity, &self.member);
        let place = keyspace::directory_entry;
        changes.create(
            place(organisation, DirectoryKind::Member, member.user.as_bytes()),
            member,
        )?;
        let back = UserOrganisation { organisation };
        changes.create(
            keyspace::user_organisation(member.user, organisation),
            &back,
        )?;
        if let Some(name) = &member.name {
            let user = UserRow {
                identity: member.user,
                email: member.email.clone(),
                name: name.clone(),
                created_at: member.created_at,
            };
            changes.create(keyspace::user(member.user), &user)?;
        }
        if let Some(team) = self.invite.team.and_then(|team| view.teams.get(&team)) {
            let mut team = team.clone();
            team.join(member.user, String::new(), member.created_at);
            changes.put(
                place(organisation, DirectoryKind::Team, team.identity.as_bytes()),
                &team,
            )?;
        }
        if let Some(binding) = self.binding(view) {
            let place = place(
                organisation,
                DirectoryKind::Binding,
                binding.identity.as_bytes(),
            );
            changes.create(place, &binding)?;
        }
        let taken = self.invite.identity;
        changes.erase_invites(view, |each| each.identity == taken);
        Ok(())
    }

    /// What gives the role, unless that was removed in the meantime.
    fn binding(&self, view: &OrganisationView) -> Option<BindingRow> {
        let role = self.invite.role.clone()?;
        view.has_role(&role).then(|| BindingRow {
            identity: self.binding,
            role,
            principal: BoundPrincipal::User(self.member.user),
            project: None,
            expires_at: None,
            name: String::new(),
            created_at: self.member.created_at,
            described: Described {
                created_by: self.invite.invited_by.user(),
                ..Described::default()
            },
            scopes: Vec::new(),
            policy: false,
        })
    }
}

impl OrganisationView {
    /// The members whose address this is, as somebody vouched for. Beyond ASCII, letters that differ
    /// can become one: addresses differ then.
    pub(super) fn members_at<'v>(&'v self, email: &str) -> impl Iterator<Item = &'v MemberRow> {
        let members = self.members.values().filter(|row| !row.unproven);
        members.filter(move |row| row.email.eq_ignore_ascii_case(email))
    }
}
