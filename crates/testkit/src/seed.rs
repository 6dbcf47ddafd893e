//! A data directory with very many secrets, made quickly.
//!
//! The secrets are created by the engine as any call would create them, with grant and record;
//! only HTTP is left out. Many at once, so that one fsync makes many durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use strongroom_authz::{CreateSecret, Denied, Principal, authorize};
use strongroom_engine::{
    Arrival, Call, CreateSecretError, Credential, DirectoryError, Engine, EnterError, Entered,
    Entry, Gate, NewSecret, NewToken, NewValue,
};
use strongroom_server::assemble::{AssembleError, CloseFault, Installation, Opening};
use strongroom_server::config::Config;
use strongroom_server::root_key::{self, ProcessSurroundings, RootKeyUnavailable};
use strongroom_types::{Description, IdentityError, KeyId, Labels, PathError, Reference, UserId};

use crate::process::{Details, ServerProcess};

/// Creates that are under way at once.
const AT_ONCE: usize = 512;
/// How long each value is, in bytes.
const VALUE_BYTES: usize = 32;

/// A directory could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// What `dev` keeps could not be read.
    #[error("{} cannot be read", path.display())]
    Details {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What `dev` keeps is not what it wrote.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// No root key.
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    /// No runtime.
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    /// The directory does not open.
    #[error(transparent)]
    Open(#[from] AssembleError),
    /// The key's identity is none.
    #[error("the key that `dev` made has no proper identity")]
    Key(#[from] IdentityError),
    /// A path is none.
    #[error("a path of the rule is no secret path")]
    Path(#[from] PathError),
    /// The owner may not enter.
    #[error("the owner cannot enter")]
    Enter(#[from] EnterError),
    /// The owner may not create.
    #[error("the owner may not create a secret")]
    Denied(#[from] Denied),
    /// The organisation's owner is no user, or its region is not served.
    #[error("the directory was not made by `strongroom dev`")]
    NotOurs,
    /// A secret was not created.
    #[error("{path} was not created")]
    Create {
        /// Its path.
        path: String,
        /// Why not.
        #[source]
        source: CreateSecretError,
    },
    /// A token was not issued.
    #[error("a token was not issued")]
    Token(#[from] DirectoryError),
    /// The directory was not closed in order.
    #[error(transparent)]
    Close(#[from] CloseFault),
}

/// What is in a filled directory.
#[derive(Debug)]
pub struct Seeded {
    /// What it takes to use it; `endpoint` is empty until a server runs on it.
    pub details: Details,
    /// How many secrets there are: [`path`] of 0 up to this.
    pub secrets: usize,
    /// Personal access tokens of the owner.
    pub tokens: Vec<String>,
}

/// The path of secret `n`: a hundred directories with a hundred each below them, so that a level
/// shows as many children among a thousand secrets as among a million.
pub fn path(n: usize) -> String {
    format!("/load/d{:02}/e{:02}/s{n}", n % 100, (n / 100) % 100)
}

/// Makes a directory as `strongroom dev --data` does (by running `binary`), unless it is one, and
/// adds secrets and tokens to it. The secrets must not be there yet.
pub fn seed(
    binary: &Path,
    data: &Path,
    secrets: usize,
    tokens: usize,
) -> Result<Seeded, SeedError> {
    let kept = data.join("dev.json");
    if !kept.exists() {
        ServerProcess::plan(binary).data(data).start().stop_well();
    }
    let text = std::fs::read(&kept).map_err(|source| SeedError::Details {
        path: kept.clone(),
        source,
    })?;
    let details: Details = serde_json::from_slice(&text)
        .map_err(|source| SeedError::Damaged { path: kept, source })?;
    let mut config = Config::default();
    config.store.data = data.to_owned();
    config.audit.segment_mebibytes = 64;
    let root = root_key::existing(&config, &ProcessSurroundings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(SeedError::Runtime)?;
    let tokens = runtime.block_on(async {
        let installation = Installation::open(&config, &root, Opening::Existing).await?;
        let made = fill(installation.engine(), &details, secrets, tokens).await;
        let closed = installation.close().await;
        let made = made?;
        closed?;
        Ok::<_, SeedError>(made)
    })?;
    Ok(Seeded {
        details,
        secrets,
        tokens,
    })
}

async fn fill(
    engine: &Engine,
    details: &Details,
    secrets: usize,
    tokens: usize,
) -> Result<Vec<String>, SeedError> {
    let key: KeyId = details.kms_key_identity.parse()?;
    let owner = owner(engine, details).await?;
    let whose = Arc::new(details.clone());
    let tasks = stream::iter(0..secrets).map(|n| {
        let (engine, whose) = (engine.clone(), whose.clone());
        let task = tokio::spawn(async move { create(&engine, &whose, key, n).await });
        async move { task.await.unwrap_or(Err(SeedError::NotOurs)) }
    });
    tasks
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    let tokens = stream::iter(0..tokens).map(|n| {
        let engine = engine.clone();
        async move {
            let token = NewToken {
                name: format!("seeded {n}"),
                ..NewToken::default()
            };
            let token = engine.directory().create_token(owner, token).await?;
            Ok(token.expose().to_owned())
        }
    });
    tokens.buffer_unordered(AT_ONCE).try_collect().await
}

async fn owner(engine: &Engine, details: &Details) -> Result<UserId, SeedError> {
    let entered = enter(engine, &arrival(engine), details).await?;
    match *entered.caller.principal() {
        Principal::User { id, .. } => Ok(id),
        _ => Err(SeedError::NotOurs),
    }
}

async fn enter(engine: &Engine, call: &Arc<Call>, details: &Details) -> Result<Entered, SeedError> {
    let entry = Entry {
        organisation: Some(&details.organisation),
        region: Some(&details.region),
        project: None,
        gates: &[Gate::Secrets, Gate::Kms],
        anywhere: false,
    };
    let credential = Credential::Token(&details.token);
    Ok(engine.enter(call, Some(&credential), entry).await?)
}

fn arrival(engine: &Engine) -> Arc<Call> {
    let arrival = Arrival {
        method: "SYSTEM".to_owned(),
        path: "seed".to_owned(),
        success_status: 201,
        system: true,
        ..Arrival::default()
    };
    Call::arrived(engine.clock(), arrival)
}

async fn create(engine: &Engine, details: &Details, key: KeyId, n: usize) -> Result<(), SeedError> {
    let call = arrival(engine);
    let entered = enter(engine, &call, details).await?;
    let scope = entered.scope().ok_or(SeedError::NotOurs)?;
    let path = path(n);
    let grant = authorize::<CreateSecret>(entered.caller.clone(), scope, path.parse()?)?;
    let new = NewSecret {
        key: Reference::Identity(key),
        description: Description::default(),
        labels: Labels::default(),
        annotations: Labels::default(),
        policy: None,
        value: Some(NewValue::Generate { bytes: VALUE_BYTES }),
    };
    match engine.secrets().create(grant, &call, new).await {
        Ok(created) => {
            let _view = created.into_inner();
            Ok(())
        }
        Err(source) => Err(SeedError::Create { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_secret_has_a_path_of_its_own_below_a_hundred_directories() {
        let paths: BTreeSet<_> = (0..20_000).map(path).collect();
        assert_eq!(paths.len(), 20_000);
        let level: BTreeSet<_> = paths.iter().map(|path| path.split('/').nth(2)).collect();
        assert_eq!(level.len(), 100);
    }
}
