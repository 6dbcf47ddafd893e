//! When credentials and tokens were last used: to the minute, gathered in memory, written in batches.
//!
//! Readers see the gathered times at once. A clean stop writes all of them; a crash loses at most one
//! interval of them (`Settings::access_time_interval`).

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::DefaultHashBuilder;
use strongroom_types::Timestamp;

use crate::access_times::FlushError;
use crate::rows::directory::LastUse;
use crate::rows::{RowFault, Vault, keyspace};

/// Uses that follow each other faster are one.
const GRAIN: Duration = Duration::from_secs(60);
/// Rows written in one batch.
const BATCH: usize = 256;
/// Identities whose last use is kept in memory. One that finds no room is noted after the next write.
const ROOM: usize = 200_000;

type Identity = [u8; 16];

/// A time, and whether it waits to be written.
#[derive(Clone, Copy)]
struct Noted {
    at: Timestamp,
    waits: bool,
}

/// The times of last uses.
pub(crate) struct LastUses {
    noted: Mutex<HashMap<Identity, Noted, DefaultHashBuilder>>,
}

impl LastUses {
    pub(crate) fn new() -> Self {
        Self {
            noted: Mutex::default(),
        }
    }

    /// Notes a use.
    pub(crate) fn touch(&self, identity: Identity, at: Timestamp) {
        let mut noted = self.noted.lock();
        let known = noted.get(&identity);
        if known.is_some_and(|known| at < known.at.saturating_add(GRAIN).unwrap_or(known.at)) {
            return;
        }
        if known.is_some() || noted.len() < ROOM {
            noted.insert(identity, Noted { at, waits: true });
        }
    }

    /// When this was last used; none until then.
    pub(crate) async fn of(
        &self,
        vault: &Vault,
        identity: &Identity,
    ) -> Result<Option<Timestamp>, RowFault> {
        let noted = self.noted.lock().get(identity).map(|noted| noted.at);
        if noted.is_some() {
            return Ok(noted);
        }
        let stored = vault.get::<LastUse>(&keyspace::last_use(identity)).await?;
        Ok(stored.map(|stored| stored.row.at))
    }

    /// Writes everything that waits. What fails to be written goes on waiting.
    pub(crate) async fn flush(&self, vault: &Vault) -> Result<(), FlushError> {
        let waiting: Vec<(Identity, Timestamp)> = {
            let noted = self.noted.lock();
            let waiting = noted.iter().filter(|(_, noted)| noted.waits);
            waiting.map(|(id, noted)| (*id, noted.at)).collect()
        };
        for batch in waiting.chunks(BATCH) {
            let mut changes = vault.changes();
            for (identity, at) in batch {
                let row = keyspace::last_use(identity);
                changes
                    .put(row, &LastUse { at: *at })
                    .map_err(FlushError::Write)?;
            }
            changes.commit().await.map_err(FlushError::Write)?;
            let mut noted = self.noted.lock();
            for (identity, at) in batch {
                if let Some(known) = noted.get_mut(identity) {
                    known.waits = known.at != *at;
                }
            }
        }
        self.make_room();
        Ok(())
    }

    /// Forgets what is written, once memory is half full.
    fn make_room(&self) {
        let mut noted = self.noted.lock();
        if noted.len() > ROOM / 2 {
            noted.retain(|_, noted| noted.waits);
        }
    }
}
