//! Reading secrets and other bytes from files and standard input, within limits.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use strongroom_api::RequestError;
use strongroom_types::{EntryNameError, PathError, Plaintext};
use zeroize::Zeroizing;

use crate::Surroundings;

/// Why the command has not what it needs. Never quotes what was read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A value was given as an argument.
    #[error(
        "a secret is never taken from an argument, where every user of this machine can see it \
         and the shell keeps it: use `-` for standard input, or a file. If that was a real \
         secret, take it for known and change it"
    )]
    Argument,
    /// There is no value.
    #[error("nothing says where the value is: use `-` for standard input, or one of {options}")]
    NoSource {
        /// The options that say so.
        options: &'static str,
    },
    /// There are several values.
    #[error("several options say where the value is; use one of `-`, {options}")]
    SeveralSources {
        /// The options that say so.
        options: &'static str,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Standard input cannot be read.
    #[error("standard input cannot be read")]
    Stdin(#[source] io::Error),
    /// Standard input is needed for two things.
    #[error("standard input can be read only once; `-` is given twice")]
    StdinTwice,
    /// There is more than can be sent.
    #[error("{what} has more than {limit} bytes")]
    TooLong {
        /// What was read.
        what: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// There is nothing in it.
    #[error("{what} is empty")]
    Empty {
        /// What was read.
        what: String,
    },
    /// A file that should hold a JSON object of texts does not.
    #[error("{what} must hold a JSON object of texts")]
    Json {
        /// What was read.
        what: String,
        /// Why.
        #[source]
        source: RequestError,
    },
    /// An entry's name does not fit.
    #[error("an entry's name does not fit")]
    EntryName(#[source] EntryNameError),
    /// An entry is given twice.
    #[error("an entry is given twice: {name}")]
    EntryTwice {
        /// Its name.
        name: String,
    },
    /// An entry without its file.
    #[error("an entry is given as NAME=FILE, for example password=password.txt")]
    Entry,
    /// A text that is no directory.
    #[error("the path to list does not fit")]
    Path(#[source] PathError),
    /// A ciphertext that is no text.
    #[error("{what} is no ciphertext, which is a line of text as `key encrypt` prints it")]
    Ciphertext {
        /// What was read.
        what: String,
    },
    /// An access policy that would not be one.
    #[error(
        "{what} is not a JSON object with conditions or statements; to remove the policy, \
         use `secret policy clear`"
    )]
    Policy {
        /// What was read.
        what: String,
        /// Why, where it is not even JSON.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// Labels that do not fit.
    #[error("the {which} do not fit")]
    Labels {
        /// `labels` or `annotations`.
        which: &'static str,
        /// Why.
        #[source]
        source: strongroom_types::LabelError,
    },
    /// A label that is given twice.
    #[error("`{key}` is given twice in the {which}")]
    LabelTwice {
        /// `labels` or `annotations`.
        which: &'static str,
        /// The key.
        key: String,
    },
}

/// Reads files, and standard input for `-`, which works once.
pub(crate) struct Inputs<'a> {
    surroundings: &'a mut dyn Surroundings,
    secret: bool,
    stdin_used: bool,
}

impl<'a> Inputs<'a> {
    /// For secrets: what a person types is not shown.
    pub(crate) fn secret(surroundings: &'a mut dyn Surroundings) -> Self {
        Self {
            surroundings,
            secret: true,
            stdin_used: false,
        }
    }

    /// For what anybody may see, such as policies and ciphertexts.
    pub(crate) fn public(surroundings: &'a mut dyn Surroundings) -> Self {
        Self {
            secret: false,
            ..Self::secret(surroundings)
        }
    }

    /// The bytes of a file, or of standard input for `-`: 1 to `limit` of them.
    pub(crate) fn read(&mut self, path: &Path, limit: usize) -> Result<Plaintext, InputError> {
        if path == Path::new("-") {
            self.stdin(limit)
        } else {
            file(path, limit)
        }
    }

    /// Standard input; for a secret at a terminal, one line that is not shown while it is typed.
    pub(crate) fn stdin(&mut self, limit: usize) -> Result<Plaintext, InputError> {
        if std::mem::replace(&mut self.stdin_used, true) {
            return Err(InputError::StdinTwice);
        }
        let bytes = if self.secret && self.surroundings.input_is_terminal() {
            let asked = self.surroundings.ask_hidden("Value (not shown): ");
            asked.map_err(InputError::Stdin)?
        } else {
            bounded(self.surroundings.input(), limit).map_err(InputError::Stdin)?
        };
        within(bytes, limit, || what(Path::new("-")))
    }
}

/// The bytes of a file, 1 to `limit` of them.
pub(crate) fn file(path: &Path, limit: usize) -> Result<Plaintext, InputError> {
    let wrong = |source| InputError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(wrong)?;
    let bytes = bounded(file, limit).map_err(wrong)?;
    within(bytes, limit, || what(path))
}

/// How messages name what was read.
pub(crate) fn what(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// At most one byte more than the limit, in one buffer that never moves.
fn bounded(reader: impl Read, limit: usize) -> io::Result<Plaintext> {
    // Reading to the end probes for it with a little room to spare.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    reader.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Plaintext::new(std::mem::take(&mut *bytes)))
}

fn within(
    bytes: Plaintext,
    limit: usize,
    what: impl FnOnce() -> String,
) -> Result<Plaintext, InputError> {
    if bytes.is_empty() {
        Err(InputError::Empty { what: what() })
    } else if bytes.len() > limit {
        let what = what();
        Err(InputError::TooLong { what, limit })
    } else {
        Ok(bytes)
    }
}

/// The bytes without one line break at their end.
pub(crate) fn without_line_break(bytes: Plaintext) -> Plaintext {
    let kept = {
        let bytes = bytes.expose();
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        line.strip_suffix(b"\r").unwrap_or(line).len()
    };
    if kept == bytes.len() {
        return bytes;
    }
    let mut buffer = bytes.into_zeroizing();
    buffer.truncate(kept);
    Plaintext::new(std::mem::take(&mut *buffer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn read(stdin: &[u8], limit: usize) -> Result<Plaintext, InputError> {
        Inputs::secret(&mut Scene::with_stdin(stdin)).read(Path::new("-"), limit)
    }

    #[test]
    fn bytes_are_read_as_they_are() {
        assert_eq!(read(b"a\0\xff\n", 4).unwrap().expose(), b"a\0\xff\n");
    }

    #[test]
    fn more_than_the_limit_and_nothing_are_refused() {
        assert!(matches!(
            read(b"12345", 4),
            Err(InputError::TooLong { limit: 4, .. })
        ));
        assert!(matches!(read(b"", 4), Err(InputError::Empty { .. })));
    }

    #[test]
    fn files_are_read_and_named_when_they_cannot_be() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("value");
        std::fs::write(&path, b"hunter2\n").unwrap();
        assert_eq!(file(&path, 100).unwrap().expose(), b"hunter2\n");
        let error = file(&path, 3).map(drop).unwrap_err();
        assert!(error.to_string().contains("value"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let error = file(&directory.path().join("none"), 3)
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, InputError::File { .. }));
    }

    #[test]
    fn standard_input_serves_once() {
        let mut scene = Scene::with_stdin(b"x");
        let mut inputs = Inputs::secret(&mut scene);
        inputs.stdin(9).unwrap();
        assert!(matches!(inputs.stdin(9), Err(InputError::StdinTwice)));
    }

    #[test]
    fn a_person_types_a_line_that_is_not_shown() {
        let mut scene = Scene::with_stdin(b"ignored");
        scene.person = Some("typed".to_owned());
        let value = Inputs::secret(&mut scene).stdin(9).unwrap();
        assert_eq!(value.expose(), b"typed");
        let public = Inputs::public(&mut scene).stdin(9).unwrap();
        assert_eq!(public.expose(), b"ignored");
    }

    #[test]
    fn one_line_break_can_go() {
        let stripped = |bytes: &[u8]| without_line_break(Plaintext::new(bytes.to_vec()));
        assert_eq!(stripped(b"a\n").expose(), b"a");
        assert_eq!(stripped(b"a\r\n").expose(), b"a");
        assert_eq!(stripped(b"a\n\n").expose(), b"a\n");
        assert_eq!(stripped(b"a\nb").expose(), b"a\nb");
    }
}
