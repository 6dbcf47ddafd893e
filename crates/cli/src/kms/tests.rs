//! Wrapping, without a server.

use strongroom_crypto::{KeyMaterial, WrappingKey as Theirs};
use tempfile::TempDir;

use crate::command::{Exit, execute, explain};
use crate::testing::{Scene, parse};

use super::*;

/// The two sides: the service's key, and the owner's files.
struct Sides {
    service: Theirs,
    files: TempDir,
}

impl Sides {
    fn new() -> Self {
        let service = Theirs::generate().unwrap();
        let files = tempfile::tempdir().unwrap();
        let pem = service.public_key().as_text();
        let answer = WrappingKey {
            public_key: pem.to_owned(),
            algorithm: Theirs::ALGORITHM.to_owned(),
        };
        std::fs::write(files.path().join("w.pem"), pem).unwrap();
        let answer = serde_json::to_vec(&answer).unwrap();
        std::fs::write(files.path().join("w.json"), answer).unwrap();
        Self { service, files }
    }

    /// Names of files follow `@`.
    fn run(&self, line: &str, stdin: &[u8]) -> Result<String, CommandError> {
        let place = format!("{}/", self.files.path().display());
        let line = format!("kms wrap {line}").replace('@', &place);
        let line: Vec<&str> = line.split(' ').collect();
        let mut scene = Scene::with_stdin(stdin);
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        runtime.block_on(execute(parse(&line).unwrap(), &mut scene))?;
        Ok(scene.text().to_owned())
    }

    fn arrives(&self, text: &str, key_type: KeyType, hash: WrapHash) -> KeyMaterial {
        let blob = STANDARD.decode(text.strip_suffix('\n').unwrap()).unwrap();
        let arrived = self.service.unwrap_import(key_type, hash, &blob);
        arrived.unwrap()
    }
}

#[test]
fn a_key_arrives_whatever_its_file_and_the_wrapping_keys_look_like() {
    let sides = Sides::new();
    let key = [7; 32];
    let hex = "0707070707070707070707070707070707070707070707070707070707070707\n";
    for (line, stdin) in [
        ("--wrapping-key @w.pem --key -", &key[..]),
        (
            "--wrapping-key @w.json --key - --key-type aes256-gcm96",
            &key,
        ),
        (
            "--wrapping-key @w.pem --key - --encoding hex",
            hex.as_bytes(),
        ),
        (
            "--wrapping-key @w.pem --key - --encoding base64",
            b"BwcHBwcHBwcHBwcHBwcHBwcH\nBwcHBwcHBwcHBwcHBwc=\n",
        ),
    ] {
        let text = sides.run(line, stdin).unwrap();
        let arrived = sides.arrives(&text, KeyType::Aes256Gcm96, WrapHash::Sha256);
        assert_eq!(arrived.export_material().expose(), key, "{line}");
    }
    std::fs::write(sides.files.path().join("k"), [8; 16]).unwrap();
    let pem = sides.service.public_key().as_text().as_bytes();
    let line = "--wrapping-key - --key @k --hash-function SHA-224";
    let text = sides.run(line, pem).unwrap();
    let arrived = sides.arrives(&text, KeyType::Aes128Gcm96, WrapHash::Sha224);
    assert_eq!(arrived.export_material().expose(), [8; 16]);
}

#[test]
fn a_new_file_takes_the_result_and_none_is_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let sides = Sides::new();
    let line = "--wrapping-key @w.pem --key - --out @blob";
    assert_eq!(sides.run(line, &[7; 32]).unwrap(), "");
    let path = sides.files.path().join("blob");
    let text = std::fs::read_to_string(&path).unwrap();
    sides.arrives(&text, KeyType::Aes256Gcm96, WrapHash::Sha256);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = sides.run(line, &[7; 32]).unwrap_err();
    assert_eq!(again.exit(), Exit::Failed);
    assert!(again.to_string().contains("never replaced"), "{again}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn what_is_wrong_is_said_without_what_was_read() {
    let sides = Sides::new();
    std::fs::write(sides.files.path().join("bad.json"), "{\"hunter2\":1}").unwrap();
    std::fs::write(sides.files.path().join("bad.pem"), "hunter2").unwrap();
    let half = "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----\n";
    std::fs::write(sides.files.path().join("half.pem"), half).unwrap();
    for (line, says) in [
        ("--wrapping-key @w.pem --key -", "16 or 32 raw bytes"),
        (
            "--wrapping-key @w.pem --key - --key-type aes256-gcm96",
            "has 32 bytes, and this material has 7",
        ),
        (
            "--wrapping-key @w.pem --key - --key-type hmac",
            "cannot be imported",
        ),
        ("--wrapping-key @w.pem --key - --key-type ed25519", "PKCS#8"),
        (
            "--wrapping-key @w.pem --key - --encoding hex",
            "not hexadecimal",
        ),
        (
            "--wrapping-key @w.pem --key - --encoding base64",
            "not base64",
        ),
        ("--wrapping-key @bad.json --key -", "`wrapping-key`"),
        ("--wrapping-key @bad.pem --key -", "`wrapping-key`"),
        ("--wrapping-key @none.pem --key -", "cannot be read"),
        ("--wrapping-key - --key -", "`wrapping-key`"),
    ] {
        let error = sides.run(line, b"hunter2").unwrap_err();
        assert_eq!(error.exit(), Exit::Usage, "{line}");
        let text = explain(&error);
        assert!(text.contains(says), "{line}: {text}");
        assert!(!text.contains("hunter2"), "{line}: {text}");
    }
    let error = sides.run("--wrapping-key @half.pem --key -", &[7; 32]);
    let text = explain(&error.unwrap_err());
    assert!(text.contains("not an RSA public key"), "{text}");
    for line in [
        &[
            "kms",
            "wrap",
            "--wrapping-key",
            "w",
            "--key",
            "k",
            "--hash-function",
            "md5",
        ][..],
        &["kms", "wrap", "--wrapping-key", "w"],
        &[
            "kms",
            "wrap",
            "--wrapping-key",
            "w",
            "--key",
            "k",
            "--key-type",
            "aes512",
        ],
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line:?}");
    }
}
