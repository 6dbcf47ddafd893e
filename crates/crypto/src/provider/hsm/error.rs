//! What can be wrong with a hardware security module, in words that say what to do.

use std::path::PathBuf;

use super::HsmToken;
use crate::{EntropyError, LibraryError, RootKeyError};

/// Why a hardware security module gave no root key.
#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    /// The module's library does not load.
    #[error(
        "the PKCS#11 module {} cannot be loaded: name the shared library that came with the \
         hardware in root_key.module", path.display()
    )]
    Module {
        /// The library.
        path: PathBuf,
        /// What the system said.
        source: LibraryError,
    },
    /// No such token.
    #[error(
        "the PKCS#11 module has no token {}; it has {found}: correct root_key.token or \
         root_key.slot, or connect the token",
        shown(wanted)
    )]
    Token {
        /// What the configuration names.
        wanted: HsmToken,
        /// What there is, for people.
        found: String,
    },
    /// Two tokens with this label.
    #[error("several tokens have the label \"{label}\": name one with root_key.slot")]
    Tokens {
        /// The label.
        label: String,
    },
    /// The token refused the PIN.
    #[error(
        "the token refused the PIN, and it was not tried again, because tokens lock after a few \
         wrong ones: correct it before the next start"
    )]
    Pin(#[source] LibraryError),
    /// The token is locked.
    #[error("the token's PIN is locked: its security officer has to set it again")]
    Locked,
    /// One more wrong PIN would lock the token.
    #[error(
        "wrong PINs were given to the token before, and one more would lock it, so none was tried: \
         log in once with another tool and the right PIN, which gives all tries back"
    )]
    LastTry,
    /// No such key.
    #[error(
        "the token has no AES key with the label \"{label}\": correct root_key.key_label, or set \
         root_key.generate = true and let init, root rotate or root migrate make one"
    )]
    Key {
        /// The label.
        label: String,
    },
    /// Two keys with this label.
    #[error("several AES keys of the token have the label \"{label}\": give ours one of its own")]
    Keys {
        /// The label.
        label: String,
    },
    /// The key could leave the token.
    #[error(
        "the key \"{label}\" can be extracted from the token, so it protects nothing: use one that \
         is sensitive and not extractable, such as root_key.generate = true makes"
    )]
    Extractable {
        /// The label.
        label: String,
    },
    /// The wrapped root key is of another key, or was changed.
    #[error(
        "the key of the token does not unwrap the root key: it was wrapped by another key, or is \
         damaged; correct root_key.token and root_key.key_label, or restore the file"
    )]
    Foreign {
        /// What the module said; none if it gave too few bytes.
        source: Option<LibraryError>,
    },
    /// What was wrapped did not unwrap to the same.
    #[error("the token wrapped a new root key and did not unwrap it to the same; nothing was kept")]
    Unproved,
    /// The module failed.
    #[error("the PKCS#11 module did not {action}")]
    Refused {
        /// What it was to do.
        action: &'static str,
        /// What it said.
        source: LibraryError,
    },
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The unwrapped bytes are no root key.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
}

impl HsmError {
    /// Whether trying again, as a service manager would, may lock the token.
    pub const fn is_about_the_pin(&self) -> bool {
        matches!(self, Self::Pin(_) | Self::Locked | Self::LastTry)
    }
}

fn shown(token: &HsmToken) -> String {
    match token {
        HsmToken::Label(label) => format!("with the label \"{label}\""),
        HsmToken::Slot(slot) => format!("in slot {slot}"),
    }
}
