//! Where the root key comes from.

use std::path::PathBuf;

use super::section::{choice, section};

choice! {
    /// Who keeps the root key.
    pub enum Provider: "`file`, `environment`, `credential`, `passphrase`, `shamir` or `pkcs11`" {
        /// A file that only its owner may read.
        File,
        /// An environment variable.
        Environment,
        /// A credential that systemd hands over.
        Credential,
        /// A passphrase, stretched by Argon2id.
        Passphrase,
        /// Shares, of which some number opens; the server starts sealed.
        Shamir,
        /// A hardware security module wraps it.
        Pkcs11,
    }
}

impl Provider {
    /// The word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Environment => "environment",
            Self::Credential => "credential",
            Self::Passphrase => "passphrase",
            Self::Shamir => "shamir",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

choice! {
    /// Where the passphrase comes from.
    pub enum PassphraseSource: "`prompt`, `file` or `environment`" {
        /// The terminal asks for it.
        Prompt,
        /// A file.
        File,
        /// An environment variable.
        Environment,
    }
}

choice! {
    /// Where the PIN of a hardware security module comes from.
    pub enum PinSource: "`prompt`, `file`, `environment` or `credential`" {
        /// The terminal asks for it.
        Prompt,
        /// A file.
        File,
        /// An environment variable.
        Environment,
        /// A credential that systemd hands over.
        Credential,
    }
}

section! {
    /// Where the root key comes from: the one key that opens all others. Keep a copy of it away
    /// from the data: without it the data cannot be read, by anyone.
    pub struct RootKey {
        /// Who keeps the root key.
        pub provider: Provider = Provider::File,
        /// `file`: where the key lies. Without it, `root.key` in the data directory, which
        /// protects only against whoever gets the data without that file.
        pub file: Option<PathBuf> = None,
        /// `environment`: the variable that holds the key, in base64 or hexadecimal.
        pub variable: String = "STRONGROOM_ROOT_KEY".to_owned(),
        /// `credential`: the name of the credential under `$CREDENTIALS_DIRECTORY`.
        pub credential: String = "strongroom-root-key".to_owned(),
        /// `passphrase`: where the passphrase comes from.
        pub passphrase: PassphraseSource = PassphraseSource::Prompt,
        /// `passphrase` from a file: its path. A line break at its end does not count.
        pub passphrase_file: Option<PathBuf> = None,
        /// `passphrase` from the environment: the variable that holds it.
        pub passphrase_variable: String = "STRONGROOM_PASSPHRASE".to_owned(),
        /// `shamir`: how many shares open, from 2. Counts when shares are made: by `init`,
        /// `root rotate` and `root migrate`.
        pub threshold: u8 = 3,
        /// `shamir`: how many shares there are, up to 255. Counts when shares are made.
        pub shares: u8 = 5,
        /// `pkcs11`: the shared library that came with the hardware.
        pub module: Option<PathBuf> = None,
        /// `pkcs11`: the label of the token. It or `slot` has to be there.
        pub token: Option<String> = None,
        /// `pkcs11`: the number of the token's slot, where the label does not tell it apart.
        pub slot: Option<u64> = None,
        /// `pkcs11`: the label of the AES key in the token that wraps the root key.
        pub key_label: String = "strongroom-root-key".to_owned(),
        /// `pkcs11`: whether `init`, `root rotate` and `root migrate` make that key if the token
        /// has none. It can never be extracted.
        pub generate: bool = false,
        /// `pkcs11`: where the PIN of the token's user comes from. It is tried once.
        pub pin: PinSource = PinSource::Prompt,
        /// `pkcs11` with a PIN from a file: its path. A line break at its end does not count.
        pub pin_file: Option<PathBuf> = None,
        /// `pkcs11` with a PIN from the environment: the variable that holds it.
        pub pin_variable: String = "STRONGROOM_PIN".to_owned(),
        /// `pkcs11` with a PIN from systemd: the name of the credential.
        pub pin_credential: String = "strongroom-pin".to_owned(),
    }
}
