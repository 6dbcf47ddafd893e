//! Keys from elsewhere in their wrap (contract 2.6): nothing crashes, nothing foreign unwraps, and
//! the wrap changes nothing of what is in it.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::{ImportError, KeyMaterial, wrap_for_import};
use strongroom_fuzz::{Fixed, pick, spoilt, wrapping_key};
use strongroom_types::{KeyOperation, KeyType, Plaintext, WrapHash};

/// Bytes of the part under RSA-OAEP.
const HEAD: usize = 512;

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

#[derive(Clone, Copy)]
enum Form {
    Blob,
    Body,
    Spoilt,
    Target,
}

fn run(input: &[u8]) -> Option<()> {
    let (key_type, rest) = pick(&KeyType::ALL, input)?;
    let (hash, rest) = pick(&WrapHash::ALL, rest)?;
    let forms = [Form::Blob, Form::Body, Form::Spoilt, Form::Target];
    let (form, rest) = pick(&forms, rest)?;
    match form {
        Form::Blob => refused(key_type, hash, rest),
        // A genuine ephemeral key, so that AES-KWP sees what follows.
        Form::Body => refused(key_type, hash, &[genuine().get(..HEAD)?, rest].concat()),
        Form::Spoilt => refused(key_type, WrapHash::Sha256, &spoilt(genuine(), rest)?),
        Form::Target => arrives(key_type, hash, rest),
    }
    Some(())
}

fn refused(key_type: KeyType, hash: WrapHash, blob: &[u8]) {
    if blob == genuine() {
        return;
    }
    match wrapping_key().unwrap_import(key_type, hash, blob) {
        Err(ImportError::Unwrap | ImportError::BlobLength { .. }) => {}
        Err(ImportError::NotImportable(_)) => assert!(!key_type.offers(KeyOperation::Import)),
        Err(ImportError::Material(_)) | Ok(_) => panic!("a foreign wrap came off"),
    }
}

/// What was wrapped properly is judged as if it had come without a wrap.
fn arrives(key_type: KeyType, hash: WrapHash, target: &[u8]) {
    let bare = || Plaintext::new(target.to_vec());
    let public = wrapping_key().public_key().as_text();
    let Ok(blob) = wrap_for_import(&Fixed, public, hash, &bare()) else {
        return;
    };
    let direct = KeyMaterial::import(key_type, bare());
    match (wrapping_key().unwrap_import(key_type, hash, &blob), direct) {
        (Ok(key), Ok(same)) => {
            assert_eq!(
                key.export_material().expose(),
                same.export_material().expose()
            );
        }
        (Err(ImportError::Material(_)), Err(_)) => {}
        (Err(ImportError::NotImportable(_)), _) => {
            assert!(!key_type.offers(KeyOperation::Import));
        }
        _ => panic!("the wrap changed what was in it"),
    }
}

/// A good blob over an AES-256 key, made once a run: RSA-OAEP is random.
fn genuine() -> &'static [u8] {
    static BLOB: OnceLock<Vec<u8>> = OnceLock::new();
    BLOB.get_or_init(|| {
        let public = wrapping_key().public_key().as_text();
        let target = Plaintext::new(vec![1; 32]);
        wrap_for_import(&Fixed, public, WrapHash::Sha256, &target).expect("it wraps")
    })
}
