//! Bodies of requests, access policies, and what else is text from outside: nothing crashes, and
//! what a client would send again is read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_api::{
    CreateKey, CreateSecret, Decrypt, DrawDataKey, DrawRandom, Encrypt, Export, GetValue, Hmac,
    PolicyUpdate, PutValue, Reencrypt, Rotation, Rules, Sign, Verify, VerifyHmac,
};
use strongroom_authz::AccessPolicy;
use strongroom_fuzz::pick;

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

fn run(input: &[u8]) -> Option<()> {
    let (reader, body) = pick(&READERS, input)?;
    reader(body);
    Some(())
}

const READERS: [fn(&[u8]); 18] = [
    |body| drop(Hmac::parse(body)),
    |body| drop(VerifyHmac::parse(body)),
    |body| drop(Sign::parse(body)),
    |body| drop(Verify::parse(body)),
    |body| drop(Reencrypt::parse(body)),
    |body| drop(DrawDataKey::parse(body)),
    |body| drop(DrawRandom::parse(body)),
    |body| drop(Export::parse(body)),
    |body| drop(Rotation::parse(body)),
    |body| drop(GetValue::parse(body)),
    |body| drop(PolicyUpdate::parse(body)),
    |body| drop(PutValue::parse(body, &Rules::default())),
    |body| drop(CreateSecret::parse(body, &Rules::default())),
    create_key,
    encrypt,
    decrypt,
    policy,
    policy,
];

fn create_key(body: &[u8]) {
    let Ok(read) = CreateKey::parse(body, &Rules::default()) else {
        return;
    };
    let again = CreateKey::parse(read.to_body().as_bytes(), &Rules::default());
    assert_eq!(again.expect("what we write can be read"), read);
}

fn encrypt(body: &[u8]) {
    let Ok(read) = Encrypt::parse(body) else {
        return;
    };
    let again = Encrypt::parse(read.to_body().as_ref()).ok();
    let again = again.expect("what we write can be read");
    assert_eq!(again.plaintext.expose(), read.plaintext.expose());
    assert_eq!(again.key_version, read.key_version);
    assert_eq!(
        again.associated_data.expose(),
        read.associated_data.expose()
    );
}

fn decrypt(body: &[u8]) {
    let Ok(read) = Decrypt::parse(body) else {
        return;
    };
    let again = Decrypt::parse(read.to_body().as_ref()).ok();
    let again = again.expect("what we write can be read");
    assert_eq!(again.ciphertext, read.ciphertext);
    assert_eq!(
        again.associated_data.expose(),
        read.associated_data.expose()
    );
}

fn policy(body: &[u8]) {
    if let Ok(text) = std::str::from_utf8(body) {
        drop(AccessPolicy::parse(text));
    }
}
