//! Public keys in PEM, as the caller's side of an import reads them (RFC 7468): nothing crashes,
//! and what is accepted wraps.

#![no_main]

use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;
use strongroom_crypto::wrap_for_import;
use strongroom_fuzz::{Fixed, pick, spoilt, wrapping_key};
use strongroom_types::{Plaintext, WrapHash};

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

#[derive(Clone, Copy)]
enum Form {
    Pem,
    Der,
    Spoilt,
}

fn run(input: &[u8]) -> Option<()> {
    let (form, rest) = pick(&[Form::Pem, Form::Der, Form::Spoilt], input)?;
    let text = match form {
        Form::Pem => std::str::from_utf8(rest).ok()?.to_owned(),
        Form::Der => pem(rest),
        Form::Spoilt => pem(&spoilt(wrapping_key().public_key().as_spki(), rest)?),
    };
    let target = Plaintext::new(vec![1; 32]);
    if let Ok(blob) = wrap_for_import(&Fixed, &text, WrapHash::Sha256, &target) {
        // The modulus has 2048 to 8192 bits; AES-KWP makes 40 bytes of the target.
        assert!(
            (256 + 40..=1024 + 40).contains(&blob.len()),
            "{} bytes",
            blob.len()
        );
    }
    Some(())
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
