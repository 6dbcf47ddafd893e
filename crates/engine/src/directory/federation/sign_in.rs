//! From an ID token of a person to an access token of theirs (OpenID Connect Core 1.0, section
//! 3.1.3.7; RFC 8693).
//!
//! The organisation's provider vouches for who somebody is, and for this organisation only. The
//! member is found by the subject that was linked to them, or, the first time, by the e-mail
//! address that the provider has verified; from then on the subject counts and not the address,
//! which may one day belong to somebody else.

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
use crate::directory::rights::{Caption, CredentialName, PrincipalId};
use crate::directory::tokens::{IssueError, IssuedToken, TokenExtras, Tokens};
use crate::directory::view::OrganisationView;
use crate::evidence::{Evidence, Reason};
use crate::rows::RowFault;
use crate::rows::directory::{AccessTokenClaims, MemberRow};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::sign_in::{LinkRow, SignInRow, SignedIn};
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

/// A person whom the provider named, and whether that is new.
struct Person<'v> {
    member: &'v MemberRow,
    /// The link to be kept, where there was none.
    link: Option<LinkRow>,
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
                Err(SignInError::Change(fault)) if fault.is_conflict() => call.forget_events(),
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
        let person = vouched.person()?;
        let user = person.member.user;
        let rights = view.rights(PrincipalId::User(user), None, now);
        call.identify(Caption {
            principal: PrincipalId::User(user),
            rights: rights.ok_or(ExchangeRefusal::UnknownMember)?,
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
        let issued = issued.map_err(SignInError::Issue)?;
        let resource = Resource {
            kind: ResourceType::FederatedIdentityProvider.as_str().into(),
            identity: provider.to_string().into(),
        };
        let issued_event = ServiceEvent::new(Action::AuthTokenIssued, Some(resource))
            .with("subject", vouched.claims.subject.clone());
        call.note(match person.link {
            None => issued_event,
            Some(_) => issued_event.with("linked", "first sign-in"),
        });
        match person.link {
            None => {
                let recorded = inner.trail.recorded(call, issued).await;
                recorded.map_err(SignInError::Audit)
            }
            Some(link) => self.link(call, view, person.member, link, issued).await,
        }
    }

    async fn link(
        &self,
        call: &Arc<Call>,
        view: &OrganisationView,
        member: &MemberRow,
        link: LinkRow,
        issued: IssuedToken,
    ) -> Result<Recorded<IssuedToken>, SignInError> {
        let fault = |fault: crate::rows::CommitFault| SignInError::Change(fault.into());
        let mut member = member.clone();
        // Of providers that are gone nothing is kept.
        let links = &mut member.sign_ins.links;
        links.retain(|link| view.providers.contains_key(&link.provider));
        links.push(link);
        let mut changes = self.0.new_epoch(view).map_err(fault)?;
        let (kind, id) = (DirectoryKind::Member, member.user.as_bytes());
        let row = keyspace::directory_entry(view.organisation.identity, kind, id);
        changes.put(row, &member).map_err(fault)?;
        let done = self.0.trail.commit(call, changes, issued).await;
        done.map_err(SignInError::Change)
    }
}

impl Vouched {
    /// The member whom the token is about.
    fn person(&self) -> Result<Person<'_>, ExchangeRefusal> {
        let row = self.view.providers.get(&self.provider);
        let sign_in = row.and_then(|row| row.sign_in.as_ref());
        let sign_in = sign_in.ok_or(ExchangeRefusal::NoSignIn)?;
        let made = self.claims.issued().filter(|_| !self.is_access_token);
        let made = made.ok_or(ExchangeRefusal::NoIdToken)?;
        self.claims.check_client(&sign_in.client_id)?;
        let person = find(&self.view, self.provider, sign_in, &self.claims)?;
        let ended = person.member.sign_ins.ended_at;
        // The token has whole seconds, and one of the same second may be the next sign-in.
        if ended.is_some_and(|ended| made < ended.as_second()) {
            return Err(ExchangeRefusal::SignInEnded);
        }
        Ok(person)
    }
}

/// By the subject that was linked before, else by the address that the provider has verified.
fn find<'v>(
    view: &'v OrganisationView,
    provider: FederatedProviderId,
    sign_in: &SignInRow,
    claims: &Claims,
) -> Result<Person<'v>, ExchangeRefusal> {
    let subject = claims.subject.as_str();
    let linked = |row: &&MemberRow| row.sign_ins.subject_at(provider) == Some(subject);
    if let Some(member) = view.members.values().find(linked) {
        return Ok(Person { member, link: None });
    }
    let text = claims.all().get("email").and_then(Value::as_str);
    let email = text.filter(|text| !text.is_empty());
    let email = email.ok_or(ExchangeRefusal::EmailMissing)?;
    if !vouches(sign_in, claims) {
        return Err(ExchangeRefusal::EmailUnverified);
    }
    // Beyond ASCII, letters that differ can become one: addresses differ then.
    let mut same = view
        .members
        .values()
        .filter(|row| row.email.eq_ignore_ascii_case(email));
    let member = same.next().ok_or(ExchangeRefusal::UnknownMember)?;
    if same.next().is_some() {
        return Err(ExchangeRefusal::AmbiguousMember);
    }
    if member.sign_ins.subject_at(provider).is_some() {
        return Err(ExchangeRefusal::SubjectChanged);
    }
    let link = LinkRow {
        provider,
        subject: subject.to_owned(),
    };
    Ok(Person {
        member,
        link: Some(link),
    })
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
