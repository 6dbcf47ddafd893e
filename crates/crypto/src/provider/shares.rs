//! A root key in shares, of which a number decided beforehand opens and fewer tell nothing.
//!
//! A share is a text of one line: `strongroom-share-1:` and, in base32 of small letters (RFC 4648
//! without padding), the set's identity (4 bytes), the threshold, the share's number, its value (32
//! bytes) and a checksum (the first 4 bytes of a SHA-256 over the prefix and all before it), which
//! finds typing errors. The set's header says which shares there are, by a hash of each, so that a
//! wrong share is refused when it comes and cannot spoil the right ones. A share is as hard to guess
//! as the key, so its hash tells nothing.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE32_NOPAD, DecodeError, Encoding, HEXLOWER};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::polynomial::{combine, split};
use crate::entropy::random_secret;
use crate::{Entropy, EntropyError, RootKey, RootKeyError, random};

/// Starts a share.
const PREFIX: &str = "strongroom-share-1:";
/// Starts a header.
const HEADER: &str = "strongroom-shares-1";
const IDENTITY: usize = 4;
const HASH: usize = 32;
/// Identity, threshold and number, before the value.
const HEAD: usize = IDENTITY + 2;
const BODY: usize = HEAD + RootKey::LENGTH;
const CHECKSUM: usize = 4;

/// Why a root key is not made into shares.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The numbers do not fit.
    #[error(
        "a root key cannot be made into {shares} shares of which {threshold} open: use a threshold \
         of 2 or more, and at least as many shares as that"
    )]
    Numbers {
        /// How many open.
        threshold: u8,
        /// How many there are.
        shares: u8,
    },
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The key was refused.
    #[error(transparent)]
    Key(#[from] RootKeyError),
}

/// Why a text is no share of an installation. Tells nothing of the share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// It is not a share at all, or was mistyped.
    #[error("this is no share, or it was mistyped: it has 68 letters and digits after {PREFIX}")]
    Mistyped,
    /// It is not one of this installation's present shares.
    #[error("this share belongs to another installation, or to a root key that was replaced")]
    Foreign,
}

/// Why a header is none.
#[derive(Debug, thiserror::Error)]
pub enum ShareHeaderError {
    /// Another form.
    #[error("it is not the header of a set of shares")]
    Form,
    /// A number or a hash that is none.
    #[error("an identity or a hash in it is damaged")]
    Hash(#[source] DecodeError),
}

/// What is known of a set of shares without having any. No secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareSet {
    identity: [u8; IDENTITY],
    threshold: u8,
    hashes: Vec<[u8; HASH]>,
}

/// A new root key, and the shares that it can be had from.
pub struct SplitRoot {
    /// The key.
    pub key: RootKey,
    /// What is written down.
    pub set: ShareSet,
    /// What is given away: one line of text each.
    pub shares: Vec<Plaintext>,
}

impl ShareSet {
    /// Makes a root key and splits it.
    ///
    /// # Errors
    ///
    /// A threshold below 2 or above the number of shares; no random bytes.
    pub fn generate(
        threshold: u8,
        shares: u8,
        entropy: &dyn Entropy,
    ) -> Result<SplitRoot, SplitError> {
        if threshold < 2 || threshold > shares {
            return Err(SplitError::Numbers { threshold, shares });
        }
        let secret = random_secret(entropy, RootKey::LENGTH)?;
        let values = split(entropy, secret.expose(), threshold, shares)?;
        let key = RootKey::from_bytes(secret)?;
        let mut set = Self {
            identity: random(entropy)?,
            threshold,
            hashes: Vec::with_capacity(usize::from(shares)),
        };
        let mut texts = Vec::with_capacity(usize::from(shares));
        for (number, value) in (1..=shares).zip(&values) {
            let mut body = Zeroizing::new(Vec::with_capacity(BODY + CHECKSUM));
            body.extend_from_slice(&set.identity);
            body.extend_from_slice(&[threshold, number]);
            body.extend_from_slice(value.expose());
            set.hashes.push(hash(&body));
            texts.push(text(&mut body));
        }
        Ok(SplitRoot {
            key,
            set,
            shares: texts,
        })
    }

    /// How many shares open.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many shares there are.
    pub fn shares(&self) -> usize {
        self.hashes.len()
    }

    /// Reads a share of this set. Takes a hash's time whatever is given.
    ///
    /// # Errors
    ///
    /// The text is no share, or not one of this set's.
    pub fn share(&self, text: &[u8]) -> Result<Share, ShareError> {
        let body = parse(text).ok_or(ShareError::Mistyped)?;
        let Some((head, _)) = body.split_first_chunk::<HEAD>() else {
            return Err(ShareError::Mistyped);
        };
        let [identity @ .., threshold, number] = head;
        let place = usize::from(number.wrapping_sub(1));
        let known = self.hashes.get(place).ok_or(ShareError::Foreign)?;
        let is_ours = *identity == self.identity
            && *threshold == self.threshold
            && crate::constant_time_eq(&hash(&body), known);
        if !is_ours {
            return Err(ShareError::Foreign);
        }
        let number = *number;
        Ok(Share { number, body })
    }
}

