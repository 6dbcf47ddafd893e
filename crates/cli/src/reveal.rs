//! Values on their way out: the only file that writes a secret.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use strongroom_client::{EntryName, Plaintext, RevealReply, SecretValue};

use crate::Surroundings;

/// Why a value is not shown.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// A secret with entries, of which none was chosen.
    #[error("the secret has named entries; choose one with --key, or use --json: {names}")]
    Entries {
        /// Their names.
        names: String,
    },
    /// A secret without entries, of which one was chosen.
    #[error("the secret has no entries; leave --key out")]
    NoEntries,
    /// No such entry.
    #[error("the secret has no entry `{name}`; it has: {names}")]
    NoSuchEntry {
        /// What was asked for.
        name: String,
        /// What there is.
        names: String,
    },
    /// Bytes that are no text, and a terminal to show them at.
    #[error(
        "the value is not text, which a terminal could not show; write it to a file or a \
         program, or use --json for base64"
    )]
    NotText,
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

/// Which part of a value to show.
pub(crate) fn chosen<'a>(
    value: &'a SecretValue,
    entry: Option<&EntryName>,
) -> Result<&'a Plaintext, RevealError> {
    match (value, entry) {
        (SecretValue::String(bytes), None) => Ok(bytes),
        (SecretValue::String(_), Some(_)) => Err(RevealError::NoEntries),
        (SecretValue::KeyValue(entries), Some(name)) => {
            entries.get(name).ok_or_else(|| RevealError::NoSuchEntry {
                name: name.as_str().to_owned(),
                names: names(entries.keys()),
            })
        }
        (SecretValue::KeyValue(entries), None) => Err(RevealError::Entries {
            names: names(entries.keys()),
        }),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a EntryName>) -> String {
    names.map(EntryName::as_str).collect::<Vec<_>>().join(", ")
}

/// Writes exactly the bytes. At a terminal, only text, and the cursor goes to a new line.
pub(crate) fn write_value(
    surroundings: &mut dyn Surroundings,
    value: &Plaintext,
) -> Result<(), RevealError> {
    let terminal = surroundings.output_is_terminal();
    let output = surroundings.output();
    let bytes = value.expose();
    if terminal && !is_text(bytes) {
        return Err(RevealError::NotText);
    }
    output.write_all(bytes).map_err(RevealError::Output)?;
    if terminal && !bytes.ends_with(b"\n") {
        output.write_all(b"\n").map_err(RevealError::Output)?;
    }
    output.flush().map_err(RevealError::Output)
}

/// Whether a terminal shows the bytes as they are and obeys none of them.
fn is_text(bytes: &[u8]) -> bool {
    let harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(harmless))
}

/// Writes the reply as the API has it, values in base64, straight into the output.
pub(crate) fn write_json(output: &mut dyn Write, reply: &RevealReply) -> Result<(), RevealError> {
    write_reply(output, reply).map_err(RevealError::Output)
}

