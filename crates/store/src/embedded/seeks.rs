//! What seeks found, for as long as the snapshot lasts in which they were made.
//!
//! A browse seeks once for each sub-directory, and a directory that was browsed is browsed again.
//! The database does not change under a snapshot, so what a seek found there needs no check.

use std::collections::HashMap;

use crate::Key;
use crate::scan::Interval;

/// Seeks that are remembered. A path of ordinary length makes that half a megabyte.
const MOST: usize = 2048;

/// The first key of each range that was asked for.
#[derive(Default)]
pub(super) struct Seeks(HashMap<Interval, Option<Key>>);

impl Seeks {
    /// The first key of a range of the database, which `seek` finds if it is not known.
    pub(super) fn first<E>(
        &mut self,
        range: &Interval,
        seek: impl FnOnce() -> Result<Option<Key>, E>,
    ) -> Result<Option<Key>, E> {
        if let Some(known) = self.0.get(range) {
            return Ok(known.clone());
        }
        let found = seek()?;
        if self.0.len() >= MOST {
            self.forget();
        }
        self.0.insert(range.clone(), found.clone());
        Ok(found)
    }

    /// The snapshot has ended.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn range(low: usize) -> Interval {
        Interval {
            low: low.to_be_bytes().to_vec(),
            high: None,
        }
    }

    fn found(seeks: &mut Seeks, low: usize, would_find: Option<&str>) -> Option<Key> {
        let found = seeks.first(&range(low), || {
            Ok::<_, Infallible>(would_find.map(|key| Key::from(key.as_bytes())))
        });
        found.unwrap()
    }

    #[test]
    fn what_was_found_is_known_until_the_snapshot_ends() {
        let mut seeks = Seeks::default();
        let key = |name: &str| Some(Key::from(name.as_bytes()));
        assert_eq!(found(&mut seeks, 1, Some("a")), key("a"));
        assert_eq!(found(&mut seeks, 2, None), None);
        assert_eq!(found(&mut seeks, 1, Some("b")), key("a"));
        assert_eq!(found(&mut seeks, 2, Some("b")), None);
        seeks.forget();
        assert_eq!(found(&mut seeks, 1, Some("b")), key("b"));
    }

    #[test]
    fn a_seek_that_fails_is_made_again() {
        let mut seeks = Seeks::default();
        assert_eq!(seeks.first(&range(1), || Err("disk")), Err("disk"));
        assert_eq!(found(&mut seeks, 1, None), None);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut seeks = Seeks::default();
        for low in 0..=MOST {
            found(&mut seeks, low, None);
        }
        assert!(seeks.0.len() <= MOST);
    }
}
