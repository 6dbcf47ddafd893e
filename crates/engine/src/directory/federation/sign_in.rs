//! From an ID token of a person to an access token of theirs (OpenID Connect Core 1.0, section
//! 3.1.3.7; RFC 8693).
//!
//! The organisation's provider vouches for who somebody is, and for this organisation only. The
//! member is found by the subject that was linked to them, or, the first time, by the e-mail
//! address that the provider has verified; from then on the subject counts and not the address,
//! which may one day belong to somebody else. Who was invited becomes a member by their first
//! sign-in.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use strongroom_audit::{Action, Outcome, Resource, ServiceEvent};
use strongroom_authz::ResourceType;
use strongroom_types::{FederatedProviderId, Plaintext, Timestamp, UserId};

use super::ATTEMPTS;
use super::exchange::{Unvouched, Vouched};
use super::refusal::ExchangeRefusal;
use super::token::Claims;
use crate::call::{Call, Recorded};
use crate::directory::rights::{Caption, CredentialName, PrincipalId, Rights};
use crate::directory::tokens::{IssueError, IssuedToken, TokenExtras, Tokens};
use crate::directory::view::OrganisationView;
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::directory::{AccessTokenClaims, MemberRow};
use crate::rows::invite::InviteRow;
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::sign_in::{LinkRow, SignInRow, SignedIn};
use crate::rows::{Changes, CommitFault, RowFault};
use crate::trail::{AuditUnavailable, ChangeFault};

