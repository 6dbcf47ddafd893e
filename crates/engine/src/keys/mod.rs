//! Keys of the key management service (contract section 2).

mod associated;
mod change;
mod create;
mod decrypt;
mod encrypt;
mod export;
mod hmac;
mod lifecycle;
mod list;
mod lookup;
mod random;
mod reencrypt;
mod removal;
mod ring;
mod rotation;
mod schedule;
mod sign;
mod slow;
mod usable;
mod usage;
mod versioned;
mod view;
mod wrapping;

pub use associated::MAX_ASSOCIATED_DATA;
pub use change::{KeyChangeError, NewMaterialFault};
pub use create::{CreateKeyError, NewImport, NewKey};
pub use decrypt::{DecryptDataError, Decrypted, MalformedCiphertext, ToDecrypt};
pub use encrypt::{DataKey, EncryptDataError, Encrypted, MAX_PLAINTEXT, ToDraw, ToEncrypt};
pub use export::{ExportKeyError, Exported};
pub use hmac::{Hashed, ToHash};
pub use list::{KeyFilter, ListKeysError, ReadKeyError, RegionSummary, Summary};
pub(crate) use lookup::UsableKey;
pub use lookup::{KeyUnusable, ResolveKeyError};
pub use random::{DrawError, MAX_RANDOM};
pub use reencrypt::{ReencryptError, ToReencrypt};
pub use removal::RemovalError;
pub(crate) use ring::KeyRing;
pub use ring::MaterialFault;
pub use rotation::RotationChange;
pub use schedule::ScheduleError;
pub use sign::{Signed, ToSign, Verified};
pub use slow::SlowFault;
pub(crate) use slow::SlowWork;
pub use usable::UseKeyError;
pub use usage::CountError;
pub(crate) use usage::Usage;
pub use versioned::MalformedText;
pub use view::{KeyVersionView, KeyView};
pub(crate) use wrapping::WrappingKeys;
pub use wrapping::{WrappingKeyError, WrappingKeyView};

use std::sync::Arc;

use strongroom_authz::KeyNames;

use crate::engine::Inner;
use crate::rows::key::KeyHead;

/// The operations on KMS keys. Each consumes the grant that permits it.
pub struct Keys<'e>(pub(crate) &'e Arc<Inner>);

/// What became of one item of a batch: done, refused, or malformed from the start.
pub type BatchItem<T, E, M> = Result<Result<T, E>, M>;

/// What rules may call a key by.
pub(crate) fn names(head: &KeyHead) -> KeyNames {
    KeyNames {
        identity: head.identity,
        slug: head.slug.clone(),
    }
}
