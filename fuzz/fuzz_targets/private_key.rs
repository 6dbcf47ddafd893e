//! Private keys as imports bring them, PKCS#8 (RFC 5208) or raw: what is accepted works, and is the
//! same key when it is exported and imported again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::{KeyMaterial, SignRequest};
use strongroom_fuzz::{Fixed, material, pick, spoilt};
use strongroom_types::{KeyOperation, KeyType, Plaintext};

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

fn run(input: &[u8]) -> Option<()> {
    let (key_type, rest) = pick(&KeyType::ALL, input)?;
    let (genuine, rest) = pick(&[false, true], rest)?;
    let bytes = match genuine {
        // The first byte says where the change starts: documents are long.
        true => {
            let (start, rest) = rest.split_first()?;
            let mask = [&vec![0; usize::from(*start) * 8], rest].concat();
            spoilt(material(key_type).expose(), &mask)?
        }
        false => rest.to_vec(),
    };
    if let Ok(key) = KeyMaterial::import(key_type, Plaintext::new(bytes)) {
        works(&key);
    }
    Some(())
}

fn works(key: &KeyMaterial) {
    let again = KeyMaterial::import(key.key_type(), key.export_material());
    let again = again.expect("what was exported can be imported");
    assert_eq!(
        again.export_material().expose(),
        key.export_material().expose()
    );
    assert_eq!(again.public_key(), key.public_key());
    if key.key_type().offers(KeyOperation::Encrypt) {
        let sealed = key.encrypt(&Fixed, b"", b"a message").expect("it encrypts");
        let opened = again.decrypt(b"", &sealed).expect("it decrypts");
        assert_eq!(opened.expose(), b"a message");
    }
    if key.key_type().offers(KeyOperation::Sign) {
        let request = SignRequest {
            input: b"a message",
            ..SignRequest::default()
        };
        let signature = key.sign(&request).expect("it signs");
        assert!(matches!(again.verify(&request, &signature), Ok(true)));
    }
}
