//! Stored bytes and tokens: rows, the keyring, wrapped material, envelopes, access tokens. Nothing
//! crashes, and nothing opens that was not sealed for its place.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::{
    Envelope, EnvelopePlace, KeyMaterial, Keyring, MaterialPlace, RootKey, Sealed, TokenHash,
    TokenKind, WrappingKey,
};
use strongroom_fuzz::{Fixed, key, pick, spoilt};
use strongroom_types::{KeyId, KeyType, OrganisationId, Plaintext, Region, Scope, Version};

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

#[derive(Clone, Copy)]
enum Form {
    Row,
    Keyring,
    Material,
    WrappingKey,
    Envelope,
    Token,
}

fn run(input: &[u8]) -> Option<()> {
    let forms = [
        Form::Row,
        Form::Keyring,
        Form::Material,
        Form::WrappingKey,
        Form::Envelope,
        Form::Token,
    ];
    let (form, rest) = pick(&forms, input)?;
    let (genuine, rest) = pick(&[false, true], rest)?;
    let bytes = |made: &[u8]| match genuine {
        true => spoilt(made, rest),
        // libFuzzer learns from comparisons, and has put the genuine one here, too.
        false => Some(rest.to_vec()).filter(|bytes| bytes != made),
    };
    match form {
        Form::Row => row(bytes),
        Form::Keyring => ring(bytes),
        Form::Material => stored_material(bytes),
        Form::WrappingKey => {
            let opened = WrappingKey::unwrap(keyring().key_encryption(), &region(), rest);
            assert!(opened.is_err());
            Some(())
        }
        Form::Envelope => envelope(bytes),
        Form::Token => token(bytes),
    }
}

fn row(bytes: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    let key = keyring().storage();
    let made = key.seal(&Fixed, b"place", b"contents").expect("it seals");
    assert_eq!(key.open(b"place", &made).expect("it opens"), b"contents");
    let other = Sealed::from_stored(bytes(made.as_stored())?);
    assert!(key.open(b"place", &other).is_err(), "a foreign row opened");
    Some(())
}

fn ring(bytes: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    static MADE: OnceLock<Sealed> = OnceLock::new();
    let made = MADE.get_or_init(|| keyring().seal(&root(), &Fixed, b"here").expect("it seals"));
    let other = Sealed::from_stored(bytes(made.as_stored())?);
    assert!(
        Keyring::open(&root(), &other, b"here").is_err(),
        "a foreign keyring opened"
    );
    Some(())
}

fn stored_material(bytes: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    let kek = keyring().key_encryption();
    let place = MaterialPlace {
        organisation: OrganisationId::from_bytes([1; 16]),
        region: region(),
        project: None,
        key: KeyId::from_bytes([2; 16]),
        version: Version::FIRST,
    };
    let made = key(KeyType::EcdsaP256)
        .wrap(kek, &Fixed, &place)
        .expect("it wraps");
    assert!(
        KeyMaterial::unwrap(kek, &place, &bytes(&made)?).is_err(),
        "a foreign key opened"
    );
    Some(())
}

fn envelope(bytes: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    let material = key(KeyType::Aes256Gcm96);
    let scope = Scope {
        organisation: OrganisationId::from_bytes([1; 16]),
        region: region(),
        project: None,
    };
    let path = "/app/db".parse().expect("a path");
    let place = EnvelopePlace {
        scope: &scope,
        path: &path,
        incarnation: [2; 16],
        version: Version::FIRST,
        key: KeyId::from_bytes([2; 16]),
        key_version: Version::FIRST,
    };
    let made = Envelope::seal(material, &Fixed, &place, b"value").expect("it seals");
    assert_eq!(
        made.open(material, &place).expect("it opens").expose(),
        b"value"
    );
    let value = Envelope {
        ciphertext: bytes(&made.ciphertext)?,
        ..made.clone()
    };
    assert!(
        value.open(material, &place).is_err(),
        "a foreign value opened"
    );
    let data_key = Envelope {
        wrapped_data_key: bytes(&made.wrapped_data_key)?,
        ..made
    };
    assert!(
        data_key.open(material, &place).is_err(),
        "a foreign data key opened"
    );
    Some(())
}

fn token(bytes: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
    let key = keyring().access_tokens();
    let made = key.seal(&Fixed, b"claims").expect("it seals");
    let other = String::from_utf8(bytes(made.expose().as_bytes())?).ok()?;
    assert!(key.open(&other).is_err(), "a foreign token opened");
    let _ = TokenKind::of(&other);
    let _ = TokenHash::of_personal_token(&other);
    Some(())
}

fn region() -> Region {
    Region::declared(&"nl-01".parse().expect("a slug"))
}

fn root() -> RootKey {
    RootKey::from_bytes(Plaintext::new((0..32).collect())).expect("a good root key")
}

fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(|| Keyring::generate(&Fixed).expect("it is drawn"))
}
