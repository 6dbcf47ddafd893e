//! The keys of one installation, as one row that the root key seals.

use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use crate::siv::KEY;
use crate::{
    ChainKey, ContentsError, Entropy, EntropyError, HeadSigner, KeyEncryptionKey, LibraryError,
    OpenError, RootKey, SealError, Sealed, StorageKey, TokenKey,
};

const PURPOSE: &str = "strongroom/keyring/1";

/// Layout 1: this byte, then the five keys in the order of the fields below, 32 bytes each.
const LAYOUT: u8 = 1;
const KEYS: usize = 5;

/// Why no keyring was made.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There were no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// The random keys that everything else of an installation is sealed, wrapped and signed with.
///
/// They never change when the root key does: rotating the root opens this one row with the old
/// root key and seals it with the new one.
///
/// ```compile_fail
/// fn show(keys: strongroom_crypto::Keyring) -> String { format!("{keys:?}") }
/// ```
/// ```compile_fail
/// fn copy(keys: &strongroom_crypto::Keyring) -> strongroom_crypto::Keyring { keys.clone() }
/// ```
pub struct Keyring {
    /// The layout byte and the keys, to seal again when the root key rotates.
    contents: Plaintext,
    storage: StorageKey,
    key_encryption: KeyEncryptionKey,
    audit_chain: ChainKey,
    audit_signer: HeadSigner,
    access_tokens: TokenKey,
}

impl Keyring {
    /// A fresh keyring for a new installation.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyringError> {
        let mut keys = Zeroizing::new([[0; KEY]; KEYS]);
        for key in keys.iter_mut() {
            entropy.fill(key)?;
        }
        Ok(Self::assemble(&keys)?)
    }

    /// Seals the keyring under the root key, for this installation.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn seal(
        &self,
        root: &RootKey,
        entropy: &dyn Entropy,
        installation: &[u8],
    ) -> Result<Sealed, SealError> {
        root.seal(entropy, PURPOSE, installation, self.contents.expose())
    }

    /// Opens the keyring of this installation. This is also how a root key is verified.
    ///
    /// # Errors
    ///
    /// The root key or the installation is another one, the row was changed, or a later release
    /// wrote it.
    pub fn open(root: &RootKey, sealed: &Sealed, installation: &[u8]) -> Result<Self, OpenError> {
        let contents = root.open(PURPOSE, installation, sealed)?;
        let keys = parse(contents.expose()).map_err(OpenError::Contents)?;
        Ok(Self::assemble(keys)?)
    }

    fn assemble(keys: &[[u8; KEY]; KEYS]) -> Result<Self, LibraryError> {
        let mut contents = Vec::with_capacity(1 + KEYS * KEY);
        contents.push(LAYOUT);
        contents.extend_from_slice(keys.as_flattened());
        let [
            storage,
            key_encryption,
            audit_chain,
            audit_signer,
            access_tokens,
        ] = keys;
        Ok(Self {
            contents: Plaintext::new(contents),
            storage: StorageKey::new(storage)?,
            key_encryption: KeyEncryptionKey::new(key_encryption)?,
            audit_chain: ChainKey::new(audit_chain),
            audit_signer: HeadSigner::new(audit_signer)?,
            access_tokens: TokenKey::new(access_tokens)?,
        })
    }

    /// Seals and opens the rows of the store.
    pub fn storage(&self) -> &StorageKey {
        &self.storage
    }

    /// Wraps and unwraps the material of KMS key versions.
    pub fn key_encryption(&self) -> &KeyEncryptionKey {
        &self.key_encryption
    }

    /// Links the frames of the audit journal.
    pub fn audit_chain(&self) -> &ChainKey {
        &self.audit_chain
    }

    /// Signs the heads of the audit chain.
    pub fn audit_signer(&self) -> &HeadSigner {
        &self.audit_signer
    }

    /// Seals and opens the claims of access tokens.
    pub fn access_tokens(&self) -> &TokenKey {
        &self.access_tokens
    }
}

