//! Where a new value comes from.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use clap::Args;
use strongroom_api::{Object, ValueInput};
use strongroom_types::{EntryName, Plaintext, SecretValue};

use crate::InputError;
use crate::input::{Inputs, what, without_line_break};

/// The longest value that any server takes, in bytes; how much this one takes, it says itself.
const LONGEST: usize = 1 << 20;
/// The longest JSON object of entries.
const LONGEST_JSON: usize = 4 << 20;

const OPTIONS: &str = "--from-file, --entry, --from-json and --generate";

/// An argument in the place of a value. What it says is not kept, unless it is the dash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    Stdin,
    Other,
}

impl Dash {
    /// Takes anything, so that the complaint is ours and does not quote the argument.
    pub(crate) fn parse(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" {
            Self::Stdin
        } else {
            Self::Other
        })
    }

    /// Whether standard input was asked for.
    pub(crate) fn given(dashes: &[Self]) -> Result<bool, InputError> {
        match dashes {
            [] => Ok(false),
            [Self::Stdin] => Ok(true),
            _ => Err(InputError::Argument),
        }
    }
}

/// The ways to give a value; exactly one is needed.
#[derive(Debug, Default, Args)]
pub(crate) struct ValueArgs {
    /// Read the value from standard input, every byte of it. (A value itself is never an
    /// argument: every user of the machine can see those.)
    #[arg(value_name = "-", num_args = 0.., value_parser = Dash::parse)]
    stdin: Vec<Dash>,
    /// Read the value from a file, every byte of it.
    #[arg(long, value_name = "FILE", help_heading = "Value")]
    from_file: Option<PathBuf>,
    /// One named entry, read from a file; repeat it for more entries.
    #[arg(long, value_name = "NAME=FILE", help_heading = "Value")]
    entry: Vec<String>,
    /// Read named entries from a JSON object of texts (`-` for standard input).
    #[arg(long, value_name = "FILE", help_heading = "Value")]
    from_json: Option<PathBuf>,
    /// Let the server draw this many random bytes, 16 to 4096.
    #[arg(
        long,
        value_name = "BYTES",
        value_parser = clap::value_parser!(u16).range(16..=4096),
        help_heading = "Value"
    )]
    generate: Option<u16>,
    /// Leave out one line break at the end of what is read.
    #[arg(long, help_heading = "Value")]
    strip_newline: bool,
}

impl ValueArgs {
    /// Reads the value from where the arguments say.
    pub(crate) fn read(&self, inputs: &mut Inputs<'_>) -> Result<ValueInput, InputError> {
        let stdin = Dash::given(&self.stdin)?;
        let sources = [
            stdin,
            self.from_file.is_some(),
            !self.entry.is_empty(),
            self.from_json.is_some(),
            self.generate.is_some(),
        ];
        match sources.into_iter().filter(|given| *given).count() {
            0 => return Err(InputError::NoSource { options: OPTIONS }),
            1 => {}
            _ => return Err(InputError::SeveralSources { options: OPTIONS }),
        }
        if let Some(bytes) = self.generate {
            let bytes = bytes.into();
            return Ok(ValueInput::Generate { bytes });
        }
        let value = if let Some(path) = &self.from_json {
            SecretValue::KeyValue(self.read_json(path, inputs)?)
        } else if self.entry.is_empty() {
            let path = self.from_file.as_deref().unwrap_or(Path::new("-"));
            SecretValue::String(self.read_one(path, inputs)?)
        } else {
            SecretValue::KeyValue(self.read_entries(inputs)?)
        };
        Ok(ValueInput::Given {
            value,
            taken_raw: false,
        })
    }

    fn read_one(&self, path: &Path, inputs: &mut Inputs<'_>) -> Result<Plaintext, InputError> {
        let bytes = inputs.read(path, LONGEST)?;
        if !self.strip_newline {
            return Ok(bytes);
        }
        let line = without_line_break(bytes);
        if line.is_empty() {
            Err(InputError::Empty { what: what(path) })
        } else {
            Ok(line)
        }
    }

    fn read_entries(
        &self,
        inputs: &mut Inputs<'_>,
    ) -> Result<BTreeMap<EntryName, Plaintext>, InputError> {
        let mut entries = BTreeMap::new();
        for entry in &self.entry {
            let (name, path) = entry.split_once('=').ok_or(InputError::Entry)?;
            let name: EntryName = name.parse().map_err(InputError::EntryName)?;
            if entries.contains_key(&name) {
                let name = name.as_str().to_owned();
                return Err(InputError::EntryTwice { name });
            }
            let bytes = self.read_one(Path::new(path), inputs)?;
            entries.insert(name, bytes);
        }
        Ok(entries)
    }

