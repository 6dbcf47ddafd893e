//! The root key from shares that several people keep.

use std::fs;
use std::io;
use std::path::Path;

use strongroom_crypto::provider::{Gathering, ShareError, ShareSet, SplitRoot};
use strongroom_crypto::{Entropy, RootKey};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::drafts::Place;
use super::{NewRoot, RootKeyUnavailable, RootKeys, Surroundings, refused};
use crate::config::Config;

/// The file in the data directory that says which shares there are. No secret.
const HEADER_FILE: &str = "shares.header";

/// Where the header lies.
pub(super) fn place(config: &Config) -> Place {
    Place::new(config.store.data.join(HEADER_FILE))
}

/// How many shares have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many open.
    pub threshold: u8,
    /// How many there are.
    pub shares: usize,
    /// How many are here.
    pub held: usize,
}

/// Shares that come one by one, in memory that is wiped when this is dropped.
///
/// While the root key is being changed there are two sets, and each share goes to its own.
pub struct Assembly {
    current: Option<Gathering>,
    next: Option<Gathering>,
    place: Place,
}

impl Assembly {
    /// None yet, of the sets that the data directory has.
    ///
    /// # Errors
    ///
    /// There is no header, or it cannot be read.
    pub fn begin(config: &Config) -> Result<Self, RootKeyUnavailable> {
        let place = place(config);
        // The draft first: if it takes the header's place meanwhile, that is read after it.
        let next = found(read(&place.next()))?;
        let current = match next {
            Some(_) => found(read(place.current()))?,
            None => Some(read(place.current())?),
        };
        Ok(Self {
            current: current.map(Gathering::new),
            next: next.map(Gathering::new),
            place,
        })
    }

    /// Whether both are of the same sets.
    pub fn is_of_the_sets_of(&self, other: &Self) -> bool {
        let set = |gathering: &Option<Gathering>| gathering.as_ref().map(|it| it.set().clone());
        set(&self.current) == set(&other.current) && set(&self.next) == set(&other.next)
    }

    /// Takes a share. One that is here already changes nothing.
    ///
    /// # Errors
    ///
    /// It is no share of these sets.
    pub fn add(&mut self, share: &[u8]) -> Result<(), ShareError> {
        let mut outcome = Err(ShareError::Foreign);
        for gathering in self.current.iter_mut().chain(&mut self.next) {
            outcome = gathering.add(share);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// How far the set is of which most is here.
    pub fn progress(&self) -> Progress {
        let sets = self.current.iter().chain(&self.next);
        let fullest = sets.max_by_key(|gathering| gathering.held());
        fullest.map_or(
            Progress {
                threshold: 0,
                shares: 0,
                held: 0,
            },
            |gathering| Progress {
                threshold: gathering.set().threshold(),
                shares: gathering.set().shares(),
                held: gathering.held(),
            },
        )
    }

    /// The root keys, once one set has enough.
    ///
    /// # Errors
    ///
    /// The library failed.
    pub fn root_keys(&self) -> Result<Option<RootKeys>, RootKeyUnavailable> {
        let key = |gathering: &Option<Gathering>| {
            let key = gathering.as_ref().map(Gathering::root_key).transpose();
            Ok::<_, RootKeyUnavailable>(
                key.map_err(|error| refused("shamir", error.into()))?
                    .flatten(),
            )
        };
        let (current, next) = (key(&self.current)?, key(&self.next)?);
        if current.is_none() && next.is_none() {
            return Ok(None);
        }
        Ok(Some(RootKeys {
            current,
            next,
            place: Some(self.place.clone()),
        }))
    }
}

/// The root key of shares that are asked for one by one.
pub(super) fn existing(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<RootKeys, RootKeyUnavailable> {
    let mut assembly = Assembly::begin(config)?;
    loop {
        if let Some(keys) = assembly.root_keys()? {
            return Ok(keys);
        }
        let Progress {
            held, threshold, ..
        } = assembly.progress();
        let question = format!("Share {} of {threshold}: ", held.saturating_add(1));
        let share = surroundings.share(&question);
        let share = share.map_err(RootKeyUnavailable::NoShare)?;
        assembly.add(Plaintext::new(share.into_bytes()).expose())?;
    }
}

/// A new root key, with its header, whose shares are shown.
pub(super) fn create(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<RootKey, RootKeyUnavailable> {
    let new = draft(config, surroundings, entropy)?;
    place(config).promote()?;
    Ok(new.key)
}

/// The same, with the header's draft only. The shares are shown before anything depends on them.
pub(super) fn draft(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<NewRoot, RootKeyUnavailable> {
    let root = &config.root_key;
    let made = ShareSet::generate(root.threshold, root.shares, entropy)?;
    let shown = surroundings.show(&leaflet(&made));
    shown.map_err(RootKeyUnavailable::Show)?;
    let place = place(config);
    place.write_next(&format!("{}\n", made.set))?;
    Ok(NewRoot {
        key: made.key,
        place: Some(place),
    })
}

fn leaflet(made: &SplitRoot) -> Zeroizing<String> {
    let lines = made.shares.iter().map(|share| share.len() + 1);
    // Room for all of it at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(lines.sum::<usize>() + 512));
    text.push_str(&format!(
        "The root key is in these {} shares; any {} of them open the installation. They are shown\n\
         only now: give each to another person, on paper or in a password manager.\n\n",
        made.set.shares(),
        made.set.threshold()
    ));
    for share in &made.shares {
        text.extend(share.expose().iter().copied().map(char::from));
        text.push('\n');
    }
    text.push('\n');
    text
}

fn read(path: &Path) -> Result<ShareSet, RootKeyUnavailable> {
    let text = fs::read_to_string(path).map_err(|source| RootKeyUnavailable::Replacing {
        path: path.to_owned(),
        action: "read; it says which shares there are",
        source,
    })?;
    text.trim_end()
        .parse()
        .map_err(|source| RootKeyUnavailable::ShareHeader {
            path: path.to_owned(),
            source,
        })
}

/// What is there; nothing if there is no file.
fn found(
    set: Result<ShareSet, RootKeyUnavailable>,
) -> Result<Option<ShareSet>, RootKeyUnavailable> {
    match set {
        Err(RootKeyUnavailable::Replacing { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}
