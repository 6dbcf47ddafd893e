//! What a run that did not end well left in the commit log.
//!
//! A group is written only after the one before it was synced. So a frame that cannot be read is
//! the torn end of a crash if nothing newer follows it; otherwise it was damaged afterwards, and the
//! store refuses to guess. Damage to the very last frame of all looks like a torn end and cannot be
//! told from one.

use super::effects::Effects;
use super::frame::{ALIGNMENT, Frame, Place};

/// What the database has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The last generation of the log that is in it.
    pub(super) generation: u64,
    /// The number of the last commit that is in it.
    pub(super) revision: u64,
}

/// Why the log cannot be trusted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("before commit {found} stands something that cannot be read")]
    Unreadable { found: u64 },
    #[error("commit {found} follows commit {last}: those between are missing")]
    Missing { last: u64, found: u64 },
    #[error("the changes of commit {last} cannot be read")]
    Entries { last: u64 },
}

/// The frames of one file that the database lacks, in order.
struct Tail<'a> {
    place: Place,
    frames: Vec<Frame<'a>>,
}

/// The joint effect of all groups in these files that the database lacks, and the last revision.
pub(super) fn missing(files: &[Vec<u8>], applied: Applied) -> Result<(Effects, u64), Damage> {
    let mut tails = files
        .iter()
        .filter_map(|bytes| tail(bytes, applied.generation).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    tails.sort_by_key(|tail| tail.place.generation);
    let mut effects = Effects::new();
    let mut last = applied.revision;
    for tail in tails {
        let found = tail.place.first;
        if last.checked_add(1) != Some(found) {
            return Err(Damage::Missing { last, found });
        }
        last = tail.place.last;
        for frame in tail.frames {
            let last = frame.place.last;
            let read = frame.add_to(&mut effects);
            read.ok_or(Damage::Entries { last })?;
        }
    }
    Ok((effects, last))
}

/// What stands from the start of a file without a gap, if it is of a generation after `applied`.
fn tail(bytes: &[u8], applied: u64) -> Result<Option<Tail<'_>>, Damage> {
    let mut rest = bytes;
    let mut tail: Option<Tail<'_>> = None;
    while let Some(frame) = Frame::parse(rest) {
        let place = frame.place;
        match &mut tail {
            None if place.generation > applied => {
                let frames = vec![frame];
                tail = Some(Tail { place, frames });
            }
            Some(tail) if follows(place, tail.place) => {
                tail.place.last = place.last;
                tail.frames.push(frame);
            }
            // Of an earlier generation, or out of order: the search below tells which.
            None | Some(_) => break,
        }
        rest = rest.get(frame.size()..).unwrap_or_default();
    }
    match newer(rest, applied) {
        Some(found) => Err(Damage::Unreadable { found }),
        None => Ok(tail),
    }
}

fn follows(place: Place, before: Place) -> bool {
    place.generation == before.generation && before.last.checked_add(1) == Some(place.first)
}

/// The first revision of a whole frame somewhere in these bytes that the database lacks.
///
/// Every possible place is tried, since the damage may have hit the length that leads to the next.
fn newer(mut bytes: &[u8], applied: u64) -> Option<u64> {
    loop {
        let step = match Frame::parse(bytes) {
            Some(frame) if frame.place.generation > applied => return Some(frame.place.first),
            // What is left of the time before the file was used again.
            Some(frame) => frame.size(),
            None => ALIGNMENT,
        };
        bytes = bytes.get(step..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::frame;
    use super::*;

    const APPLIED: Applied = Applied {
        generation: 4,
        revision: 100,
    };

    /// A file with these frames: generation, first and last revision.
    fn file(frames: &[(u64, u64, u64)]) -> Vec<u8> {
        let mut bytes: Vec<u8> = frames
            .iter()
            .flat_map(|&(generation, first, last)| frame(generation, first, last))
            .collect();
        bytes.resize(4096, 0);
        bytes
    }

    fn last(files: &[Vec<u8>]) -> Result<u64, Damage> {
        missing(files, APPLIED).map(|(_, last)| last)
    }

    #[test]
    fn an_empty_log_has_nothing() {
        assert_eq!(last(&[Vec::new(), vec![0; 4096]]), Ok(100));
    }

    #[test]
    fn generations_join_in_order_whatever_file_they_are_in() {
        let older = file(&[(5, 101, 101), (5, 102, 109)]);
        let newer = file(&[(6, 110, 110)]);
        assert_eq!(last(&[older.clone(), newer.clone()]), Ok(110));
        assert_eq!(last(&[newer, older.clone()]), Ok(110));
        let (effects, _) = missing(&[older], APPLIED).unwrap();
        assert_eq!(effects.len(), 3);
    }

    #[test]
    fn what_the_database_has_is_left_out() {
        let older = file(&[(3, 80, 90), (3, 91, 95)]);
        assert_eq!(last(&[older, file(&[(4, 96, 100)])]), Ok(100));
    }

    #[test]
    fn stale_frames_behind_new_ones_are_not_taken_for_new() {
        let used_again = file(&[(5, 101, 101), (3, 102, 102), (3, 103, 103)]);
        assert_eq!(last(&[used_again]), Ok(101));
    }

    #[test]
    fn a_torn_end_is_cut_off() {
        let whole = frame(5, 101, 102);
        let start = file(&[(5, 101, 102), (5, 103, 104)]);
        for cut in whole.len()..whole.len() * 2 - 8 {
            let mut torn = start.clone();
            torn[cut] ^= 0xff;
            let found = last(&[torn]).unwrap();
            // The bytes that fill a frame up are not part of it.
            assert!(
                found == 102 || (found == 104 && start[cut] == 0),
                "byte {cut}"
            );
        }
    }

    #[test]
    fn damage_is_told_from_a_torn_end() {
        let whole = file(&[(5, 101, 102), (5, 103, 104), (5, 105, 105)]);
        for at in 0..frame(5, 101, 102).len() - 8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let found = last(&[damaged]);
            assert_eq!(found, Err(Damage::Unreadable { found: 103 }), "byte {at}");
        }
    }

    #[test]
    fn a_missing_file_is_noticed() {
        let gap = Damage::Missing {
            last: 100,
            found: 110,
        };
        assert_eq!(last(&[file(&[(6, 110, 110)])]), Err(gap));
    }
}
