//! `strongroom kms …`: what the owner of a key does on a machine of theirs.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand, ValueEnum};
use strongroom_api::WrappingKey;
use strongroom_client::{KeyType, Plaintext};
use strongroom_crypto::{
    ImportTarget, SystemEntropy, TargetError, WrapForImportError, wrap_for_import,
};
use strongroom_types::WrapHash;
use zeroize::Zeroizing;

use crate::command::Exit;
use crate::input::{Inputs, what};
use crate::{CommandError, Surroundings};

/// The longest file of a key, in bytes: more than an RSA-4096 key takes in PEM or hexadecimal.
const LONGEST: usize = 64 * 1024;

/// Prepare key material for import; asks no server.
#[derive(Debug, Args)]
pub struct KmsArgs {
    #[command(subcommand)]
    command: KmsCommand,
}

#[derive(Debug, Subcommand)]
enum KmsCommand {
    /// Wrap a key of your own for a region's wrapping key, and print what goes into
    /// `importKeyMaterial`.
    Wrap(Wrap),
}

#[derive(Debug, Args)]
struct Wrap {
    /// The region's wrapping key: PEM, or the JSON answer of GET /v1/kms/{region}/wrapping-key;
    /// `-` for standard input.
    #[arg(long, value_name = "FILE")]
    wrapping_key: PathBuf,
    /// The key to import; `-` for standard input. A symmetric key is its bare bytes, any other
    /// PKCS#8 in DER or PEM; EC PRIVATE KEY and RSA PRIVATE KEY in PEM are converted.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How the bytes of the key are written in its file. PEM is recognised where it stands.
    #[arg(long, value_name = "ENCODING", default_value = "raw")]
    encoding: Encoding,
    /// The type that the key is to have, which is checked; without it, any that can be imported.
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// The hash function of RSA-OAEP, which the import must name too: sha1, sha224, sha256, sha384
    /// or sha512.
    #[arg(long, value_name = "HASH", default_value = "sha256")]
    hash_function: WrapHash,
    /// Write the result to a new file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Encoding {
    /// As they are.
    Raw,
    /// In standard base64; line breaks do no harm.
    Base64,
    /// In hexadecimal; line breaks do no harm.
    Hex,
}

/// Why a key was not wrapped. Never quotes what was read.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// The wrapping key is no text.
    #[error(
        "{what} is no wrapping key: it must be PEM, or the JSON answer of the route `wrapping-key`"
    )]
    WrappingKey {
        /// What was read.
        what: String,
        /// Why, where it is JSON.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The key is not written as the arguments say.
    #[error("{what} is not {encoding}, as --encoding says")]
    Encoding {
        /// What was read.
        what: String,
        /// What it should be.
        encoding: &'static str,
    },
    /// The key cannot be imported.
    #[error("{what} cannot be imported")]
    Target {
        /// What was read.
        what: String,
        /// Why.
        #[source]
        source: TargetError,
    },
    /// The wrapping key does not work.
    #[error(transparent)]
    Wrap(#[from] WrapForImportError),
    /// The result cannot be written.
    #[error("{} cannot be written; a file that exists is never replaced", path.display())]
    Out {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl WrapError {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Wrap(WrapForImportError::Entropy(_) | WrapForImportError::Library(_))
            | Self::Out { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

impl KmsArgs {
    pub(crate) fn execute(self, surroundings: &mut dyn Surroundings) -> Result<(), CommandError> {
        let KmsCommand::Wrap(wrap) = self.command;
        wrap.execute(surroundings)
    }
}

impl Wrap {
    fn execute(self, surroundings: &mut dyn Surroundings) -> Result<(), CommandError> {
        let mut inputs = Inputs::secret(surroundings);
        let pem = wrapping_key(&self.wrapping_key, &mut inputs)?;
        let contents = inputs.read(&self.key, LONGEST)?;
        let contents = self.encoding.decode(contents, &self.key)?;
        let target = ImportTarget::read(contents, self.key_type).map_err(|source| {
            let what = what(&self.key);
            WrapError::Target { what, source }
        })?;
        let blob = wrap_for_import(&SystemEntropy, &pem, self.hash_function, target.encoded());
        let mut text = STANDARD.encode(blob.map_err(WrapError::from)?);
        text.push('\n');
        match &self.out {
            None => {
                let written = surroundings.output().write_all(text.as_bytes());
                written.map_err(CommandError::Output)
            }
            Some(path) => Ok(create(path, &text)?),
        }
    }
}

/// The PEM of a file that is PEM, or the answer that holds it.
fn wrapping_key(path: &Path, inputs: &mut Inputs<'_>) -> Result<String, CommandError> {
    let wrong = |source| WrapError::WrappingKey {
        what: what(path),
        source,
    };
    let contents = inputs.read(path, LONGEST)?;
    let text = std::str::from_utf8(contents.expose()).map_err(|_| wrong(None))?;
    let text = text.trim();
    if text.starts_with('{') {
        let answer = serde_json::from_str::<WrappingKey>(text);
        return Ok(answer.map_err(|error| wrong(Some(error)))?.public_key);
    }
    if text.starts_with("-----BEGIN ") {
        return Ok(text.to_owned());
    }
    Err(wrong(None).into())
}

impl Encoding {
    fn decode(self, contents: Plaintext, path: &Path) -> Result<Plaintext, WrapError> {
        let (encoding, decoded) = match self {
            Self::Raw => return Ok(contents),
            Self::Base64 => ("base64", base64(&compact(&contents))),
            Self::Hex => ("hexadecimal", hexadecimal(&compact(&contents))),
        };
        let what = what(path);
        decoded.ok_or(WrapError::Encoding { what, encoding })
    }
}

/// Without line breaks and other white space.
fn compact(text: &Plaintext) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
    let black = text.expose().iter().filter(|c| !c.is_ascii_whitespace());
    kept.extend(black);
    kept
}

fn base64(text: &[u8]) -> Option<Plaintext> {
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(Plaintext::new(std::mem::take(&mut *bytes)))
}

fn hexadecimal(text: &[u8]) -> Option<Plaintext> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(text)
        .ok()
        .map(Plaintext::new)
}

/// A new file that only its owner reads: what it holds is sealed, and nobody else's business.
fn create(path: &Path, text: &str) -> Result<(), WrapError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    });
    written.map_err(|source| WrapError::Out {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
