//! How people can sign in to an organisation: what anybody may ask, to be able to start.

use std::sync::Arc;

use strongroom_types::{FederatedProviderId, OrganisationId};

use super::Federation;
use crate::call::{Call, Recorded};
use crate::directory::view::find_organisation;
use crate::rows::RowFault;
use crate::rows::sign_in::SignInRow;
use crate::trail::AuditUnavailable;

/// How people sign in through a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInSettings {
    /// The public client that the command line is at the provider.
    pub client_id: String,
    /// What the command line asks the provider for.
    pub scopes: Vec<String>,
    /// The claim by which the provider vouches for the e-mail address, if not `email_verified`.
    pub verified_claim: Option<String>,
}

impl From<SignInRow> for SignInSettings {
    fn from(row: SignInRow) -> Self {
        Self {
            client_id: row.client_id,
            scopes: row.scopes,
            verified_claim: row.verified_claim,
        }
    }
}

impl From<SignInSettings> for SignInRow {
    fn from(settings: SignInSettings) -> Self {
        Self {
            client_id: settings.client_id,
            scopes: settings.scopes,
            verified_claim: settings.verified_claim,
        }
    }
}

/// The providers through which people sign in to an organisation.
#[derive(Debug, Clone)]
pub struct SignInOptions {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The providers, by their names; at least one.
    pub providers: Vec<SignInOption>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct SignInOption {
    /// The provider.
    pub identity: FederatedProviderId,
    /// Its name.
    pub name: String,
    /// The `iss` of its tokens, where its endpoints are found.
    pub issuer: String,
    /// As whom and for what it is asked.
    pub settings: SignInSettings,
}

/// Why it was not said how to sign in.
#[derive(Debug, thiserror::Error)]
pub enum SignInOptionsError {
    /// There is no such organisation, or nobody signs in to it. One answer for both.
    #[error(
        "there is no organisation of this name that people sign in to; check the name, or ask its \
         owners to give an identity provider the field signIn"
    )]
    None,
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<RowFault> for SignInOptionsError {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

impl Federation<'_> {
    /// How people sign in to the organisation of this identity or slug. Needs no grant: whoever
    /// wants to sign in has no credential yet.
    pub async fn sign_in_options(
        &self,
        call: &Arc<Call>,
        organisation: &str,
    ) -> Result<Recorded<SignInOptions>, SignInOptionsError> {
        let found = match organisation.parse() {
            Ok(reference) => find_organisation(&self.0.vault, &reference).await?,
            Err(_) => None,
        };
        let view = match found {
            Some(id) => self.view(id).await?,
            None => None,
        };
        let view = view.ok_or(SignInOptionsError::None)?;
        let shown = view.sign_in_providers().map(|(row, sign_in)| SignInOption {
            identity: row.identity,
            name: row.name.as_str().to_owned(),
            issuer: row.issuer.clone(),
            settings: sign_in.clone().into(),
        });
        let mut providers: Vec<_> = shown.collect();
        if providers.is_empty() {
            return Err(SignInOptionsError::None);
        }
        providers.sort_by(|a, b| (&a.name, a.identity).cmp(&(&b.name, b.identity)));
        let organisation = view.organisation.identity;
        call.place(organisation, None, None);
        let options = SignInOptions {
            organisation,
            providers,
        };
        let recorded = self.0.trail.recorded(call, options).await;
        recorded.map_err(SignInOptionsError::Audit)
    }
}