/// An ID token, and where its person wants to go.
pub struct SignInAsk {
    /// The token: a credential, and a secret.
    pub token: Plaintext,
    /// The organisation, by identity or slug.
    pub organisation: String,
    /// How long the access token lives; an hour unless said.
    pub lifetime: Option<Duration>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The token was not accepted. One answer for every reason: whoever asks has proven nothing.
    #[error(
        "the sign-in was not accepted for this organisation; its audit log has the reason under \
         the action auth.token.failed"
    )]
    Refused(ExchangeRefusal),
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// Nothing was handed over.
    #[error(transparent)]
    Issue(IssueError),
    /// Others kept changing the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// That the subject is this member was not made durable.
    #[error("the sign-in could not be stored")]
    Change(#[source] ChangeFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<ExchangeRefusal> for SignInError {
    fn from(refusal: ExchangeRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unvouched> for SignInError {
    fn from(unvouched: Unvouched) -> Self {
        match unvouched {
            Unvouched::Refused(refusal) => Self::Refused(refusal),
            Unvouched::Row(fault) => Self::Row(fault),
        }
    }
}

impl SignInError {
    /// How the attempt ended, for the record.
    fn noted(&self, event: ServiceEvent<'static>) -> ServiceEvent<'static> {
        match self {
            Self::Refused(refusal) => event.ended(Outcome::Denied, refusal.as_str()),
            Self::Issue(error) if error.is_refusal() => event.refused(Reason::Iam),
            _ => event.refused(Reason::Fault),
        }
    }
}

/// A person whom the provider named.
enum Person<'v> {
    /// A member whom it named before.
    Known(&'v MemberRow),
    /// A member whom it names for the first time, and how to know them again.
    Named(&'v MemberRow, LinkRow),
    /// Somebody who was invited, and comes in by this.
    Invited(&'v InviteRow, LinkRow),
}

/// A member who signs in.
struct Arrival<'v> {
    user: UserId,
    rights: Option<Arc<Rights>>,
    /// What the sign-in changes, and the words for it in the record.
    news: Option<(Changes<'v>, &'static str, String)>,
}

impl Tokens<'_> {
    /// Issues an access token to the person of an ID token. The first time it also links the subject
    /// of the token to the member, in the batch that records the call.
    pub async fn sign_in(
        &self,
        call: &Arc<Call>,
        ask: SignInAsk,
        more: &TokenExtras,
    ) -> Result<Recorded<IssuedToken>, SignInError> {
        for _ in 0..ATTEMPTS {
            let mut event = ServiceEvent::new(Action::AuthTokenFailed, None);
            match self.try_to_sign_in(call, &ask, more, &mut event).await {
                Err(SignInError::Change(fault)) if fault.is_conflict() => {
                    call.forget_events();
                    call.forget_caller();
                }
                Err(error) => {
                    call.forget_events();
                    call.note(error.noted(event));
                    return Err(error);
                }
                done => return done,
            }
        }
        Err(SignInError::Contended)
    }

    async fn try_to_sign_in(
        &self,
        call: &Arc<Call>,
        ask: &SignInAsk,
        more: &TokenExtras,
        event: &mut ServiceEvent<'static>,
    ) -> Result<Recorded<IssuedToken>, SignInError> {
        let (inner, now) = (self.0, self.0.clock.now());
        let vouched = inner.vouched(call, &ask.organisation, &ask.token, event, now);
        let vouched = vouched.await?;
        let (view, provider) = (&vouched.view, vouched.provider);
        let person = vouched.person(now)?;
        let arrival = inner.arrival(&vouched, person, now);
        let arrival = arrival.map_err(|fault| SignInError::Change(fault.into()))?;
        let user = arrival.user;
        call.identify(Caption {
            principal: PrincipalId::User(user),
            rights: arrival.rights.ok_or(ExchangeRefusal::UnknownMember)?,
            credential: CredentialName::SignIn(provider),
        });
        let lifetime = ask.lifetime.unwrap_or(inner.settings.access_token_lifetime);
        let claims = AccessTokenClaims {
            organisation: view.organisation.identity,
            service_account: None,
            credential: None,
            issued_at: now,
            expires_at: now.saturating_add(lifetime).unwrap_or(Timestamp::MAX),
            scopes: Vec::new(),
            federated: None,
            signed_in: Some(SignedIn { user, provider }),
            project: None,
        };
        let issued = inner.hand_over(claims, view, "", more, now).await;
        let issued = issued.map_err(SignInError::Issue).inspect_err(|_| {
            // Nobody came in whom the record could name.
            if !view.members.contains_key(&user) {
                call.forget_caller();
            }
        })?;
        let resource = Resource {
            kind: ResourceType::FederatedIdentityProvider.as_str().into(),
            identity: provider.to_string().into(),
        };
        let issued_event = ServiceEvent::new(Action::AuthTokenIssued, Some(resource))
            .with("subject", vouched.claims.subject.clone());
        match arrival.news {
            None => {
                call.note(issued_event);
                let recorded = inner.trail.recorded(call, issued).await;
                recorded.map_err(SignInError::Audit)
            }
            Some((changes, what, how)) => {
                call.note(issued_event.with(what, how));
                let done = inner.trail.commit(call, changes, issued).await;
                done.map_err(SignInError::Change)
            }
        }
    }
}

impl Inner {
    /// The member as whom the person goes on, and what that changes.
    fn arrival<'v>(
        &'v self,
        vouched: &'v Vouched,
        person: Person<'v>,
        now: Timestamp,
    ) -> Result<Arrival<'v>, CommitFault> {
        let view = &*vouched.view;
        match person {
            Person::Known(member) => Ok(Arrival {
                user: member.user,
                rights: view.rights(PrincipalId::User(member.user), None, now),
                news: None,
            }),
            Person::Named(member, link) => {
                let rights = view.rights(PrincipalId::User(member.user), None, now);
                let mut member = member.clone();
                // Of providers that are gone nothing is kept.
                let links = &mut member.sign_ins.links;
                links.retain(|link| view.providers.contains_key(&link.provider));
                links.push(link);
                let mut changes = self.new_epoch(view)?;
                let (kind, id) = (DirectoryKind::Member, member.user.as_bytes());
                let row = keyspace::directory_entry(view.organisation.identity, kind, id);
                changes.put(row, &member)?;
                Ok(Arrival {
                    user: member.user,
                    rights,
                    news: Some((changes, "linked", "first sign-in".to_owned())),
                })
            }
            Person::Invited(invite, link) => {
                let name = vouched.claims.all().get("name").and_then(Value::as_str);
                let name = name.and_then(|name| name.parse().ok());
                let mut newcomer = self.newcomer(invite, name.as_ref(), now)?;
                newcomer.member.sign_ins.links.push(link);
                let mut changes = self.new_epoch(view)?;
                newcomer.join(view, &mut changes)?;
                Ok(Arrival {
                    rights: newcomer.rights(view, now),
                    user: newcomer.member.user,
                    news: Some((changes, "invitation", invite.identity.to_string())),
                })
            }
        }
    }
}

impl Vouched {
    /// The one whom the token is about.
    fn person(&self, now: Timestamp) -> Result<Person<'_>, ExchangeRefusal> {
        let row = self.view.providers.get(&self.provider);
        let sign_in = row.and_then(|row| row.sign_in.as_ref());
        let sign_in = sign_in.ok_or(ExchangeRefusal::NoSignIn)?;
        let made = self.claims.issued().filter(|_| !self.is_access_token);
        let made = made.ok_or(ExchangeRefusal::NoIdToken)?;
        self.claims.check_client(&sign_in.client_id)?;
        let person = find(&self.view, self.provider, sign_in, &self.claims, now)?;
        let ended = match &person {
            Person::Known(member) | Person::Named(member, _) => member.sign_ins.ended_at,
            Person::Invited(..) => None,
        };
        // The token has whole seconds, and one of the same second may be the next sign-in.
        if ended.is_some_and(|ended| made < ended.as_second()) {
            return Err(ExchangeRefusal::SignInEnded);
        }
        Ok(person)
    }
}

