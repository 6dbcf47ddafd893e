//! The door through which `strongroom root` reaches the keyring of a running server: a socket in
//! the data directory.
//!
//! Who may connect is decided by the file system: the directory is 0700, the socket 0600, and the
//! server checks that whoever connects is its own user or root. No key crosses it: the server gives
//! the sealed keyring away and takes one sealed anew, on the condition that nobody replaced it
//! meanwhile. One connection carries one question and one answer, each a line of JSON.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use strongroom_crypto::Sealed;
use strongroom_engine::{Engine, RootKeyChange};
use strongroom_store::{Revision, Store};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::row::{self, Change, KeyringRow, ReplaceError};

/// The longest line, in bytes: several times that of a keyring.
const LONGEST: u64 = 16 * 1024;
/// How long a line may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the server rests when the system gives it no connection.
const REST: Duration = Duration::from_millis(100);

/// A running server was not understood.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The connection failed or broke.
    #[error("the running server cannot be reached at {}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It took too long.
    #[error("the running server did not answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    /// Its answer is none.
    #[error("the running server's answer is not understood: is it another release?")]
    Answer(#[source] serde_json::Error),
    /// It could not do what was asked.
    #[error("the running server refused: {0}")]
    Refused(String),
    /// Another kind of answer was due.
    #[error("the running server gave an answer to another question")]
    Unexpected,
    /// The keyring is no base64.
    #[error("the running server's answer is damaged")]
    Damaged(#[source] base64::DecodeError),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
enum Question {
    Read,
    Replace {
        revision: u64,
        keyring: String,
        change: Kind,
        to: String,
    },
}

/// What is done to the root key, in the server's record of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Rotated,
    Migrated,
}

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(super) enum Answer {
    /// The row.
    Keyring {
        installation: String,
        revision: u64,
        keyring: String,
    },
    /// It is replaced.
    Replaced,
    /// Nothing was changed.
    Refused { why: String },
    /// Whether anything was changed is not known.
    Unknown { why: String },
}

/// The open door. It closes when this is dropped.
pub struct Control {
    socket: PathBuf,
    _stop: DropGuard,
}

impl Control {
    /// Opens the door to this store's keyring. Must be called inside a runtime, and by who has the
    /// store open: a socket that is left from before is then nobody's.
    ///
    /// # Errors
    ///
    /// The socket cannot be made. Its path may be too long: most systems take about 100 bytes.
    pub fn open(socket: PathBuf, store: Store, engine: Engine) -> io::Result<Self> {
        match fs::remove_file(&socket) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome?,
        }
        let listener = UnixListener::bind(&socket)?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        let stop = CancellationToken::new();
        tokio::spawn(attend(listener, store, engine, stop.clone()));
        Ok(Self {
            socket,
            _stop: stop.drop_guard(),
        })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // One that stays is removed at the next start; it keeps nobody out.
        if let Err(error) = fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the control socket was not removed");
        }
    }
}