/// The keys in authentic contents.
fn parse(contents: &[u8]) -> Result<&[[u8; KEY]; KEYS], ContentsError> {
    let wrong_length = || ContentsError::Length {
        expected: 1 + KEYS * KEY,
        found: contents.len(),
    };
    let (&layout, keys) = contents.split_first().ok_or_else(wrong_length)?;
    if layout != LAYOUT {
        return Err(ContentsError::Layout { found: layout });
    }
    match keys.as_chunks() {
        (keys, []) => keys.try_into().map_err(|_| wrong_length()),
        _ => Err(wrong_length()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedEntropy, NoEntropy, flipped, keyring, root_key};
    use crate::{SystemEntropy, TokenKind};

    use aws_lc_rs::digest;

    const HERE: &[u8] = b"installation";

    #[test]
    fn everything_opens_after_the_keyring_was_stored() {
        let (root, keys) = (root_key(), keyring());
        let row = keys.storage().seal(&SystemEntropy, b"k", b"v").unwrap();
        let token = keys.access_tokens().seal(&SystemEntropy, b"c").unwrap();
        let link = keys.audit_chain().link(&[0; 32], b"frame");
        let sealed = keys.seal(&root, &SystemEntropy, HERE).unwrap();

        let again = Keyring::open(&root, &sealed, HERE).unwrap();
        assert_eq!(again.storage().open(b"k", &row).unwrap(), b"v");
        assert_eq!(again.access_tokens().open(token.expose()).unwrap(), b"c");
        assert_eq!(again.audit_chain().link(&[0; 32], b"frame"), link);
        assert_eq!(
            again.audit_signer().public_key(),
            keys.audit_signer().public_key()
        );
        assert_eq!(TokenKind::of(token.expose()), Some(TokenKind::Access));
    }

    #[test]
    fn another_root_or_installation_or_bit_does_not_open_it() {
        let (root, keys) = (root_key(), keyring());
        let sealed = keys.seal(&root, &SystemEntropy, HERE).unwrap();
        let fails = |root: &RootKey, sealed: &Sealed, installation: &[u8]| {
            Keyring::open(root, sealed, installation).is_err()
        };
        assert!(fails(&root_key(), &sealed, HERE));
        assert!(fails(&root, &sealed, b"elsewhere"));
        for bit in 0..sealed.as_stored().len() * 8 {
            let changed = Sealed::from_stored(flipped(sealed.as_stored(), bit));
            assert!(fails(&root, &changed, HERE), "bit {bit}");
        }
        // A row sealed under the storage key is no keyring, whoever moves it.
        let row = keys
            .storage()
            .seal(&SystemEntropy, HERE, &[1; 161])
            .unwrap();
        assert!(fails(&root, &row, HERE));
    }

    #[test]
    fn rotating_the_root_keeps_the_keys() {
        let (old, new, keys) = (root_key(), root_key(), keyring());
        let row = keys.storage().seal(&SystemEntropy, b"k", b"v").unwrap();
        let sealed = keys.seal(&old, &SystemEntropy, HERE).unwrap();
        let rotated = Keyring::open(&old, &sealed, HERE)
            .unwrap()
            .seal(&new, &SystemEntropy, HERE)
            .unwrap();
        assert!(Keyring::open(&old, &rotated, HERE).is_err());
        let again = Keyring::open(&new, &rotated, HERE).unwrap();
        assert_eq!(again.storage().open(b"k", &row).unwrap(), b"v");
    }

    #[test]
    fn contents_of_another_layout_are_named() {
        let root = root_key();
        let open = |contents: &[u8]| {
            let sealed = root.seal(&SystemEntropy, PURPOSE, HERE, contents).unwrap();
            match Keyring::open(&root, &sealed, HERE) {
                Err(OpenError::Contents(error)) => Some(error),
                _ => None,
            }
        };
        let length = |found| ContentsError::Length {
            expected: 161,
            found,
        };
        assert_eq!(open(&[9; 161]), Some(ContentsError::Layout { found: 9 }));
        for found in [0, 1, 33, 160, 162, 193] {
            assert_eq!(open(&vec![LAYOUT; found]), Some(length(found)));
        }
        assert_eq!(open(&[LAYOUT; 161]), None);
    }

    #[test]
    fn the_order_of_the_keys_is_pinned() {
        let keys: [[u8; KEY]; KEYS] = std::array::from_fn(|place| [place as u8 + 1; KEY]);
        let keyring = Keyring::assemble(&keys).unwrap();
        let rows = StorageKey::new(&[1; KEY]).unwrap();
        let row = rows.seal(&FixedEntropy(0), b"k", b"v").unwrap();
        assert_eq!(keyring.storage().open(b"k", &row).unwrap(), b"v");
        let chain = ChainKey::new(&[3; KEY]);
        assert_eq!(
            keyring.audit_chain().link(&[0; 32], b""),
            chain.link(&[0; 32], b"")
        );
        let signer = HeadSigner::new(&[4; KEY]).unwrap();
        assert_eq!(keyring.audit_signer().public_key(), signer.public_key());
        let tokens = TokenKey::new(&[5; KEY]).unwrap();
        let token = tokens.seal(&SystemEntropy, b"c").unwrap();
        assert!(keyring.access_tokens().open(token.expose()).is_ok());
    }

    /// An installation of this release must open in every later one. The row, here by its
    /// SHA-256, was also computed with another implementation of RFC 8452.
    #[test]
    fn the_stored_form_is_pinned() {
        let keys = Keyring::generate(&FixedEntropy(3)).unwrap();
        let root = RootKey::from_bytes(Plaintext::new(vec![7; KEY])).unwrap();
        let sealed = keys.seal(&root, &FixedEntropy(3), HERE).unwrap();
        let digest = digest::digest(&digest::SHA256, sealed.as_stored());
        assert_eq!(
            data_encoding::HEXLOWER.encode(digest.as_ref()),
            "f8412a5822407fa58ba3df5b46fec6f64a846e0425915fd269f69870182ce3ce"
        );
    }

    #[test]
    fn without_entropy_there_is_no_keyring() {
        assert!(matches!(
            Keyring::generate(&NoEntropy),
            Err(KeyringError::Entropy(_))
        ));
    }
}
