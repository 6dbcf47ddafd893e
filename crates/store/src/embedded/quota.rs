//! How much the database may grow by what is committed: known before, so that nothing is accepted
//! that later does not fit.

use super::effects::Effects;
use super::schema::PAGE_BYTES;
use crate::{Key, Row};

/// What SQLite adds to a row and to its place in the index of keys, at most.
const OVERHEAD: u64 = 32;

/// What a page holds of a row that has pages of its own.
const OVERFLOW: u64 = PAGE_BYTES - 4;

/// From this size on a row may have a page of its own.
const LARGE: u64 = 1000;

/// The store would grow beyond what was set as its limit.
#[derive(Debug, thiserror::Error)]
#[error("the database would take more than its limit of {limit} bytes")]
pub(super) struct OverLimit {
    pub(super) limit: u64,
}

/// The most bytes that the database may grow by, were nothing of it there yet.
pub(super) fn growth(effects: &Effects) -> u64 {
    let rows = effects.iter().map(|(key, effect)| match &effect.row {
        Some(row) => growth_by_row(key, row),
        None => 0,
    });
    rows.fold(0, u64::saturating_add)
}

fn growth_by_row(key: &Key, row: &Row) -> u64 {
    let bytes = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let key = bytes(key.as_bytes()).saturating_add(OVERHEAD);
    let row = bytes(row.value.as_stored()).saturating_add(key);
    tree(row).saturating_add(tree(key))
}

/// Pages that were split are half full; what does not fit a page has pages of its own.
fn tree(entry: u64) -> u64 {
    if entry < LARGE {
        return entry.saturating_mul(2);
    }
    let pages = entry.checked_div(OVERFLOW).unwrap_or(0).saturating_add(2);
    pages.saturating_mul(PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::Sealed;

    use super::super::effects::Effect;
    use super::*;
    use crate::Revision;

    fn growth_by(key: Key, row: Option<Row>) -> u64 {
        growth(&Effects::from([(key, Effect::over_any(row))]))
    }

    fn of(bytes: usize) -> u64 {
        let row = Row {
            value: Sealed::from_stored(vec![0; bytes]),
            revision: Revision::from_u64(1),
        };
        growth_by(Key::from(vec![0; 20]), Some(row))
    }

    #[test]
    fn a_row_may_take_twice_its_size_or_pages_of_its_own() {
        assert_eq!(of(0), 4 * (20 + OVERHEAD));
        assert_eq!(of(500), 4 * (20 + OVERHEAD) + 1000);
        assert_eq!(of(5_000), 3 * PAGE_BYTES + 2 * (20 + OVERHEAD));
    }

    #[test]
    fn a_deletion_takes_nothing() {
        assert_eq!(growth_by(Key::from(vec![1]), None), 0);
    }
}
