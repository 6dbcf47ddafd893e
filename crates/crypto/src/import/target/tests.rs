//! Keys as their owners have them in files.

use std::process::Command;

use super::*;
use crate::testing::material;

fn importable() -> impl Iterator<Item = KeyType> {
    KeyType::ALL
        .into_iter()
        .filter(|known| known.offers(KeyOperation::Import))
}

fn read(contents: &[u8], key_type: Option<KeyType>) -> Result<ImportTarget, TargetError> {
    ImportTarget::read(Plaintext::new(contents.to_vec()), key_type)
}

fn refused(contents: &[u8], key_type: Option<KeyType>) -> String {
    read(contents, key_type).map(drop).unwrap_err().to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
}

/// What OpenSSL prints.
fn openssl(line: &str) -> Vec<u8> {
    let said = Command::new("openssl").args(line.split(' ')).output();
    let said = said.unwrap();
    assert!(said.status.success(), "{line}: {said:?}");
    said.stdout
}

#[test]
fn every_importable_type_is_read_as_it_is_exported() {
    for key_type in importable() {
        let exported = material(key_type).export_material();
        for named in [Some(key_type), None] {
            let target = read(exported.expose(), named).unwrap();
            assert_eq!(target.encoded().expose(), exported.expose(), "{key_type}");
            // The two types of 32 raw bytes cannot be told apart.
            if named.is_some() || key_type != KeyType::ChaCha20Poly1305 {
                assert_eq!(target.key_type(), key_type);
            }
        }
        if !matches!(key_type.family(), strongroom_types::KeyFamily::Aead) {
            let text = format!("\n{}", pem("PRIVATE KEY", exported.expose()));
            let target = read(text.as_bytes(), Some(key_type)).unwrap();
            assert_eq!(target.encoded().expose(), exported.expose(), "{key_type}");
        }
    }
}

#[test]
fn the_traditional_forms_of_openssl_become_pkcs8() {
    for (key_type, line) in [
        (KeyType::Rsa2048, "genrsa -traditional 2048"),
        (KeyType::EcdsaP256, "ecparam -name prime256v1 -genkey"),
        (KeyType::EcdsaP384, "ecparam -name secp384r1 -genkey -noout"),
        (KeyType::EcdsaP521, "ecparam -name secp521r1 -genkey"),
    ] {
        let text = openssl(line);
        assert!(text.windows(16).any(|at| at == b" PRIVATE KEY----"));
        for named in [Some(key_type), None] {
            let target = read(&text, named).unwrap();
            assert_eq!(target.key_type(), key_type);
            let material = Plaintext::new(target.encoded().expose().to_vec());
            assert!(KeyMaterial::import(key_type, material).is_ok());
        }
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let key = material(KeyType::EcdsaP256).export_material();
    let (aes, p384) = (Some(KeyType::Aes256Gcm96), Some(KeyType::EcdsaP384));
    let der = key.expose();
    for (contents, named, says) in [
        (&[1; 32][..], Some(KeyType::Hmac), "cannot be imported"),
        (&[1; 16], aes, "has 32 bytes, and this material has 16"),
        (&[1; 17], None, "16 or 32 raw bytes"),
        (der, p384, "ecdsa-p384"),
        (b"-----BEGIN PRIVATE KEY-----\nAA", None, "PEM"),
        (
            pem("PUBLIC KEY", der).as_bytes(),
            None,
            "it says PUBLIC KEY",
        ),
        (
            pem("ENCRYPTED PRIVATE KEY", der).as_bytes(),
            None,
            "openssl pkcs8",
        ),
        (
            pem("OPENSSH PRIVATE KEY", der).as_bytes(),
            None,
            "ssh-keygen",
        ),
        (
            pem("EC PRIVATE KEY", &[48, 0]).as_bytes(),
            None,
            "EC PRIVATE KEY",
        ),
        (
            pem("RSA PRIVATE KEY", &[48, 0]).as_bytes(),
            None,
            "RSA PRIVATE KEY",
        ),
        (
            &openssl("ecparam -name secp256k1 -genkey -noout"),
            None,
            "on a curve",
        ),
    ] {
        let message = refused(contents, named);
        assert!(message.contains(says), "{message}");
    }
}
