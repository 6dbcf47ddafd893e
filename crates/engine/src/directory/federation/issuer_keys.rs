//! The keys of foreign issuers: fetched, kept for a while, and fetched again when they rotate.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use serde_json::Value;
use strongroom_types::{FederatedProviderId, OrganisationId, Timestamp};
use tokio::sync::Mutex;

use super::key_set::KeySet;
use super::outbound::{FetchError, Outbound};
use crate::rows::federation::FederatedProviderRow;

/// Issuers whose keys are kept.
const CAPACITY: usize = 1024;
/// After this long, keys are fetched again, so that one that the issuer withdrew is forgotten.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long keys are used on while the issuer does not answer.
const LAST: Duration = Duration::from_secs(60 * 60);
/// How long to wait between two requests to one issuer, whatever tokens arrive: anybody can send a
/// token with the name of a key that does not exist.
const PAUSE: Duration = Duration::from_secs(30);

/// The keys of foreign issuers.
pub(crate) struct IssuerKeys {
    outbound: Arc<dyn Outbound>,
    issuers: Cache<(OrganisationId, FederatedProviderId), Arc<Mutex<Kept>>>,
}

/// What is known of one issuer's keys.
#[derive(Default)]
struct Kept {
    /// Where they were fetched from: a changed provider starts anew.
    place: Option<Place>,
    keys: Option<(Timestamp, Arc<KeySet>)>,
    asked_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Discovered { issuer: String },
    Given { url: String },
}

impl Kept {
    fn keys_of_age(&self, age: Duration, now: Timestamp) -> Option<&Arc<KeySet>> {
        let (at, keys) = self.keys.as_ref()?;
        (since(*at, now) < age).then_some(keys)
    }
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or(Duration::ZERO)
}

impl IssuerKeys {
    pub(crate) fn new(outbound: Arc<dyn Outbound>) -> Self {
        Self {
            outbound,
            issuers: Cache::new(CAPACITY),
        }
    }

    /// The issuer's keys, with the named one among them if the issuer has it. None if there are
    /// none to be had. Tokens of one issuer that arrive at once wait for one request to it.
    pub(super) async fn of(
        &self,
        organisation: OrganisationId,
        provider: &FederatedProviderRow,
        key: Option<&str>,
        now: Timestamp,
    ) -> Option<Arc<KeySet>> {
        if let Some(pinned) = &provider.local_jwks {
            // It was parsed when it was stored.
            return KeySet::pinned(pinned).ok().map(Arc::new);
        }
        let place = match &provider.jwks_uri {
            Some(url) => Place::Given { url: url.clone() },
            None => Place::Discovered {
                issuer: provider.issuer.clone(),
            },
        };
        let slot = self.slot(organisation, provider.identity);
        let mut kept = slot.lock().await;
        if kept.place.as_ref() != Some(&place) {
            *kept = Kept {
                place: Some(place.clone()),
                ..Kept::default()
            };
        }
        if let Some(keys) = kept.keys_of_age(FRESH, now)
            && keys.knows(key)
        {
            return Some(Arc::clone(keys));
        }
        if kept.asked_at.is_none_or(|at| since(at, now) >= PAUSE) {
            kept.asked_at = Some(now);
            match self.fetch(&place).await {
                Ok(keys) => kept.keys = Some((now, Arc::new(keys))),
                Err(error) => {
                    let issuer = provider.issuer.as_str();
                    let cause: &dyn std::error::Error = &error;
                    tracing::warn!(issuer, cause, "the keys of an issuer could not be fetched");
                }
            }
        }
        kept.keys_of_age(LAST, now).map(Arc::clone)
    }

    fn slot(
        &self,
        organisation: OrganisationId,
        provider: FederatedProviderId,
    ) -> Arc<Mutex<Kept>> {
        let name = (organisation, provider);
        if let Some(slot) = self.issuers.get(&name) {
            return slot;
        }
        let slot = Arc::<Mutex<Kept>>::default();
        self.issuers.insert(name, Arc::clone(&slot));
        slot
    }

    async fn fetch(&self, place: &Place) -> Result<KeySet, FetchError> {
        let url = match place {
            Place::Given { url } => url.clone(),
            Place::Discovered { issuer } => self.discover(issuer).await?,
        };
        let bytes = self.outbound.fetch(url).await?;
        KeySet::published(&bytes).map_err(|_| FetchError::Content("JSON Web Key Set"))
    }

    /// Where the issuer's discovery document says that its keys are (OpenID Connect Discovery 1.0,
    /// section 4).
    async fn discover(&self, issuer: &str) -> Result<String, FetchError> {
        let base = issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let bytes = self.outbound.fetch(url).await?;
        let wrong = || FetchError::Content("discovery document of this issuer");
        let document: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        // A document that speaks for another issuer must not lend it its keys (section 4.3).
        if text("issuer") != Some(issuer) {
            return Err(wrong());
        }
        text("jwks_uri").map(str::to_owned).ok_or_else(wrong)
    }
}