    fn read_json(
        &self,
        path: &Path,
        inputs: &mut Inputs<'_>,
    ) -> Result<BTreeMap<EntryName, Plaintext>, InputError> {
        let wrong = |source| InputError::Json {
            what: what(path),
            source,
        };
        let bytes = inputs.read(path, LONGEST_JSON)?;
        let object = Object::parse(bytes.expose()).map_err(wrong)?;
        let mut entries = BTreeMap::new();
        for (name, raw) in object.fields() {
            let text = object.text_of(name, raw).map_err(wrong)?;
            let name: EntryName = name.parse().map_err(InputError::EntryName)?;
            if text.is_empty() {
                let what = format!("the entry {}", name.as_str());
                return Err(InputError::Empty { what });
            }
            entries.insert(name, Plaintext::new(text.as_str().as_bytes().to_vec()));
        }
        if entries.is_empty() {
            return Err(InputError::Empty { what: what(path) });
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::testing::Scene;

    #[derive(Debug, Parser)]
    struct Line {
        path: String,
        #[command(flatten)]
        value: ValueArgs,
    }

    fn parse(arguments: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from(["put", "/a"].iter().chain(arguments))
    }

    fn read(arguments: &[&str], stdin: &[u8]) -> Result<ValueInput, InputError> {
        let mut scene = Scene::with_stdin(stdin);
        parse(arguments)
            .unwrap()
            .value
            .read(&mut Inputs::secret(&mut scene))
    }

    fn string(input: ValueInput) -> Vec<u8> {
        let ValueInput::Given {
            value: SecretValue::String(bytes),
            ..
        } = input
        else {
            panic!("expected one string")
        };
        bytes.expose().to_vec()
    }

    fn entries(input: ValueInput) -> Vec<(String, Vec<u8>)> {
        let ValueInput::Given {
            value: SecretValue::KeyValue(entries),
            ..
        } = input
        else {
            panic!("expected entries")
        };
        let text = |(name, bytes): (&EntryName, &Plaintext)| {
            (name.as_str().to_owned(), bytes.expose().to_vec())
        };
        entries.iter().map(text).collect()
    }

    #[test]
    fn standard_input_is_taken_byte_by_byte() {
        assert_eq!(string(read(&["-"], b"hunter2\n").unwrap()), b"hunter2\n");
        let stripped = read(&["-", "--strip-newline"], b"hunter2\n").unwrap();
        assert_eq!(string(stripped), b"hunter2");
        let nothing = read(&["-", "--strip-newline"], b"\n");
        assert!(matches!(nothing, Err(InputError::Empty { .. })));
    }

    #[test]
    fn a_value_as_an_argument_is_refused_and_not_repeated() {
        for arguments in [
            &["hunter2"][..],
            &["-", "hunter2"],
            &["hunter2", "-"],
            &["-", "-"],
        ] {
            let error = read(arguments, b"x").map(drop).unwrap_err();
            assert!(matches!(error, InputError::Argument));
            assert!(!error.to_string().contains("hunter2"), "{error}");
            let line = format!("{:?}", parse(arguments).unwrap());
            assert!(!line.contains("hunter2"), "{line}");
        }
        for arguments in [&["--value=hunter2"][..], &["--value", "hunter2"]] {
            let error = parse(arguments).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn exactly_one_source_is_needed() {
        assert!(matches!(read(&[], b"x"), Err(InputError::NoSource { .. })));
        for arguments in [
            &["-", "--generate", "32"][..],
            &["--from-file", "a", "--entry", "a=b"],
        ] {
            let error = read(arguments, b"x").map(drop).unwrap_err();
            assert!(
                matches!(error, InputError::SeveralSources { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn the_server_draws_between_16_and_4096_bytes() {
        let drawn = read(&["--generate", "16"], b"").unwrap();
        assert!(matches!(drawn, ValueInput::Generate { bytes: 16 }));
        for wrong in ["15", "4097", "-1", "many"] {
            assert!(parse(&["--generate", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn entries_come_from_files() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("user");
        std::fs::write(&file, b"root\n").unwrap();
        let user = format!("user={}", file.display());
        let line = ["--entry", &user, "--entry", "password=-", "--strip-newline"];
        let read_entries = entries(read(&line, b"hunter2\n").unwrap());
        let expected = [("password", &b"hunter2"[..]), ("user", b"root")];
        assert_eq!(
            read_entries,
            expected.map(|(n, v)| (n.to_owned(), v.to_vec()))
        );

        let error = |line: &[&str]| read(line, b"x").map(drop).unwrap_err();
        assert!(matches!(error(&["--entry", "nofile"]), InputError::Entry));
        let twice = error(&["--entry", "a=-", "--entry", "a=-"]);
        assert!(matches!(twice, InputError::EntryTwice { .. }), "{twice}");
        let stdin_twice = error(&["--entry", "a=-", "--entry", "b=-"]);
        assert!(
            matches!(stdin_twice, InputError::StdinTwice),
            "{stdin_twice}"
        );
        assert!(matches!(
            error(&["--entry", "a/b=-"]),
            InputError::EntryName(_)
        ));
    }

    #[test]
    fn entries_come_from_json() {
        let json = br#"{"user": "root", "password": "hunter\u0032"}"#;
        let read_entries = entries(read(&["--from-json", "-"], json).unwrap());
        let expected = [("password", "hunter2"), ("user", "root")];
        assert_eq!(
            read_entries,
            expected.map(|(n, v)| (n.to_owned(), v.as_bytes().to_vec()))
        );
    }

    #[test]
    fn json_that_does_not_fit_is_told_without_its_content() {
        for json in [
            r#"["hunter2"]"#,
            r#"{"a": "hunter2""#,
            r#"{"a": {"b": "hunter2"}}"#,
            r#"{"a/b": "hunter2"}"#,
            r#"{"a": ""}"#,
            "{}",
        ] {
            let error = read(&["--from-json", "-"], json.as_bytes())
                .map(drop)
                .unwrap_err();
            let text = crate::explain(&error);
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