fn write_reply(output: &mut dyn Write, reply: &RevealReply) -> io::Result<()> {
    // Paths and entry names have no character that JSON would escape.
    write!(
        output,
        r#"{{"path":"{}","version":{},"#,
        reply.path, reply.version
    )?;
    match &reply.value {
        SecretValue::String(bytes) => {
            write!(output, r#""secretString":"#)?;
            write_base64(output, bytes)?;
        }
        SecretValue::KeyValue(entries) => {
            write!(output, r#""secretKeyValues":{{"#)?;
            for (index, (name, bytes)) in entries.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(output, r#"{comma}"{}":"#, name.as_str())?;
                write_base64(output, bytes)?;
            }
            write!(output, "}}")?;
        }
    }
    writeln!(
        output,
        r#","kmsKeyIdentity":{},"kmsKeyVersion":{}}}"#,
        serde_json::Value::from(reply.kms_key_identity.as_str()),
        serde_json::Value::from(reply.kms_key_version.as_str()),
    )?;
    output.flush()
}

fn write_base64(output: &mut dyn Write, value: &Plaintext) -> io::Result<()> {
    output.write_all(b"\"")?;
    let mut encoder = EncoderWriter::new(&mut *output, &STANDARD);
    encoder.write_all(value.expose())?;
    encoder.finish()?;
    drop(encoder);
    output.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn plaintext(bytes: &[u8]) -> Plaintext {
        Plaintext::new(bytes.to_vec())
    }

    fn written(bytes: &[u8], terminal: bool) -> Result<Vec<u8>, RevealError> {
        let mut scene = Scene::with_stdin(b"");
        scene.terminal_output = terminal;
        write_value(&mut scene, &plaintext(bytes)).map(|()| scene.output)
    }

    fn entries() -> SecretValue {
        let entry = |name: &str, bytes| (name.parse().unwrap(), plaintext(bytes));
        SecretValue::KeyValue([entry("user", b"root"), entry("pw", b"hunter2")].into())
    }

    #[test]
    fn a_file_or_program_gets_exactly_the_bytes() {
        for bytes in [&b"hunter2"[..], b"hunter2\n", b"\x00\xff\x1b"] {
            assert_eq!(written(bytes, false).unwrap(), bytes);
        }
    }

    #[test]
    fn a_person_gets_a_line() {
        assert_eq!(written(b"hunter2", true).unwrap(), b"hunter2\n");
        assert_eq!(written(b"two\nlines\n", true).unwrap(), b"two\nlines\n");
    }

    #[test]
    fn a_terminal_gets_nothing_that_it_would_obey() {
        for bytes in [&b"\xff"[..], b"\x1b[2J", b"a\0b", "\u{9b}".as_bytes()] {
            assert!(
                matches!(written(bytes, true), Err(RevealError::NotText)),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn one_entry_is_chosen_by_its_name() {
        let value = entries();
        let name = |text: &str| text.parse().unwrap();
        assert_eq!(
            chosen(&value, Some(&name("pw"))).unwrap().expose(),
            b"hunter2"
        );
        let error = chosen(&value, Some(&name("none"))).map(drop).unwrap_err();
        assert!(matches!(error, RevealError::NoSuchEntry { .. }));
        assert!(error.to_string().contains("pw, user"), "{error}");
        let error = chosen(&value, None).map(drop).unwrap_err();
        assert!(matches!(error, RevealError::Entries { .. }));
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let string = SecretValue::String(plaintext(b"x"));
        assert_eq!(chosen(&string, None).unwrap().expose(), b"x");
        assert!(matches!(
            chosen(&string, Some(&name("pw"))),
            Err(RevealError::NoEntries)
        ));
    }

    #[test]
    fn json_is_what_the_api_would_say() {
        for value in [SecretValue::String(plaintext(b"\x00\xffa")), entries()] {
            let reply = RevealReply {
                path: "/app/a+b".parse().unwrap(),
                version: strongroom_types::Version::FIRST,
                value,
                kms_key_identity: "kms-\"x".to_owned(),
                kms_key_version: "3".to_owned(),
            };
            let mut output = Vec::new();
            write_json(&mut output, &reply).unwrap();
            let read = RevealReply::parse(&output).unwrap();
            assert_eq!(read.path, reply.path);
            assert_eq!(read.kms_key_identity, reply.kms_key_identity);
            match (&read.value, &reply.value) {
                (SecretValue::String(one), SecretValue::String(other)) => {
                    assert_eq!(one.expose(), other.expose());
                }
                (SecretValue::KeyValue(one), SecretValue::KeyValue(other)) => {
                    assert_eq!(one.len(), 2);
                    for (name, bytes) in one {
                        assert_eq!(bytes.expose(), other[name].expose());
                    }
                }
                _ => panic!("the format changed"),
            }
        }
    }
}
