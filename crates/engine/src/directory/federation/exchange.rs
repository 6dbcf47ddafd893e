//! From a foreign token to an access token (contract 3.3; RFC 8693).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, Outcome, Resource, ServiceEvent};
use strongroom_authz::{Pattern, ResourceType};
use strongroom_types::{
    FederatedIdentityId, FederatedProviderId, OrganisationId, Plaintext, ServiceAccountId,
    Timestamp,
};

use super::conditions::Conditions;
use super::key_set::Unverified;
use super::refusal::ExchangeRefusal;
use super::token::{Claims, ForeignToken};
use crate::call::{Call, Recorded};
use crate::directory::rights::{Caption, CredentialName, PrincipalId};
use crate::directory::tokens::{IssueError, IssuedToken, TokenExtras, Tokens};
use crate::directory::view::{OrganisationView, find_organisation};
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::RowFault;
use crate::rows::directory::AccessTokenClaims;
use crate::rows::federation::{FederatedIdentityRow, FederatedProviderRow};
use crate::trail::AuditUnavailable;

/// A foreign token, and what is asked for it.
pub struct ExchangeAsk {
    /// The token: a credential, and a secret.
    pub token: Plaintext,
    /// The organisation, by identity or slug.
    pub organisation: String,
    /// The service account to act as, by identity or slug.
    pub service_account: String,
    /// How long the access token lives; an hour unless said.
    pub lifetime: Option<Duration>,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The token was not accepted. One answer for every reason: whoever asks has proven nothing.
    #[error(
        "the subject token was not accepted for this organisation and service account; the \
         organisation's audit log has the reason under the action auth.token.failed"
    )]
    Refused(ExchangeRefusal),
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// Nothing was handed over.
    #[error(transparent)]
    Issue(IssueError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<ExchangeRefusal> for ExchangeError {
    fn from(refusal: ExchangeRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Why a token is not what it says.
pub(super) enum Unvouched {
    Refused(ExchangeRefusal),
    Row(RowFault),
}

impl From<ExchangeRefusal> for Unvouched {
    fn from(refusal: ExchangeRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RowFault> for Unvouched {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

impl From<Unvouched> for ExchangeError {
    fn from(unvouched: Unvouched) -> Self {
        match unvouched {
            Unvouched::Refused(refusal) => Self::Refused(refusal),
            Unvouched::Row(fault) => Self::Row(fault),
        }
    }
}

/// A token that its issuer signed, which the organisation trusts.
pub(super) struct Vouched {
    pub(super) view: Arc<OrganisationView>,
    pub(super) provider: FederatedProviderId,
    pub(super) is_access_token: bool,
    pub(super) claims: Claims,
}

/// A token that was accepted, and by which federated identity.
struct Accepted {
    view: Arc<OrganisationView>,
    service_account: ServiceAccountId,
    identity: FederatedIdentityId,
    scopes: Vec<String>,
    ends: Option<Timestamp>,
}

impl Tokens<'_> {
    /// Issues an access token for a foreign one: with the rights of the service account, within
    /// the scopes of the federated identity, as long as that is in force.
    pub async fn exchange(
        &self,
        call: &Arc<Call>,
        ask: ExchangeAsk,
        more: &TokenExtras,
    ) -> Result<Recorded<IssuedToken>, ExchangeError> {
        let inner = self.0;
        let now = inner.clock.now();
        let mut event = ServiceEvent::new(Action::AuthTokenFailed, None);
        let issued = match inner.accept(call, &ask, &mut event, now).await {
            Ok(accepted) => {
                let issued = inner.hand_out(&accepted, ask.lifetime, more, now);
                issued.await.map(|issued| (accepted.identity, issued))
            }
            Err(error) => Err(error),
        };
        match issued {
            Ok((identity, issued)) => {
                inner.last_uses.touch(*identity.as_bytes(), now);
                inner
                    .attempts
                    .issued(call.client_ip(), issued.token.expose());
                let identity = Resource {
                    kind: ResourceType::FederatedIdentity.as_str().into(),
                    identity: identity.to_string().into(),
                };
                call.note(ServiceEvent::new(Action::AuthTokenIssued, Some(identity)));
                let recorded = inner.trail.recorded(call, issued).await;
                recorded.map_err(ExchangeError::Audit)
            }
            Err(error) => {
                call.note(match &error {
                    ExchangeError::Refused(refusal) => {
                        event.ended(Outcome::Denied, refusal.as_str())
                    }
                    ExchangeError::Issue(error) if error.is_refusal() => event.refused(Reason::Iam),
                    _ => event.refused(Reason::Fault),
                });
                Err(error)
            }
        }
    }
}

impl Inner {
    async fn hand_out(
        &self,
        accepted: &Accepted,
        lifetime: Option<Duration>,
        more: &TokenExtras,
        now: Timestamp,
    ) -> Result<IssuedToken, ExchangeError> {
        let lifetime = lifetime.unwrap_or(self.settings.access_token_lifetime);
        let mut expires_at = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        if let Some(end) = accepted.ends {
            expires_at = expires_at.min(end);
        }
        let claims = AccessTokenClaims {
            organisation: accepted.view.organisation.identity,
            service_account: Some(accepted.service_account),
            credential: None,
            issued_at: now,
            expires_at,
            scopes: accepted.scopes.clone(),
            federated: Some(accepted.identity),
            signed_in: None,
            project: None,
        };
        let client = accepted.service_account.to_string();
        let issued = self.hand_over(claims, &accepted.view, &client, more, now);
        issued.await.map_err(ExchangeError::Issue)
    }

    async fn accept(
        &self,
        call: &Call,
        ask: &ExchangeAsk,
        event: &mut ServiceEvent<'static>,
        now: Timestamp,
    ) -> Result<Accepted, ExchangeError> {
        let vouched = self.vouched(call, &ask.organisation, &ask.token, event, now);
        let Vouched {
            view,
            provider,
            claims,
            ..
        } = vouched.await?;
        let accepted = admit(&view, ask, provider, &claims, now)?;

        let principal = PrincipalId::ServiceAccount(accepted.service_account);
        let rights = view.rights(principal, None, now);
        call.identify(Caption {
            principal,
            rights: rights.ok_or(ExchangeRefusal::UnknownServiceAccount)?,
            credential: CredentialName::FederatedToken(accepted.identity),
        });
        Ok(accepted)
    }

    /// Checks all of a token but what it is good for.
    pub(super) async fn vouched(
        &self,
        call: &Call,
        organisation: &str,
        token: &Plaintext,
        event: &mut ServiceEvent<'static>,
        now: Timestamp,
    ) -> Result<Vouched, Unvouched> {
        let organisation = match organisation.parse() {
            Ok(reference) => find_organisation(&self.vault, &reference).await?,
            Err(_) => None,
        };
        let organisation = organisation.ok_or(ExchangeRefusal::UnknownOrganisation)?;
        let view = self.views.current(&self.vault, organisation).await?;
        let view = view.ok_or(ExchangeRefusal::UnknownOrganisation)?;
        call.place(organisation, None, None);

        let text = std::str::from_utf8(token.expose());
        let token = ForeignToken::read(text.map_err(|_| ExchangeRefusal::MalformedToken)?)?;
        note_claims(event, &token.claims);
        let mut providers = view.providers.values();
        let provider = providers.find(|one| one.issuer == token.claims.issuer);
        let provider = provider.ok_or(ExchangeRefusal::UnknownIssuer)?;
        if !provider.active {
            return Err(ExchangeRefusal::ProviderInactive.into());
        }
        self.verify_foreign(organisation, provider, &token, now)
            .await?;
        token.claims.check_time(now)?;
        Ok(Vouched {
            provider: provider.identity,
            is_access_token: token.is_access_token,
            claims: token.claims,
            view,
        })
    }

    async fn verify_foreign(
        &self,
        organisation: OrganisationId,
        provider: &FederatedProviderRow,
        token: &ForeignToken<'_>,
        now: Timestamp,
    ) -> Result<(), ExchangeRefusal> {
        let key = token.key.as_deref();
        let keys = self.issuer_keys.of(organisation, provider, key, now).await;
        let keys = keys.ok_or(ExchangeRefusal::KeysUnavailable)?;
        keys.verify(key, token.algorithm, token.signed, &token.signature)
            .map_err(|unverified| match unverified {
                Unverified::UnknownKey => ExchangeRefusal::UnknownKey,
                Unverified::OtherAlgorithm => ExchangeRefusal::KeyMismatch,
                Unverified::BadSignature => ExchangeRefusal::BadSignature,
            })
    }
}

/// What the token claims, for whoever has to find out why it was refused. Nothing of it is proven,
/// and none of it is a credential.
fn note_claims(event: &mut ServiceEvent<'static>, claims: &Claims) {
    let noted = event
        .clone()
        .with("issuer", claims.issuer.clone())
        .with("subject", claims.subject.clone());
    *event = noted;
}

/// The federated identity that admits the token; of several refusals the one that got furthest.
fn admit(
    view: &Arc<OrganisationView>,
    ask: &ExchangeAsk,
    provider: FederatedProviderId,
    claims: &Claims,
    now: Timestamp,
) -> Result<Accepted, ExchangeRefusal> {
    let account = ask.service_account.parse().ok();
    let account = account.and_then(|account| view.service_account(&account));
    let account = account
        .ok_or(ExchangeRefusal::UnknownServiceAccount)?
        .identity;
    let mut refusal = ExchangeRefusal::NoFederatedIdentity;
    let bound = view.federated.values();
    let bound = bound.filter(|row| row.provider == provider);
    for row in bound.filter(|row| row.service_account == account) {
        match matches(row, claims, now) {
            Ok(()) => {
                return Ok(Accepted {
                    view: Arc::clone(view),
                    service_account: account,
                    identity: row.identity,
                    scopes: row.scopes.clone(),
                    ends: row.expires_at,
                });
            }
            Err(further) => refusal = refusal.max(further),
        }
    }
    Err(refusal)
}

fn matches(
    row: &FederatedIdentityRow,
    claims: &Claims,
    now: Timestamp,
) -> Result<(), ExchangeRefusal> {
    // Subjects and conditions were parsed when they were stored; what no longer parses admits nobody.
    let subject = row.subject.parse::<Pattern>();
    if !subject.is_ok_and(|subject| subject.matches(&claims.subject)) {
        return Err(ExchangeRefusal::SubjectMismatch);
    }
    if !claims.is_meant_for(&row.audiences, row.audience_match) {
        return Err(ExchangeRefusal::AudienceMismatch);
    }
    let conditions = Conditions::parse(row.conditions.as_deref().unwrap_or("{}"));
    if !conditions.is_ok_and(|conditions| conditions.hold(claims.all())) {
        return Err(ExchangeRefusal::ConditionMismatch);
    }
    row.check_status(now)
}
