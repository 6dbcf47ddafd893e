//! Sixty-four writers, who work until the server is gone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::api::{Api, revealed};
use crate::draw::Draw;
use crate::ledger::{CONTENDED, Model, OWN, Operation, Outcome, SHARED, Secret, What, value_of};

/// How many write at once.
pub(crate) const WRITERS: usize = 64;
/// Secrets of each writer, and secrets of all of them.
const SECRETS: u64 = 3;

/// What the writers of one round have in common.
pub(crate) struct Round {
    pub(crate) number: usize,
    pub(crate) api: Api,
    /// Answers until the server is killed.
    pub(crate) target: usize,
    pub(crate) answered: AtomicUsize,
    pub(crate) enough: Notify,
    pub(crate) is_killed: AtomicBool,
    /// Versions in [`SHARED`] that are acknowledged: path, number, writer.
    pub(crate) shared: Mutex<Vec<(String, u64, String)>>,
}

/// The shared secrets of a round.
pub(crate) fn shared_paths(round: usize) -> Vec<String> {
    let paths = 0..SECRETS;
    paths.map(|n| format!("{SHARED}r{round}/s{n}")).collect()
}

/// The paths that everybody creates and deletes.
pub(crate) fn contended_paths() -> Vec<String> {
    (0..SECRETS).map(|n| format!("{CONTENDED}c{n}")).collect()
}

/// Works until the connection breaks; returns what was asked, in order.
pub(crate) async fn write(
    round: Arc<Round>,
    writer: usize,
    mut mine: Model,
    mut draw: Draw,
) -> Vec<Operation> {
    let mut done = Vec::new();
    loop {
        let (path, what, expected) = plan(&round, writer, &mine, &mut draw);
        let mut operation = Operation {
            id: format!("r{}-w{writer}-{}", round.number, done.len()),
            path,
            what,
            outcome: Outcome::Unknown,
        };
        let body = round.api.perform(&mut operation).await;
        let Some(body) = body else {
            let is_killed = round.is_killed.load(Ordering::SeqCst);
            assert!(is_killed, "{operation:?}: hung up on");
            done.push(operation);
            return done;
        };
        if operation.acknowledged() {
            acknowledged(&round, &mut mine, &operation);
        } else {
            let is_race = !operation.path.starts_with(OWN) && is_refusal(&operation);
            assert!(is_race, "{operation:?}: {body}");
        }
        if let (What::Reveal(_), true, Some(writer)) = (what, operation.acknowledged(), expected) {
            assert!(revealed(&body) == value_of(&writer), "{operation:?}");
        }
        done.push(operation);
        if round.answered.fetch_add(1, Ordering::SeqCst) + 1 == round.target {
            round.enough.notify_one();
        }
    }
}

/// Where others work, too, somebody may have been faster.
fn is_refusal(operation: &Operation) -> bool {
    let Outcome::Answered { status, .. } = operation.outcome else {
        return false;
    };
    match operation.what {
        What::Create => status == 409,
        What::Reveal(_) | What::Delete => status == 404,
        What::Put | What::Destroy(_) => false,
    }
}

fn acknowledged(round: &Round, mine: &mut Model, operation: &Operation) {
    if operation.path.starts_with(OWN) {
        mine.apply(operation, operation.version());
    } else if operation.what == What::Put {
        let number = operation.version().unwrap();
        let version = (operation.path.clone(), number, operation.id.clone());
        round.shared.lock().unwrap().push(version);
    }
}

/// What to do next, and for a reveal which operation wrote what it shows.
fn plan(
    round: &Round,
    writer: usize,
    mine: &Model,
    draw: &mut Draw,
) -> (String, What, Option<String>) {
    match draw.below(10) {
        0..6 => own(writer, mine, draw),
        6..9 => shared(round, draw),
        _ => {
            let path = draw.one(&contended_paths()).clone();
            let what = *draw.one(&[What::Create, What::Delete]);
            (path, what, None)
        }
    }
}

fn own(writer: usize, mine: &Model, draw: &mut Draw) -> (String, What, Option<String>) {
    let path = format!("{OWN}w{writer}/s{}", draw.below(SECRETS));
    let Some(secret) = mine.secrets.get(&path) else {
        return (path, What::Create, None);
    };
    let live = live(secret);
    let choice = draw.below(20);
    if choice < 11 || (live.is_empty() && choice < 18) {
        return (path, What::Put, None);
    }
    if choice >= 18 {
        return (path, What::Delete, None);
    }
    let (number, wrote) = draw.one(&live).clone();
    if choice < 15 {
        (path, What::Reveal(number), Some(wrote))
    } else {
        (path, What::Destroy(number), None)
    }
}

fn live(secret: &Secret) -> Vec<(u64, String)> {
    let versions = secret.versions.iter();
    versions
        .filter(|(_, version)| !version.is_destroyed)
        .map(|(number, version)| (*number, version.writer.clone()))
        .collect()
}

fn shared(round: &Round, draw: &mut Draw) -> (String, What, Option<String>) {
    let known = round.shared.lock().unwrap();
    if !known.is_empty() {
        let (path, number, wrote) = draw.one(&known).clone();
        match draw.below(8) {
            0 => return (path, What::Destroy(number), None),
            1..4 => return (path, What::Reveal(number), Some(wrote)),
            _ => {}
        }
    }
    // Also those of the round before, which outlived a crash.
    let before = shared_paths(round.number.saturating_sub(1));
    let paths = [shared_paths(round.number), before].concat();
    (draw.one(&paths).clone(), What::Put, None)
}