/// One share of a set, checked. Wiped when it is dropped.
pub struct Share {
    number: u8,
    body: Zeroizing<Vec<u8>>,
}

/// The shares of a set that have come so far. They are wiped when this is dropped.
pub struct Gathering {
    set: ShareSet,
    held: Vec<Share>,
}

impl Gathering {
    /// None so far.
    pub fn new(set: ShareSet) -> Self {
        let held = Vec::with_capacity(set.hashes.len());
        Self { set, held }
    }

    /// Whose shares they are.
    pub fn set(&self) -> &ShareSet {
        &self.set
    }

    /// How many different shares are here.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes a share; one that is here already changes nothing.
    ///
    /// # Errors
    ///
    /// As for [`ShareSet::share`].
    pub fn add(&mut self, text: &[u8]) -> Result<(), ShareError> {
        let share = self.set.share(text)?;
        if self.held.iter().all(|held| held.number != share.number) {
            self.held.push(share);
        }
        Ok(())
    }

    /// The root key, if there are enough shares.
    ///
    /// # Errors
    ///
    /// The library failed.
    pub fn root_key(&self) -> Result<Option<RootKey>, RootKeyError> {
        let enough = usize::from(self.set.threshold);
        let points: Option<Vec<_>> = self
            .held
            .iter()
            .map(|share| Some((share.number, share.body.get(HEAD..)?)))
            .take(enough)
            .collect();
        match points {
            Some(points) if points.len() == enough => {
                RootKey::from_bytes(combine(&points)).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Display for ShareSet {
    /// One line: `strongroom-shares-1`, identity, threshold, and the hash of each share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = HEXLOWER.encode(&self.identity);
        write!(f, "{HEADER} {identity} {}", self.threshold)?;
        self.hashes
            .iter()
            .try_for_each(|hash| write!(f, " {}", HEXLOWER.encode(hash)))
    }
}

impl FromStr for ShareSet {
    type Err = ShareHeaderError;

    fn from_str(text: &str) -> Result<Self, ShareHeaderError> {
        let form = || ShareHeaderError::Form;
        let decode = |word: &str| {
            HEXLOWER
                .decode(word.as_bytes())
                .map_err(ShareHeaderError::Hash)
        };
        let mut words = text.split(' ');
        if words.next() != Some(HEADER) {
            return Err(form());
        }
        let identity = decode(words.next().ok_or_else(form)?)?;
        let threshold = words.next().and_then(|word| word.parse().ok());
        let hashes = words.map(|word| decode(word)?.try_into().map_err(|_| form()));
        let set = Self {
            identity: identity.try_into().map_err(|_| form())?,
            threshold: threshold.ok_or_else(form)?,
            hashes: hashes.collect::<Result<_, _>>()?,
        };
        let fits = set.threshold >= 2
            && set.hashes.len() >= usize::from(set.threshold)
            && set.hashes.len() <= usize::from(u8::MAX);
        if fits { Ok(set) } else { Err(form()) }
    }
}

/// The share as a line, with its checksum.
fn text(body: &mut Zeroizing<Vec<u8>>) -> Plaintext {
    let sum = checksum(body);
    body.extend_from_slice(&sum);
    let length = PREFIX.len() + BASE32_NOPAD.encode_len(body.len());
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.push_str(PREFIX);
    BASE32_NOPAD.encode_append(body, &mut text);
    text.make_ascii_lowercase();
    Plaintext::new(std::mem::take(&mut *text).into_bytes())
}

/// The share's bytes without the checksum, if that is right. Capitals and blanks do not count.
fn parse(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let encoding: &Encoding = &BASE32_NOPAD;
    let length = encoding.encode_len(BODY + CHECKSUM);
    let text = text.trim_ascii();
    if text.len() != PREFIX.len() + length {
        return None;
    }
    let (prefix, rest) = text.split_at_checked(PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(PREFIX.as_bytes()) {
        return None;
    }
    let rest = Zeroizing::new(rest.to_ascii_uppercase());
    let mut body = Zeroizing::new(vec![0; encoding.decode_len(length).ok()?]);
    let decoded = encoding.decode_mut(&rest, &mut body);
    if decoded.is_err() {
        return None;
    }
    let sum = body.split_off(BODY);
    crate::constant_time_eq(&sum, &checksum(&body)).then_some(body)
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let hash = labelled(b"strongroom/share/checksum/1", body);
    let mut sum = [0; CHECKSUM];
    sum.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    sum
}

fn hash(body: &[u8]) -> [u8; HASH] {
    labelled(b"strongroom/share/hash/1", body)
}

fn labelled(label: &[u8], body: &[u8]) -> [u8; HASH] {
    let mut input = Zeroizing::new(Vec::with_capacity(label.len() + body.len()));
    input.extend_from_slice(label);
    input.extend_from_slice(body);
    let mut hash = [0; HASH];
    let digest = digest(&SHA256, &input);
    hash.iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedEntropy, keyring};
    use crate::{Keyring, SystemEntropy};

    fn made(threshold: u8, shares: u8) -> SplitRoot {
        ShareSet::generate(threshold, shares, &SystemEntropy).unwrap()
    }

    #[test]
    fn any_shares_that_are_enough_give_the_key() {
        let made = made(3, 5);
        let sealed = keyring().seal(&made.key, &SystemEntropy, b"i").unwrap();
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4], [2, 3, 4]] {
            let mut gathering = Gathering::new(made.set.clone());
            for (before, number) in chosen.into_iter().enumerate() {
                assert!(gathering.root_key().unwrap().is_none());
                let share = made.shares[number].expose();
                gathering.add(share).unwrap();
                gathering.add(share).unwrap();
                assert_eq!(gathering.held(), before + 1);
            }
            let key = gathering.root_key().unwrap().unwrap();
            assert!(Keyring::open(&key, &sealed, b"i").is_ok(), "{chosen:?}");
        }
    }

    #[test]
    fn what_is_no_share_of_this_set_is_refused_and_changes_nothing() {
        let (ours, theirs) = (made(2, 3), made(2, 3));
        let mut gathering = Gathering::new(ours.set.clone());
        let foreign = theirs.shares[0].expose();
        assert_eq!(gathering.add(foreign), Err(ShareError::Foreign));
        let good = String::from_utf8(ours.shares[0].expose().to_vec()).unwrap();
        let mistyped = |text: &str| ours.set.share(text.as_bytes()).err();
        for place in PREFIX.len()..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[place] = if bad[place] == b'a' { b'b' } else { b'a' };
            let bad = String::from_utf8(bad).unwrap();
            assert_eq!(mistyped(&bad), Some(ShareError::Mistyped), "{place}");
        }
        for bad in [
            "",
            PREFIX,
            good.trim_start_matches('s'),
            &format!("{good}a"),
            "é",
            &"a".repeat(87),
        ] {
            assert_eq!(mistyped(bad), Some(ShareError::Mistyped), "{bad}");
        }
        assert_eq!(gathering.held(), 0);
        let loud = format!("  {}\r\n", good.to_uppercase());
        gathering.add(loud.as_bytes()).unwrap();
        assert_eq!(gathering.held(), 1);
    }