async fn attend(listener: UnixListener, store: Store, engine: Engine, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            // One after the other: there is nothing to do here twice at a time.
            Ok((stream, _)) => {
                match tokio::time::timeout(PATIENCE, serve(stream, &store, &engine)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "a control connection broke off"),
                    Err(_) => tracing::debug!("a control connection was silent for too long"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no control connection can be accepted for the moment");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, store: &Store, engine: &Engine) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    if peer != 0 && peer != rustix::process::geteuid().as_raw() {
        tracing::warn!(
            user = peer,
            "another user was refused at the control socket"
        );
        return Ok(());
    }
    let mut stream = BufReader::new(stream);
    let line = line(&mut stream).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(question) => answer(question, store, engine).await,
        Err(error) => Answer::Refused {
            why: format!("the question is not understood: {error}"),
        },
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    stream.shutdown().await
}

async fn answer(question: Question, store: &Store, engine: &Engine) -> Answer {
    let refused = |error: &dyn std::error::Error| Answer::Refused {
        why: crate::commands::explain(error),
    };
    match question {
        Question::Read => match row::read(store).await {
            Ok(row) => Answer::Keyring {
                installation: STANDARD.encode(&row.installation),
                revision: row.revision.as_u64(),
                keyring: STANDARD.encode(row.sealed.as_stored()),
            },
            Err(error) => refused(&error),
        },
        Question::Replace {
            revision,
            keyring,
            change,
            to,
        } => match STANDARD.decode(keyring) {
            Ok(bytes) => {
                let kind = match change {
                    Kind::Rotated => RootKeyChange::Rotated,
                    Kind::Migrated => RootKeyChange::Migrated,
                };
                let change = Change { kind, to };
                replaced(engine, Revision::from_u64(revision), bytes, &change).await
            }
            Err(error) => refused(&error),
        },
    }
}

/// Replaces the row, whether or not whoever asked waits for the end.
async fn replaced(engine: &Engine, expected: Revision, bytes: Vec<u8>, change: &Change) -> Answer {
    let sealed = Sealed::from_stored(bytes);
    match row::replace(engine, expected, sealed, change).await {
        Ok(()) => {
            tracing::info!("the keyring was sealed anew: the root key is another one now");
            Answer::Replaced
        }
        Err(error) => {
            let why = crate::commands::explain(&error);
            tracing::warn!(why, "the keyring was to be sealed anew");
            match error {
                ReplaceError::Unknown(_) | ReplaceError::Unheard(_) => Answer::Unknown { why },
                ReplaceError::Refused(_)
                | ReplaceError::RefusedByServer(_)
                | ReplaceError::NoRecord(_) => Answer::Refused { why },
            }
        }
    }
}

async fn line(stream: &mut BufReader<UnixStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.take(LONGEST).read_line(&mut line).await?;
    if line.ends_with('\n') {
        return Ok(line);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

async fn ask(socket: &Path, question: &Question) -> Result<Answer, ControlError> {
    let failed = |source| ControlError::Io {
        path: socket.to_owned(),
        source,
    };
    let mut text = serde_json::to_vec(question).map_err(ControlError::Answer)?;
    text.push(b'\n');
    let exchange = async {
        let mut stream = BufReader::new(UnixStream::connect(socket).await?);
        stream.write_all(&text).await?;
        line(&mut stream).await
    };
    let told = tokio::time::timeout(PATIENCE, exchange).await;
    let told = told.map_err(|_| ControlError::Silent)?.map_err(failed)?;
    serde_json::from_str(&told).map_err(ControlError::Answer)
}

/// Whether a server answers at the socket.
pub(super) async fn is_attended(socket: &Path) -> Result<bool, ControlError> {
    match UnixStream::connect(socket).await {
        Ok(_) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(false)
        }
        Err(source) => Err(ControlError::Io {
            path: socket.to_owned(),
            source,
        }),
    }
}

/// Asks for the row.
pub(super) async fn read(socket: &Path) -> Result<KeyringRow, ControlError> {
    match ask(socket, &Question::Read).await? {
        Answer::Keyring {
            installation,
            revision,
            keyring,
        } => {
            let sealed = STANDARD.decode(keyring).map_err(ControlError::Damaged)?;
            Ok(KeyringRow {
                installation: STANDARD
                    .decode(installation)
                    .map_err(ControlError::Damaged)?,
                revision: Revision::from_u64(revision),
                sealed: Sealed::from_stored(sealed),
            })
        }
        Answer::Refused { why } | Answer::Unknown { why } => Err(ControlError::Refused(why)),
        Answer::Replaced => Err(ControlError::Unexpected),
    }
}

/// Asks for the row to be replaced. Only a refusal is an answer that says that it was not.
pub(super) async fn replace(
    socket: &Path,
    expected: Revision,
    sealed: &Sealed,
    change: &Change,
) -> Result<Answer, ControlError> {
    let question = Question::Replace {
        revision: expected.as_u64(),
        keyring: STANDARD.encode(sealed.as_stored()),
        change: match change.kind {
            RootKeyChange::Rotated => Kind::Rotated,
            RootKeyChange::Migrated => Kind::Migrated,
        },
        to: change.to.clone(),
    };
    match ask(socket, &question).await? {
        answer @ (Answer::Replaced | Answer::Refused { .. }) => Ok(answer),
        Answer::Unknown { why } => Err(ControlError::Refused(why)),
        Answer::Keyring { .. } => Err(ControlError::Unexpected),
    }
}
