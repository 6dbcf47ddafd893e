//! `strongroom audit`: looking at the journal of a server that is not running.

use std::io::{self, Write};
use std::path::PathBuf;

use strongroom_audit::{Ends, SignedHead, Verified, VerifyError, verify_with};
use strongroom_crypto::{Keyring, SystemEntropy};

use super::{Exit, OutputError};
use crate::assemble::{AssembleError, Opening, open_keyring};
use crate::config::{Config, LoadError};
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::memory;
use crate::root_key::{self, RootKeyUnavailable, RootKeys, Surroundings};

/// What the command line says.
#[derive(Debug, Clone)]
pub struct AuditArgs {
    /// The configuration file; without it, the defaults count.
    pub config: Option<PathBuf>,
    /// The data directory, over what the configuration says.
    pub data: Option<PathBuf>,
    /// Signed heads that were kept elsewhere, as `audit head` printed them.
    pub anchors: Vec<String>,
}

/// The journal was not verified.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it is")]
pub enum AuditError {
    #[error("name a configuration (--config FILE) or a data directory (--data DIR)")]
    NoPlace,
    #[error("--anchor takes what `strongroom audit head` printed: {} hexadecimal digits", SignedHead::BYTES * 2)]
    Anchor,
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error("the journal has no signed head yet: stop the server in order, or let it run longer")]
    NoHead,
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl AuditError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Verify(VerifyError::Tampered(_)) => Exit::Tampered,
            Self::NoPlace | Self::Anchor | Self::Config(_) | Self::DataDirectory(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Reads the whole journal and says whether it is what was written.
pub fn verify(
    args: &AuditArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), AuditError> {
    let verified = examine(args, environment, surroundings)?;
    report(&verified, output).map_err(OutputError::from)?;
    Ok(())
}

/// Verifies the journal and prints its newest signed head, to be kept elsewhere.
pub fn head(
    args: &AuditArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), AuditError> {
    let verified = examine(args, environment, surroundings)?;
    let head = verified.newest_signed.ok_or(AuditError::NoHead)?;
    writeln!(output, "{}", hex(&head.to_bytes())).map_err(OutputError::from)?;
    Ok(())
}

fn examine(
    args: &AuditArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
) -> Result<Verified, AuditError> {
    let mut config = match (&args.config, &args.data) {
        (None, None) => return Err(AuditError::NoPlace),
        (Some(file), _) => Config::load(file, environment)?,
        (None, Some(_)) => Config::parse("", environment)?,
    };
    if let Some(data) = &args.data {
        config.store.data.clone_from(data);
    }
    let anchors = args
        .anchors
        .iter()
        .map(|text| anchor(text))
        .collect::<Result<Vec<_>, _>>()?;
    memory::protect(&config);
    DataDirectory::at(&config.store.data).check()?;
    let root = root_key::existing(&config, surroundings)?;
    let keyring = super::server::runtime(1)
        .map_err(AuditError::Runtime)?
        .block_on(keyring(&config, &root))?;
    let public_key = keyring.audit_signer().public_key();
    let chain = keyring.audit_chain();
    Ok(verify_with(
        &config.audit_directory(),
        chain,
        &public_key,
        &anchors,
    )?)
}

async fn keyring(config: &Config, root: &RootKeys) -> Result<Keyring, AssembleError> {
    let (store, keyring) = open_keyring(config, root, Opening::Existing, &SystemEntropy).await?;
    store.shutdown().await;
    Ok(keyring)
}

fn report(verified: &Verified, output: &mut dyn Write) -> io::Result<()> {
    writeln!(
        output,
        "The audit journal is what was written: {} records in {} segments, {} signed heads.",
        verified.records, verified.segments, verified.signed_heads
    )?;
    writeln!(
        output,
        "It begins at {} and ends at {}.",
        verified.first, verified.last.sequence
    )?;
    match verified.ends {
        Ends::Empty => writeln!(output, "It is empty."),
        Ends::Closed => writeln!(output, "It was closed in order."),
        Ends::Open => writeln!(output, "It was not closed: the server crashed."),
        Ends::Filled => writeln!(
            output,
            "It ends with a full segment: the server ended between two, or the newest is missing; \
             compare it with a head that was kept elsewhere (--anchor)."
        ),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn anchor(text: &str) -> Result<SignedHead, AuditError> {
    let text = text.trim();
    // Each byte is two digits; `from_str_radix` alone would also take one digit, or a sign.
    if text.len() != SignedHead::BYTES * 2 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(AuditError::Anchor);
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .and_then(|bytes| SignedHead::from_bytes(&bytes))
        .ok_or(AuditError::Anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_what_head_printed() {
        let mut bytes = [0; SignedHead::BYTES];
        bytes[0] = 7;
        let head = SignedHead::from_bytes(&bytes).unwrap();
        assert_eq!(anchor(&hex(&bytes)).unwrap(), head);
        for text in [
            "",
            "07",
            "zz",
            &"0".repeat(223),
            &"é".repeat(112),
            &"+0".repeat(112),
        ] {
            assert!(matches!(anchor(text), Err(AuditError::Anchor)), "{text}");
        }
    }
}
