//! How many secrets each organisation may have, where the operator limits that.
//!
//! A create reserves a place before it is committed and keeps it once it is, so that creates that
//! are under way together stay within the limit too. A place whose secret was not made is free
//! again. What is counted is counted in memory, by each node for itself: no row is shared by all
//! creates, and without a limit there is nothing at all. The secrets of an organisation are counted
//! at its first create, and again by the next create once that is a minute ago. So what other nodes
//! on the same store create or delete is seen within about a minute.

mod tally;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_store::Key;
use strongroom_types::{OrganisationId, Timestamp};

use self::tally::Tally;
use crate::rows::{RowFault, Vault};
use crate::trail::ChangeFault;

/// Organisations whose counts are kept. Of more, those at rest are forgotten, and counted again.
const ROOM: usize = 16_384;

/// Why there was no place for a secret.
#[derive(Debug)]
pub(super) enum NoPlace {
    /// The organisation has as many as it may.
    Full {
        /// The limit.
        max: u64,
    },
    /// The secrets could not be counted.
    Row(RowFault),
}

/// The places for secrets in each organisation.
pub(crate) struct SecretQuota {
    max: Option<u64>,
    tallies: Mutex<HashMap<OrganisationId, Arc<Tally>>>,
}

impl SecretQuota {
    /// At most `max` secrets per organisation; none means no limit.
    pub(crate) fn new(max: Option<u64>) -> Self {
        Self {
            max,
            tallies: Mutex::default(),
        }
    }

    /// A place for one more secret; none where nothing is limited.
    pub(super) async fn reserve(
        &self,
        vault: &Vault,
        organisation: OrganisationId,
        now: Timestamp,
    ) -> Result<Option<Place>, NoPlace> {
        let Some(max) = self.max else {
            return Ok(None);
        };
        let tally = self.tally(organisation);
        let counted = tally.count_if_due(vault, organisation, now).await;
        counted.map_err(NoPlace::Row)?;
        if !tally.reserve(max) {
            return Err(NoPlace::Full { max });
        }
        Ok(Some(Place {
            tally,
            fate: Fate::Unused,
        }))
    }

    /// Waits for the removal of a secret, which makes room for another.
    pub(super) async fn removing<T>(
        &self,
        organisation: OrganisationId,
        secret: &Key,
        commit: impl Future<Output = Result<T, ChangeFault>>,
    ) -> Result<T, ChangeFault> {
        if self.max.is_none() {
            return commit.await;
        }
        let tally = self.tally(organisation);
        let _between_pages = tally.between_pages().await;
        let done = commit.await;
        if done.is_ok() {
            tally.removed(secret);
        }
        done
    }

    fn tally(&self, organisation: OrganisationId) -> Arc<Tally> {
        let mut tallies = self.tallies.lock();
        if tallies.len() >= ROOM && !tallies.contains_key(&organisation) {
            // One that is in use has to stay the only one of its organisation.
            tallies.retain(|_, tally| Arc::strong_count(tally) > 1);
        }
        Arc::clone(tallies.entry(organisation).or_default())
    }
}

/// A place for one secret, reserved until it is dropped.
#[must_use]
pub(super) struct Place {
    tally: Arc<Tally>,
    fate: Fate,
}

/// What became of the secret that a place was reserved for.
#[derive(Clone, Copy)]
enum Fate {
    /// It was not made.
    Unused,
    /// It was made, and is counted.
    Made,
    /// The store has it in hand, or could not say.
    Unknown,
}

impl Place {
    /// Waits for the secret to be made, and keeps the place if it was.
    pub(super) async fn filling<T>(
        mut self,
        secret: &Key,
        commit: impl Future<Output = Result<T, ChangeFault>>,
    ) -> Result<T, ChangeFault> {
        let tally = Arc::clone(&self.tally);
        let _between_pages = tally.between_pages().await;
        // If the caller hangs up from here on, the secret may still be made.
        self.fate = Fate::Unknown;
        let done = commit.await;
        self.fate = match &done {
            Ok(_) => {
                tally.created(secret);
                Fate::Made
            }
            Err(fault) if fault.is_unknown() => Fate::Unknown,
            Err(_) => Fate::Unused,
        };
        done
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.fate {
            Fate::Unused => self.tally.give_back(),
            Fate::Unknown => self.tally.doubt(),
            Fate::Made => {}
        }
    }
}
