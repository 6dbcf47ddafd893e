//! The two keys of a journal, wherever they are kept.

use strongroom_crypto::{ChainKey, HeadSigner, Keyring};

/// Holds the keys that link and sign a journal.
pub trait JournalKeys: Send + Sync + 'static {
    /// Links the frames.
    fn chain(&self) -> &ChainKey;

    /// Signs the heads.
    fn signer(&self) -> &HeadSigner;
}

impl JournalKeys for Keyring {
    fn chain(&self) -> &ChainKey {
        self.audit_chain()
    }

    fn signer(&self) -> &HeadSigner {
        self.audit_signer()
    }
}
