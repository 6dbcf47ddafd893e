//! A root key that is kept wrapped, under a key that never leaves a hardware security module
//! (PKCS#11 3.1, OASIS).
//!
//! The module wraps with `CKM_AES_GCM`, not with `CKM_AES_KEY_WRAP_PAD`: key wrap mechanisms take
//! and give objects of the token, so that the root key would have to be an extractable object there
//! for a moment; and GCM carries associated data, so that what was wrapped for another purpose
//! under the same key does not unwrap here. SoftHSM, and the modules of the large makers, have it.
//! A module that insists on a nonce of its own writes it where ours was, and is taken at its word.
//! How often a nonce is drawn is how often the root key is changed: far below the limit of 2^32
//! (NIST SP 800-38D, section 8.3).
//!
//! Each use loads the module, logs in, works and leaves: the server holds no session while it runs.

mod error;
mod session;
mod wrapped;

use std::path::PathBuf;

use strongroom_types::Plaintext;

use crate::entropy::random_secret;
use crate::{Entropy, RootKey};

pub use error::HsmError;
use session::Session;
pub use wrapped::{WrappedRoot, WrappedRootError};

/// Which token of the module it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HsmToken {
    /// The one with this label.
    Label(String),
    /// The one in the slot of this number.
    Slot(u64),
}

/// Where the wrapping key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HsmPlace {
    /// The shared library that the maker of the module provides.
    pub module: PathBuf,
    /// The token.
    pub token: HsmToken,
    /// The label of the AES key.
    pub key: String,
}

/// Whether a wrapping key may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// If there is none, make one of 256 bits that can never be extracted.
    Make,
    /// If there is none, fail.
    Fail,
}

/// A hardware security module with the PIN of its user.
///
/// Each call logs in once, however it ends: tokens lock after a few wrong PINs. For the same reason
/// the last try that a token leaves is never used.
pub struct Hsm {
    place: HsmPlace,
    pin: Plaintext,
}

impl Hsm {
    /// The module, and the PIN of its user as the token takes it.
    pub const fn new(place: HsmPlace, pin: Plaintext) -> Self {
        Self { place, pin }
    }

    /// Makes a root key and wraps it. What is returned was unwrapped once, to be sure.
    ///
    /// # Errors
    ///
    /// The module, the token, the PIN or the key does not do.
    pub fn generate(
        &self,
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> Result<(WrappedRoot, RootKey), HsmError> {
        let bytes = random_secret(entropy, RootKey::LENGTH)?;
        let wrapped = Session::run(&self.place, &self.pin, missing, |session| {
            let key = session.wrapping_key(missing)?;
            let wrapped = session.wrap(key, bytes.expose(), entropy)?;
            let again = session.unwrap(key, &wrapped)?;
            if crate::constant_time_eq(again.expose(), bytes.expose()) {
                Ok(wrapped)
            } else {
                Err(HsmError::Unproved)
            }
        })?;
        Ok((wrapped, RootKey::from_bytes(bytes)?))
    }

    /// Unwraps each of them, in one session. Those that were wrapped by another key give nothing.
    ///
    /// # Errors
    ///
    /// The module, the token, the PIN or the key does not do; or none could be unwrapped.
    pub fn unwrap<const N: usize>(
        &self,
        wrapped: [Option<&WrappedRoot>; N],
    ) -> Result<[Option<RootKey>; N], HsmError> {
        Session::run(&self.place, &self.pin, Missing::Fail, |session| {
            let key = session.wrapping_key(Missing::Fail)?;
            let mut keys = [const { None }; N];
            let mut foreign = None;
            for (key_out, wrapped) in keys.iter_mut().zip(wrapped) {
                let Some(wrapped) = wrapped else { continue };
                match session.unwrap(key, wrapped) {
                    Ok(bytes) => *key_out = Some(RootKey::from_bytes(bytes)?),
                    Err(error @ HsmError::Foreign { .. }) => foreign = Some(error),
                    Err(error) => return Err(error),
                }
            }
            match foreign {
                Some(error) if keys.iter().all(Option::is_none) => Err(error),
                _ => Ok(keys),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_not_there_is_named() {
        let hsm = Hsm::new(
            HsmPlace {
                module: "/nowhere/libhsm.so".into(),
                token: HsmToken::Slot(0),
                key: "root".to_owned(),
            },
            Plaintext::new(b"1234".to_vec()),
        );
        let error = hsm.unwrap([]).err().unwrap();
        assert!(matches!(&error, HsmError::Module { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("/nowhere/libhsm.so") && said.contains("root_key.module"));
        assert!(!said.contains("1234"));
    }
}
