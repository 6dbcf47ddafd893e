//! What must be kept beside a passphrase's installation: cost and salt. No secret.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64_NOPAD, DecodeError};

use crate::{Entropy, EntropyError, random};

/// Starts the text: what it is, and the number of its format.
const PREFIX: &str = "strongroom-passphrase-1:";

/// Then the string format of the password hashing competition, without a hash.
const ALGORITHM: &str = "$argon2id$v=19$";

/// Why text is no header, or a cost is none.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// The text has another form.
    #[error("the passphrase header does not have the form {PREFIX}{ALGORITHM}m=…,t=…,p=…$salt")]
    Form,
    /// The salt is not 16 bytes of unpadded base64.
    #[error("the salt of the passphrase header is not 16 bytes of unpadded base64")]
    Salt(#[source] Option<DecodeError>),
    /// The cost is too low to resist guessing, or too high to be meant.
    #[error(
        "the passphrase cost m={memory_kibibytes},t={passes},p={lanes} is outside the limits: \
         m from {} to {} (KiB), t from {} to {}, p from 1 to {}",
        PassphraseCost::LEAST_MEMORY,
        PassphraseCost::MOST_MEMORY,
        PassphraseCost::LEAST_PASSES,
        PassphraseCost::MOST_PASSES,
        PassphraseCost::MOST_LANES
    )]
    Cost {
        /// Memory in KiB.
        memory_kibibytes: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
}

/// How much work one guess costs. The default is the second recommended option of RFC 9106,
/// section 4: 64 MiB, three passes, four lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kibibytes: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    const LEAST_MEMORY: u32 = 19 * 1024;
    const MOST_MEMORY: u32 = 4 * 1024 * 1024;
    const LEAST_PASSES: u32 = 2;
    const MOST_PASSES: u32 = 64;
    const MOST_LANES: u32 = 64;

    /// A cost of one's own: memory in KiB from 19,456 (19 MiB) to 4 GiB, 2 to 64 passes, 1 to 64
    /// lanes.
    ///
    /// # Errors
    ///
    /// Below the floor, where guessing is cheap, or above a ceiling that no start should wait for.
    pub fn new(memory_kibibytes: u32, passes: u32, lanes: u32) -> Result<Self, HeaderError> {
        if (Self::LEAST_MEMORY..=Self::MOST_MEMORY).contains(&memory_kibibytes)
            && (Self::LEAST_PASSES..=Self::MOST_PASSES).contains(&passes)
            && (1..=Self::MOST_LANES).contains(&lanes)
        {
            Ok(Self {
                memory_kibibytes,
                passes,
                lanes,
            })
        } else {
            Err(HeaderError::Cost {
                memory_kibibytes,
                passes,
                lanes,
            })
        }
    }

    /// Memory in KiB.
    pub const fn memory_kibibytes(self) -> u32 {
        self.memory_kibibytes
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes of the memory.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self {
            memory_kibibytes: 64 * 1024,
            passes: 3,
            lanes: 4,
        }
    }
}

/// Cost and salt of one installation's passphrase, kept as text wherever is handy.
///
/// `strongroom-passphrase-1:$argon2id$v=19$m=65536,t=3,p=4$` and the salt in unpadded base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseHeader {
    cost: PassphraseCost,
    salt: [u8; 16],
}

impl PassphraseHeader {
    /// A header with a fresh salt.
    ///
    /// # Errors
    ///
    /// No random bytes.
    pub fn generate(cost: PassphraseCost, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self::from_parts(cost, random(entropy)?))
    }

    /// The cost.
    pub const fn cost(&self) -> PassphraseCost {
        self.cost
    }

    /// The salt.
    pub const fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    pub(super) const fn from_parts(cost: PassphraseCost, salt: [u8; 16]) -> Self {
        Self { cost, salt }
    }
}

impl fmt::Display for PassphraseHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PassphraseCost {
            memory_kibibytes,
            passes,
            lanes,
        } = self.cost;
        let salt = BASE64_NOPAD.encode(&self.salt);
        write!(
            f,
            "{PREFIX}{ALGORITHM}m={memory_kibibytes},t={passes},p={lanes}${salt}"
        )
    }
}

impl FromStr for PassphraseHeader {
    type Err = HeaderError;