/// By the subject that was linked before, else by the address that the provider has verified: a
/// member's, or that of somebody who was invited.
fn find<'v>(
    view: &'v OrganisationView,
    provider: FederatedProviderId,
    sign_in: &SignInRow,
    claims: &Claims,
    now: Timestamp,
) -> Result<Person<'v>, ExchangeRefusal> {
    let subject = claims.subject.as_str();
    let linked = |row: &&MemberRow| row.sign_ins.subject_at(provider) == Some(subject);
    if let Some(member) = view.members.values().find(linked) {
        return Ok(Person::Known(member));
    }
    let text = claims.all().get("email").and_then(Value::as_str);
    let email = text.filter(|text| !text.is_empty());
    let email = email.ok_or(ExchangeRefusal::EmailMissing)?;
    if !vouches(sign_in, claims) {
        return Err(ExchangeRefusal::EmailUnverified);
    }
    let link = LinkRow {
        provider,
        subject: subject.to_owned(),
    };
    let mut same = view.members_at(email);
    let Some(member) = same.next() else {
        let mut invites = view.invites.values();
        let invite = invites.find(|invite| {
            invite.is_open(now) && invite.is_for(email) && view.invite_stands(invite, now)
        });
        let invite = invite.ok_or(ExchangeRefusal::UnknownMember)?;
        return Ok(Person::Invited(invite, link));
    };
    if same.next().is_some() {
        return Err(ExchangeRefusal::AmbiguousMember);
    }
    if member.sign_ins.subject_at(provider).is_some() {
        return Err(ExchangeRefusal::SubjectChanged);
    }
    Ok(Person::Named(member, link))
}

/// Whether the provider has verified the e-mail address. A claim that was chosen for this may also be
/// `1`, `"1"` or `"true"`, since such claims follow no standard.
fn vouches(sign_in: &SignInRow, claims: &Claims) -> bool {
    let claim = |name: &str| claims.all().get(name);
    match &sign_in.verified_claim {
        None => claim("email_verified") == Some(&Value::Bool(true)),
        Some(chosen) => match claim(chosen) {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::String(text)) => matches!(text.as_str(), "1" | "true"),
            _ => false,
        },
    }
}

/// A sign-in that an access token was issued for.
pub(in crate::directory) struct SignInProof {
    user: UserId,
    provider: FederatedProviderId,
    at: Timestamp,
}

impl AccessTokenClaims {
    /// The sign-in that it was issued for, if it was for one.
    pub(in crate::directory) fn sign_in(&self) -> Option<SignInProof> {
        self.signed_in.as_ref().map(|signed_in| SignInProof {
            user: signed_in.user,
            provider: signed_in.provider,
            at: self.issued_at,
        })
    }
}

impl OrganisationView {
    /// Whether people still sign in through the provider, and the member has not ended this
    /// sign-in, or left and come back since.
    pub(in crate::directory) fn counts_still(&self, proof: &SignInProof) -> bool {
        let provider = self.providers.get(&proof.provider);
        let open = provider.is_some_and(|row| row.active && row.sign_in.is_some());
        let member = self.members.get(&proof.user);
        open && member.is_some_and(|member| {
            let sign_ins = &member.sign_ins;
            sign_ins.subject_at(proof.provider).is_some()
                && member.created_at <= proof.at
                && sign_ins.ended_at.is_none_or(|ended| ended < proof.at)
        })
    }

    /// How people sign in, by the providers through which they do.
    pub(super) fn sign_in_providers(
        &self,
    ) -> impl Iterator<Item = (&crate::rows::federation::FederatedProviderRow, &SignInRow)> {
        let active = self.providers.values().filter(|row| row.active);
        active.filter_map(|row| Some((row, row.sign_in.as_ref()?)))
    }
}
