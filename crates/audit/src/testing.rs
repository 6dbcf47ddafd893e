//! What the tests of this crate share.

use std::sync::LazyLock;
use strongroom_crypto::{Keyring, SystemEntropy};

/// The keys of the tests.
pub(crate) fn keys() -> &'static Keyring {
    static KEYS: LazyLock<Keyring> =
        LazyLock::new(|| Keyring::generate(&SystemEntropy::default()).unwrap());
    &KEYS
}
