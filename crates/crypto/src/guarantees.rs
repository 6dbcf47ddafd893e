//! What the compiler must never let happen to a key: printing, copying, comparing.
//!
//! The `compile_fail` examples in the documentation show it; this checks it for every type at
//! once, and says which type and trait it is by failing to compile.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use strongroom_types::Plaintext;

use crate::provider::{CredentialFile, KeyFile, KeyText, Passphrase, RootKeyProvider};
use crate::{
    AccessCredential, ChainKey, Envelope, HeadSigner, IssuerKey, KeyEncryptionKey, KeyMaterial,
    Keyring, PlainToken, RootKey, Sealed, StorageKey, TokenKey, WrappingKey,
};

/// Compiles only if the type lacks the trait: otherwise both implementations apply, and the
/// compiler cannot choose.
macro_rules! lacks {
    ($subject:ty: $($forbidden:path),+) => {$(
        const _: () = {
            trait Ambiguous<Marker> {
                fn check() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $forbidden> Ambiguous<Has> for T {}
            let _ = <$subject as Ambiguous<_>>::check;
        };
    )+};
}

macro_rules! secret {
    ($($subject:ty)*) => {$(
        lacks! { $subject: Debug, Display, Clone, PartialEq, Hash, AsRef<[u8]> }
    )*};
}

secret! {
    AccessCredential ChainKey HeadSigner IssuerKey KeyEncryptionKey KeyMaterial Keyring PlainToken
    Plaintext RootKey StorageKey TokenKey KeyText Passphrase WrappingKey
}

/// Every long-lived type is shared between threads.
#[test]
fn keys_are_shared_between_threads() {
    fn shared<T: Send + Sync>() -> bool {
        std::mem::needs_drop::<T>()
    }
    assert!(shared::<Keyring>());
    assert!(shared::<KeyMaterial>());
    assert!(shared::<WrappingKey>());
    assert!(shared::<RootKey>());
    assert!(shared::<Sealed>());
    assert!(shared::<Envelope>());
}

#[test]
fn providers_fit_behind_one_pointer() {
    let providers: [Box<dyn RootKeyProvider>; 2] = [
        Box::new(KeyFile::new("a")),
        Box::new(CredentialFile::new("b")),
    ];
    assert_eq!(providers.map(|one| one.name()), ["key file", "credential"]);
}