    /// Blanks and line ends around the text do not matter; otherwise there is one spelling.
    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (cost, salt) = text
            .trim_ascii()
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(ALGORITHM))
            .and_then(|rest| rest.split_once('$'))
            .ok_or(HeaderError::Form)?;
        let mut numbers = cost.split(',');
        let mut number = |name: &str| {
            let digits = numbers.next()?.strip_prefix(name)?.strip_prefix('=')?;
            let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let [memory, passes, lanes] = ["m", "t", "p"].map(&mut number);
        let (Some(memory), Some(passes), Some(lanes), None) =
            (memory, passes, lanes, numbers.next())
        else {
            return Err(HeaderError::Form);
        };
        let cost = PassphraseCost::new(memory, passes, lanes)?;
        let salt = BASE64_NOPAD
            .decode(salt.as_bytes())
            .map_err(|cause| HeaderError::Salt(Some(cause)))?;
        let salt = salt.try_into().map_err(|_| HeaderError::Salt(None))?;
        Ok(Self { cost, salt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedEntropy, NoEntropy};
    use proptest::prelude::*;

    const TEXT: &str =
        "strongroom-passphrase-1:$argon2id$v=19$m=65536,t=3,p=4$AgICAgICAgICAgICAgICAg";

    #[test]
    fn the_default_is_the_second_option_of_rfc_9106_and_its_text_is_pinned() {
        let cost = PassphraseCost::default();
        assert_eq!(
            (cost.memory_kibibytes(), cost.passes(), cost.lanes()),
            (65536, 3, 4)
        );
        let header = PassphraseHeader::generate(cost, &FixedEntropy(2)).unwrap();
        assert_eq!(header.to_string(), TEXT);
        assert_eq!(
            format!(" {TEXT}\n").parse::<PassphraseHeader>().unwrap(),
            header
        );
        assert!(PassphraseHeader::generate(cost, &NoEntropy).is_err());
    }

    #[test]
    fn costs_outside_the_limits_are_refused() {
        for (cost, fine) in [
            ((19 * 1024, 2, 1), true),
            ((19 * 1024 - 1, 2, 1), false),
            ((19 * 1024, 1, 1), false),
            ((19 * 1024, 2, 0), false),
            ((4 * 1024 * 1024, 64, 64), true),
            ((4 * 1024 * 1024 + 1, 2, 1), false),
            ((65536, 65, 4), false),
            ((65536, 3, 65), false),
            ((u32::MAX, u32::MAX, u32::MAX), false),
        ] {
            let (memory, passes, lanes) = cost;
            let made = PassphraseCost::new(memory, passes, lanes);
            assert_eq!(made.is_ok(), fine, "{cost:?}");
            let text = TEXT.replace(
                "m=65536,t=3,p=4",
                &format!("m={memory},t={passes},p={lanes}"),
            );
            assert_eq!(text.parse::<PassphraseHeader>().is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn text_of_another_form_is_refused() {
        for (from, to) in [
            ("strongroom-passphrase-1:", ""),
            ("passphrase-1", "passphrase-2"),
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=65536,t=3,p=4", "t=3,m=65536,p=4"),
            ("m=65536", "m=+65536"),
            ("m=65536", "m=065536"),
            ("m=65536", "m="),
            ("m=65536", "m=4294967296"),
            ("p=4", "p=4,x=1"),
            (",p=4", ""),
        ] {
            assert!(TEXT.contains(from));
            let refused = TEXT.replace(from, to).parse::<PassphraseHeader>();
            assert!(matches!(refused, Err(HeaderError::Form)), "{from} → {to}");
        }
        for salt in [
            "",
            "AgIC",
            "AgICAgICAgICAgICAgICAgIC",
            "AgICAgICAgICAgICAgICAh",
        ] {
            let refused = TEXT
                .replace("AgICAgICAgICAgICAgICAg", salt)
                .parse::<PassphraseHeader>();
            assert!(matches!(refused, Err(HeaderError::Salt(_))), "{salt}");
        }
    }

    proptest! {
        #[test]
        fn every_header_round_trips(
            memory in 19_456u32..=4_194_304,
            passes in 2u32..=64,
            lanes in 1u32..=64,
            salt: [u8; 16],
        ) {
            let cost = PassphraseCost::new(memory, passes, lanes).unwrap();
            let header = PassphraseHeader::from_parts(cost, salt);
            prop_assert_eq!(header.to_string().parse::<PassphraseHeader>().unwrap(), header);
        }
    }
}
