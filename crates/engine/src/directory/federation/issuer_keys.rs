//! The keys of foreign issuers: fetched, kept for a while, and fetched again when they rotate.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use serde_json::Value;
use strongroom_types::{FederatedProviderId, OrganisationId, Timestamp};

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
    issuers: Cache<(OrganisationId, FederatedProviderId), Arc<Slot>>,
}

/// One issuer. Tokens by keys that are known do not wait for the look after one that is not.
#[derive(Default)]
struct Slot {
    kept: Mutex<Kept>,
    asking: tokio::sync::Mutex<()>,
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

impl Place {
    fn of(provider: &FederatedProviderRow) -> Self {
        match &provider.jwks_uri {
            Some(url) => Self::Given { url: url.clone() },
            None => Self::Discovered {
                issuer: provider.issuer.clone(),
            },
        }
    }
}

impl Kept {
    fn of_age(&self, age: Duration, now: Timestamp) -> Option<Arc<KeySet>> {
        let (at, keys) = self.keys.as_ref()?;
        (since(*at, now) < age).then(|| Arc::clone(keys))
    }
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or(Duration::ZERO)
}

impl Slot {
    /// The keys that need no look, if the named one is among them.
    fn fresh(&self, place: &Place, key: Option<&str>, now: Timestamp) -> Option<Arc<KeySet>> {
        let mut kept = self.kept.lock();
        if kept.place.as_ref() != Some(place) {
            *kept = Kept {
                place: Some(place.clone()),
                ..Kept::default()
            };
        }
        kept.of_age(FRESH, now).filter(|keys| keys.knows(key))
    }

    /// Whether the issuer may be asked again; if so, it counts as asked.
    fn may_ask(&self, now: Timestamp) -> bool {
        let mut kept = self.kept.lock();
        let may = kept.asked_at.is_none_or(|at| since(at, now) >= PAUSE);
        if may {
            kept.asked_at = Some(now);
        }
        may
    }

    /// Keeps what was fetched, unless the provider was changed meanwhile.
    fn keep(&self, place: &Place, keys: KeySet, now: Timestamp) {
        let mut kept = self.kept.lock();
        if kept.place.as_ref() == Some(place) {
            kept.keys = Some((now, Arc::new(keys)));
        }
    }
}

impl IssuerKeys {
    pub(crate) fn new(outbound: Arc<dyn Outbound>) -> Self {
        Self {
            outbound,
            issuers: Cache::new(CAPACITY),
        }
    }

    /// The issuer's keys, with the named one among them if the issuer has it. None if there are
    /// none to be had. Of tokens that need a look at once, one causes it and the others wait.
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
        let place = Place::of(provider);
        let slot = self.slot(organisation, provider.identity);
        if let Some(keys) = slot.fresh(&place, key, now) {
            return Some(keys);
        }
        let _in_turn = slot.asking.lock().await;
        if let Some(keys) = slot.fresh(&place, key, now) {
            return Some(keys);
        }
        if slot.may_ask(now) {
            match self.fetch(&place).await {
                Ok(keys) => slot.keep(&place, keys, now),
                Err(error) => {
                    let issuer = provider.issuer.as_str();
                    let cause: &dyn std::error::Error = &error;
                    tracing::warn!(issuer, cause, "the keys of an issuer could not be fetched");
                }
            }
        }
        slot.kept.lock().of_age(LAST, now)
    }

    fn slot(&self, organisation: OrganisationId, provider: FederatedProviderId) -> Arc<Slot> {
        let name = (organisation, provider);
        if let Some(slot) = self.issuers.get(&name) {
            return slot;
        }
        let slot = Arc::<Slot>::default();
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
