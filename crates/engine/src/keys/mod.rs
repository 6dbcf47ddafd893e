//! Keys of the key management service (contract section 2).
//!
//! The symmetric types work whole. The other types of contract 2.4 have their place in
//! `strongroom-crypto`'s material and answer [`CreateKeyError::Unsupported`] until they do too.

mod change;
mod create;
mod crypto;
mod lifecycle;
mod list;
mod lookup;
mod removal;
mod ring;
mod rotation;
mod view;

pub use change::{KeyChangeError, NewMaterialFault};
pub use create::{CreateKeyError, NewKey};
pub use crypto::{
    DecryptDataError, Decrypted, EncryptDataError, Encrypted, MAX_PLAINTEXT, MalformedCiphertext,
};
pub use list::{KeyFilter, ListKeysError, ReadKeyError, RegionSummary, Summary};
pub(crate) use lookup::UsableKey;
pub use lookup::{KeyUnusable, ResolveKeyError};
pub use removal::RemovalError;
pub(crate) use ring::KeyRing;
pub use ring::MaterialFault;
pub use rotation::RotationChange;
pub use view::{KeyVersionView, KeyView};

use std::sync::Arc;

use strongroom_authz::KeyNames;

use crate::engine::Inner;
use crate::rows::key::KeyHead;

/// The operations on KMS keys. Each consumes the grant that permits it.
pub struct Keys<'e>(pub(crate) &'e Arc<Inner>);

/// What rules may call a key by.
pub(crate) fn names(head: &KeyHead) -> KeyNames {
    KeyNames {
        identity: head.identity,
        slug: head.slug.clone(),
    }
}