    /// A share whose checksum was made to fit is still not one of ours.
    #[test]
    fn a_forged_share_is_foreign() {
        let ours = made(2, 3);
        for (number, threshold) in [(0, 2), (1, 2), (4, 2), (255, 2), (1, 1)] {
            let mut body = Zeroizing::new(ours.set.identity.to_vec());
            body.extend_from_slice(&[threshold, number]);
            body.extend_from_slice(&[9; 32]);
            let forged = text(&mut body);
            let refused = ours.set.share(forged.expose()).err();
            assert_eq!(refused, Some(ShareError::Foreign), "{number} {threshold}");
        }
    }

    #[test]
    fn the_header_is_read_as_it_was_written() {
        let set = made(3, 5).set;
        assert_eq!(set.to_string().parse::<ShareSet>().unwrap(), set);
        assert_eq!((set.threshold(), set.shares()), (3, 5));
        let hash = "00".repeat(32);
        for bad in [
            String::new(),
            "strongroom-shares-2 00000000 2".to_owned(),
            format!("{HEADER} 00000000 2 {hash}"),
            format!("{HEADER} 00000000 1 {hash} {hash}"),
            format!("{HEADER} 000000 2 {hash} {hash}"),
            format!("{HEADER} 00000000 two {hash} {hash}"),
            format!("{HEADER} 00000000 2 {hash} 00"),
            format!("{HEADER} 00000000 2 {hash}  {hash}"),
        ] {
            assert!(bad.parse::<ShareSet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_form_of_a_share_is_pinned() {
        let made = ShareSet::generate(2, 2, &FixedEntropy(7)).unwrap();
        let share = String::from_utf8(made.shares[0].expose().to_vec()).unwrap();
        assert_eq!(share.len(), PREFIX.len() + 68);
        assert!(
            share.starts_with("strongroom-share-1:a4dqobycae"),
            "{share}"
        );
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        for (threshold, shares) in [(0, 0), (0, 3), (1, 3), (4, 3), (2, 1)] {
            let refused = ShareSet::generate(threshold, shares, &SystemEntropy);
            assert!(matches!(refused, Err(SplitError::Numbers { .. })));
        }
        assert_eq!(made(2, 255).shares.len(), 255);
    }
}
