//! Why there is no root key to work with, in words that say what to do.

use std::io;
use std::path::PathBuf;

use strongroom_crypto::EntropyError;
use strongroom_crypto::provider::{
    HeaderError, ProviderError, ShareError, ShareHeaderError, SplitError, WrappedRootError,
};

/// There is no root key to work with.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyUnavailable {
    /// The provider has none, or guards it badly.
    #[error("the root key cannot be had (root_key.provider = \"{provider}\")")]
    Provider {
        /// Which one.
        provider: &'static str,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// A variable is not set.
    #[error("the environment variable {variable} is not set; {key} says that it holds {what}")]
    Variable {
        /// Which variable.
        variable: String,
        /// The setting that names it.
        key: &'static str,
        /// What should be in it.
        what: &'static str,
    },
    /// systemd handed over no credentials.
    #[error(
        "$CREDENTIALS_DIRECTORY is not set: start under systemd with \
         LoadCredential={0}:/path/to/key, or choose another root_key.provider"
    )]
    NoCredentials(String),
    /// The passphrase file cannot be read.
    #[error("the passphrase file {} cannot be read (root_key.passphrase_file)", path.display())]
    PassphraseFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No file is named to read the passphrase from.
    #[error("root_key.passphrase = \"file\" needs root_key.passphrase_file")]
    NoPassphraseFile,
    /// Nobody answered the prompt.
    #[error(
        "the passphrase cannot be asked for: there is no terminal; set root_key.passphrase to \
         \"file\" or \"environment\""
    )]
    Prompt(#[source] io::Error),
    /// The new passphrase was typed differently the second time.
    #[error("the two passphrases differ; start again")]
    Differ,
    /// The passphrase's header cannot be read or written.
    #[error("{} cannot be {action}; it holds the salt of the passphrase", path.display())]
    HeaderFile {
        /// Which file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The header is damaged.
    #[error("{} is damaged; restore it from a backup", path.display())]
    Header {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: HeaderError,
    },
    /// A file of the root key cannot be put in place.
    #[error("{} cannot be {action}", path.display())]
    Replacing {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing of ours can be made anew.
    #[error(
        "root_key.provider = \"{0}\" keeps the root key outside of this service: make a new one \
         there and go over to it with `strongroom root migrate --to FILE`"
    )]
    KeptElsewhere(&'static str),
    /// A header of shares is damaged.
    #[error("{} is damaged; restore it from a backup", path.display())]
    ShareHeader {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ShareHeaderError,
    },
    /// The file with the wrapped root key is damaged.
    #[error("{} is damaged; restore it from a backup", path.display())]
    WrappedRoot {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: WrappedRootError,
    },
    /// A setting of the module is missing.
    #[error("root_key.provider = \"pkcs11\" needs {0}")]
    NoModule(&'static str),
    /// The file with the PIN cannot be read.
    #[error("the file {} with the token's PIN cannot be read (root_key.pin)", path.display())]
    PinFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nobody answered the prompt.
    #[error(
        "the token's PIN cannot be asked for: there is no terminal; set root_key.pin to \"file\", \
         \"environment\" or \"credential\""
    )]
    PinPrompt(#[source] io::Error),
    /// A text that is no share.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// No shares can be made.
    #[error("the root key cannot be made into shares")]
    Split(#[from] SplitError),
    /// Nobody gave a share.
    #[error("no share can be read from the terminal or from standard input")]
    NoShare(#[source] io::Error),
    /// The new shares cannot be shown.
    #[error("the new shares cannot be shown; nothing was changed")]
    Show(#[source] io::Error),
    /// There is no randomness.
    #[error("no random bytes can be had for a new key")]
    Entropy(#[from] EntropyError),
}

impl RootKeyUnavailable {
    /// Whether starting again with the same configuration may lock a hardware token.
    pub const fn is_about_the_pin(&self) -> bool {
        match self {
            Self::Provider {
                source: ProviderError::Hsm(error),
                ..
            } => error.is_about_the_pin(),
            _ => false,
        }
    }
}
