//! What servers do in a day, in little: the profile of it tells the compiler what runs often.
//!
//! What is not done here counts as rare, and is built small instead of fast. So everything that an
//! installation may be asked often has a place here, over HTTP/1.1 without TLS and over HTTP/2 with it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use strongroom_types::KeyType;

use super::visitor::{self, Keys, Visitor};
use crate::bench::rights::QUESTIONS;
use crate::live::caller::{CallerError, at_once, client};
use crate::live::dataset::{Dataset, DatasetError, Front};
use crate::live::process::{ProcessError, Server};

/// Secrets that the server has; each has a version of its own to begin with.
const SECRETS: usize = 2_000;
/// Clients that are busy at once.
const CLIENTS: usize = 64;
/// What each client does so often, without TLS and with it.
const ROUNDS: usize = 160;
const ROUNDS_WITH_TLS: usize = 40;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrainingError {
    /// A directory or a file of the training failed.
    #[error("{what} failed")]
    File {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate of the server could not be made.
    #[error("the certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// The server did not come up with its secrets.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A server did not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The server answered otherwise than the contract says.
    #[error(transparent)]
    Call(#[from] CallerError),
    /// The thread that stops the server broke off.
    #[error("stopping the server broke off")]
    Broken(#[from] tokio::task::JoinError),
}

fn file(what: &'static str) -> impl FnOnce(io::Error) -> TrainingError {
    move |source| TrainingError::File { what, source }
}

/// Keeps a server busy: first without TLS, then, started again on its data, with it.
pub(crate) async fn serve(strongroom: &OsStr) -> Result<(), TrainingError> {
    let home = tempfile::tempdir().map_err(file("making a directory"))?;
    let plain = Dataset::open(strongroom, home.path(), "data", SECRETS).await?;
    day(plain, "in the open", ROUNDS).await?;
    let tls = with_tls(home.path())?;
    let tls = Dataset::open_behind(tls, strongroom, home.path(), "data", SECRETS).await?;
    day(tls, "under TLS", ROUNDS_WITH_TLS).await
}

/// Keeps the references of the benchmark busy, each with what it is there for.
pub(crate) async fn refer(xtask: &OsStr) -> Result<(), TrainingError> {
    let home = tempfile::tempdir().map_err(file("making a directory"))?;
    let log = home.path().join("log");
    let log = log.to_string_lossy();
    let client = client(Client::builder())?;
    for arguments in [
        vec!["reference", "--bytes", "300"],
        vec!["reference", "--bytes", "300", "--commit-to", &log],
    ] {
        let server = Server::start(xtask, &arguments)?;
        visitor::hail(&client, server.said("endpoint"), CLIENTS, ROUNDS).await?;
        server.stop().map_err(file("stopping a reference"))?;
    }
    for (question, _) in QUESTIONS {
        Server::start(xtask, &["rights", question.as_str(), "1000"])?;
    }
    let key_type = KeyType::Aes256Gcm96.as_str();
    Server::start(xtask, &["primitive", "encrypt", key_type])?;
    Ok(())
}

/// A certificate of its own, and a client that trusts it and speaks HTTP/2.
fn with_tls(home: &Path) -> Result<Front, TrainingError> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let (certificate, key) = (home.join("tls.pem"), home.join("tls.key"));
    let written = std::fs::write(&certificate, cert.pem())
        .and_then(|()| std::fs::write(&key, signing_key.serialize_pem()));
    written.map_err(file("writing the certificate"))?;
    let trusted = Certificate::from_pem(cert.pem().as_bytes()).map_err(CallerError::Client)?;
    Ok(Front {
        environment: vec![
            ("STRONGROOM__TLS__CERTIFICATE", certificate),
            ("STRONGROOM__TLS__KEY", key),
        ],
        client: client(Client::builder().tls_certs_only([trusted]))?,
    })
}

/// Lets all clients do their rounds, and stops the server in order: only then it writes its profile.
async fn day(data: Dataset, word: &str, rounds: usize) -> Result<(), TrainingError> {
    let keys = Keys::create(&data.caller(), word).await?;
    let clients = (0..CLIENTS).map(|number| {
        let visitor = Visitor::new(&data, number, keys.clone());
        async move { visitor.rounds(rounds).await }
    });
    at_once(clients).await?;
    // Elsewhere, as an HTTP/2 client that does not run leaves its server waiting for an answer.
    let stopped = tokio::task::spawn_blocking(|| data.server.stop()).await?;
    stopped.map_err(file("stopping the server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_told_of_a_certificate_and_a_key_that_are_there() {
        let home = tempfile::tempdir().unwrap();
        let front = with_tls(home.path()).unwrap();
        for (_, path) in &front.environment {
            assert!(path.starts_with(home.path()) && path.exists());
        }
    }
}
