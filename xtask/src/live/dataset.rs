//! Servers with many secrets, made once and kept for the next run.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

use super::caller::{Caller, CallerError, accepted, at_once, client};
use super::process::{ProcessError, Server};

/// Creates that are under way at once.
const AT_ONCE: usize = 64;
/// Access tokens that a load chooses from.
const TOKENS: usize = 1_000;

/// Why there are no servers with secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatasetError {
    /// The server does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A directory or its mark could not be written.
    #[error("{path} could not be written")]
    Directory {
        /// What could not be written.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A request of the seeding failed.
    #[error(transparent)]
    Call(#[from] CallerError),
}

/// How a server is reached: what makes it listen so, and a client that finds it there.
pub(crate) struct Front {
    /// What the server gets in its environment.
    pub(crate) environment: Vec<(&'static str, PathBuf)>,
    /// What calls it.
    pub(crate) client: Client,
}

impl Front {
    /// HTTP/1.1 without TLS.
    pub(crate) fn plain() -> Result<Self, CallerError> {
        Ok(Self {
            environment: Vec::new(),
            client: client(Client::builder())?,
        })
    }
}

/// A running server with a number of secrets, and 1,000 tokens to read them with.
pub(crate) struct Dataset {
    /// The server.
    pub(crate) server: Server,
    /// How many secrets it holds.
    pub(crate) secrets: usize,
    /// Values of `Authorization`.
    pub(crate) credentials: Vec<String>,
    /// What calls it.
    pub(crate) client: Client,
}

/// The path of secret `i`, as Lua. A hundred directories with a hundred each below them, so that a
/// level shows as many children among a thousand secrets as among a million.
pub(crate) const PATH_IN_LUA: &str =
    "string.format('/load/d%02d/e%02d/s%d', i % 100, math.floor(i / 100) % 100, i)";

/// The path of secret `i`.
pub(crate) fn path(i: usize) -> String {
    format!("/load/d{:02}/e{:02}/s{i}", i % 100, (i / 100) % 100)
}

impl Dataset {
    /// Starts the server at `binary` on the kept data below `scratch`; makes them first if needed.
    pub(crate) async fn open(
        binary: &OsStr,
        scratch: &Path,
        name: &str,
        secrets: usize,
    ) -> Result<Self, DatasetError> {
        Self::open_behind(Front::plain()?, binary, scratch, name, secrets).await
    }

    /// As [`Dataset::open`], reached in this way.
    pub(crate) async fn open_behind(
        front: Front,
        binary: &OsStr,
        scratch: &Path,
        name: &str,
        secrets: usize,
    ) -> Result<Self, DatasetError> {
        let Front {
            environment,
            client,
        } = front;
        let directory = scratch.join(name);
        let mark = scratch.join(format!("{name}.complete"));
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| DatasetError::Directory { path, source }
        };
        if !mark.exists() && directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(failed(&directory))?;
        }
        let server = start_in(&environment, binary, &directory)?;
        if !mark.exists() {
            println!("seeding {secrets} secrets …");
            seed(
                &owner(&server, &client),
                server.said("kmsKeyIdentity"),
                secrets,
            )
            .await?;
            std::fs::write(&mark, b"").map_err(failed(&mark))?;
        }
        let credentials = tokens(&client, &server).await?;
        Ok(Self {
            server,
            secrets,
            credentials,
            client,
        })
    }

    /// A client with one of the tokens.
    pub(crate) fn caller(&self) -> Caller {
        self.caller_with(self.credentials.first().cloned().unwrap_or_default())
    }

    /// A client with the token of the organisation's owner.
    pub(crate) fn owner(&self) -> Caller {
        owner(&self.server, &self.client)
    }

    /// A client with this `Authorization`.
    pub(crate) fn caller_with(&self, authorization: String) -> Caller {
        caller(&self.server, &self.client, authorization)
    }

    /// How long the body of a reveal is, in bytes.
    pub(crate) async fn reveal_size(&self) -> Result<usize, DatasetError> {
        let caller = self.caller();
        let url = format!("{}/value", caller.secret_url(&path(0)));
        let answer = caller.post(&url, &serde_json::json!({})).await?;
        Ok(answer.len())
    }
}

fn owner(server: &Server, client: &Client) -> Caller {
    caller(server, client, format!("Bearer {}", server.said("token")))
}

fn caller(server: &Server, client: &Client, authorization: String) -> Caller {
    let said = |name| server.said(name).to_owned();
    Caller {
        endpoint: said("endpoint"),
        region: said("region"),
        authorization,
        organisation: said("organisation"),
        client: client.clone(),
    }
}

/// Starts `strongroom dev` on a directory.
pub(crate) fn start(binary: &OsStr, directory: &Path) -> Result<Server, ProcessError> {
    start_in(&[], binary, directory)
}

fn start_in(
    environment: &[(&str, PathBuf)],
    binary: &OsStr,
    directory: &Path,
) -> Result<Server, ProcessError> {
    let arguments = ["dev", "--json", "--listen", "127.0.0.1:0", "--data"].map(OsString::from);
    let arguments: Vec<_> = arguments
        .into_iter()
        .chain([directory.as_os_str().to_owned()])
        .collect();
    Server::start_in(environment, binary, &arguments)
}

/// Creates the secrets over HTTP, as any client would.
async fn seed(owner: &Caller, key: &str, secrets: usize) -> Result<(), DatasetError> {
    let workers = (0..AT_ONCE).map(|worker| {
        let (owner, key) = (owner.clone(), key.to_owned());
        async move {
            let url = owner.secrets_url();
            for i in (worker..secrets).step_by(AT_ONCE) {
                let body = serde_json::json!({
                    "path": path(i),
                    "kmsKeyIdentity": key,
                    "generateSecret": { "byteLength": 32 },
                });
                owner.post(&url, &body).await?;
            }
            Ok(())
        }
    });
    Ok(at_once(workers).await?)
}

/// Access tokens of the service account.
async fn tokens(client: &Client, server: &Server) -> Result<Vec<String>, DatasetError> {
    let url = format!("{}/oidc/token", server.said("endpoint"));
    let mut credentials = Vec::with_capacity(TOKENS);
    for _ in 0..TOKENS {
        let request = client
            .post(&url)
            .basic_auth(server.said("clientId"), Some(server.said("clientSecret")))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let body = accepted(request, "a token").await?;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let token = body
            .get("access_token")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        credentials.push(format!("Bearer {token}"));
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_secret_has_a_path_of_its_own_below_a_hundred_directories() {
        for secrets in [1_000, 20_000] {
            let paths: BTreeSet<_> = (0..secrets).map(path).collect();
            assert_eq!(paths.len(), secrets);
            let level: BTreeSet<_> = paths
                .iter()
                .map(|path| path.split('/').nth(2).unwrap())
                .collect();
            assert_eq!(level.len(), 100);
        }
    }
}
