//! What each command does.

use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use strongroom_client::{CreateSecret, Directory, PathPrefix, SecretPath};

use super::tree::write_tree;
use super::views::{secret_fields, write_browse, write_secrets, write_versions};
use super::{Create, Destroy, Get, List, PolicyCommand, Put, SecretArgs, SecretCommand};
use crate::input::{Inputs, what};
use crate::reveal::{chosen, write_json, write_value};
use crate::table::{fields, json};
use crate::{CommandError, Connection, Format, InputError, Surroundings};

/// The longest access policy that is read, in bytes.
const LONGEST_POLICY: usize = 1 << 20;

impl SecretArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let Self {
            command,
            connection,
        } = self;
        match command {
            SecretCommand::Create(create) => create.run(&connection, surroundings).await,
            SecretCommand::Put(put) => put.run(&connection, surroundings).await,
            SecretCommand::Get(get) => get.run(&connection, surroundings).await,
            SecretCommand::Ls(list) => list.run(&connection, surroundings).await,
            SecretCommand::Tree { path } => tree(&path, &connection, surroundings).await,
            SecretCommand::Show { path } => {
                let session = connection.open(surroundings).await?;
                let secret = session.secrets().read(&path).await?;
                show(surroundings, &connection, &secret, &secret_fields(&secret))
            }
            SecretCommand::Versions { path } => versions(&path, &connection, surroundings).await,
            SecretCommand::Destroy(destroy) => {
                destroy.ask(surroundings)?;
                let session = connection.open(surroundings).await?;
                let secrets = session.secrets();
                Ok(secrets.destroy(&destroy.path, destroy.version).await?)
            }
            SecretCommand::Delete { path, consent } => {
                let what = format!("{path} and all its versions will be gone for good.");
                consent.obtain(surroundings, &what)?;
                let session = connection.open(surroundings).await?;
                Ok(session.secrets().delete(&path).await?)
            }
            SecretCommand::Policy(policy) => policy.run(&connection, surroundings).await,
        }
    }
}

/// Writes one thing, for people or for programs.
fn show<T: Serialize>(
    surroundings: &mut dyn Surroundings,
    connection: &Connection,
    thing: &T,
    lines: &[(&str, String)],
) -> Result<(), CommandError> {
    let output = surroundings.output();
    match connection.format() {
        Format::Table => fields(output, lines),
        Format::Json => json(output, thing),
    }
    .map_err(CommandError::Output)
}

impl Create {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let secret = self.read(surroundings)?;
        let session = connection.open(surroundings).await?;
        let created = session.secrets().create(&secret).await?;
        show(surroundings, connection, &created, &secret_fields(&created))
    }

    fn read(self, surroundings: &mut dyn Surroundings) -> Result<CreateSecret, InputError> {
        let (labels, annotations) = self.labels.read()?;
        let mut inputs = Inputs::secret(surroundings);
        let policy = self.policy_file.as_deref();
        let policy = policy.map(|path| read_policy(&mut inputs, path));
        Ok(CreateSecret {
            path: self.path,
            key: self.kms_key,
            access_policy: policy.transpose()?,
            value: Some(self.value.read(&mut inputs)?),
            description: self.description,
            labels,
            annotations,
        })
    }
}

impl Put {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let value = self.value.read(&mut Inputs::secret(surroundings))?;
        let session = connection.open(surroundings).await?;
        let reply = session.secrets().put(&self.path, value).await?;
        let lines = [
            ("path", reply.path.clone()),
            ("version", reply.version.to_string()),
        ];
        show(surroundings, connection, &reply, &lines)
    }
}

impl Get {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let session = connection.open(surroundings).await?;
        let reply = session.secrets().reveal(&self.path, self.version).await?;
        if self.json {
            write_json(surroundings.output(), &reply)?;
        } else {
            write_value(surroundings, chosen(&reply.value, self.key.as_ref())?)?;
        }
        Ok(())
    }
}

impl List {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        if self.recursive {
            let prefix = self.path.parse().map_err(InputError::Path)?;
            let session = connection.open(surroundings).await?;
            let found = session.secrets().list(&prefix).await?;
            let output = surroundings.output();
            match connection.format() {
                Format::Table => write_secrets(output, &found),
                Format::Json => json(output, &found),
            }
        } else {
            let directory = self.path.parse().map_err(InputError::Path)?;
            let session = connection.open(surroundings).await?;
            let level = session.secrets().browse(&directory).await?;
            let output = surroundings.output();
            match connection.format() {
                Format::Table => write_browse(output, &level),
                Format::Json => json(output, &level),
            }
        }
        .map_err(CommandError::Output)
    }
}

async fn tree(
    path: &str,
    connection: &Connection,
    surroundings: &mut dyn Surroundings,
) -> Result<(), CommandError> {
    let directory: Directory = path.parse().map_err(InputError::Path)?;
    let prefix: PathPrefix = directory.as_str().parse().map_err(InputError::Path)?;
    let session = connection.open(surroundings).await?;
    let secrets = session.secrets().list(&prefix).await?;
    let output = surroundings.output();
    match connection.format() {
        Format::Table => write_tree(output, &directory, &secrets),
        Format::Json => json(output, &secrets),
    }
    .map_err(CommandError::Output)
}

async fn versions(
    path: &SecretPath,
    connection: &Connection,
    surroundings: &mut dyn Surroundings,
) -> Result<(), CommandError> {
    let session = connection.open(surroundings).await?;
    let secret = session.secrets().read_with_versions(path).await?;
    let versions = secret.versions.unwrap_or_default();
    let output = surroundings.output();
    match connection.format() {
        Format::Table => write_versions(output, &versions),
        Format::Json => json(output, &versions),
    }
    .map_err(CommandError::Output)
}

impl Destroy {
    fn ask(&self, surroundings: &mut dyn Surroundings) -> Result<(), CommandError> {
        let Self { path, version, .. } = self;
        let what = format!("The value of version {version} of {path} will be gone for good.");
        Ok(self.consent.obtain(surroundings, &what)?)
    }
}

impl PolicyCommand {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let secret = match self {
            Self::Set { path, file } => {
                let policy = read_policy(&mut Inputs::public(surroundings), &file)?;
                let session = connection.open(surroundings).await?;
                session.secrets().set_policy(&path, policy).await?
            }
            Self::Clear { path, consent } => {
                let what = format!("The access policy of {path} will be removed.");
                consent.obtain(surroundings, &what)?;
                let session = connection.open(surroundings).await?;
                session.secrets().clear_policy(&path).await?
            }
        };
        show(surroundings, connection, &secret, &secret_fields(&secret))
    }
}

/// A policy as it is written. One that says nothing is refused, for the server would clear the
/// policy instead (contract 6.1).
fn read_policy(inputs: &mut Inputs<'_>, path: &Path) -> Result<Box<RawValue>, InputError> {
    let wrong = |source| InputError::Policy {
        what: what(path),
        source,
    };
    let text = inputs.read(path, LONGEST_POLICY)?;
    let policy: Box<RawValue> =
        serde_json::from_slice(text.expose()).map_err(|error| wrong(Some(error)))?;
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(policy.get()).map_err(|error| wrong(Some(error)))?;
    if object.values().all(says_nothing) {
        return Err(wrong(None));
    }
    Ok(policy)
}

fn says_nothing(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(list) => list.is_empty(),
        serde_json::Value::Object(map) => map.values().all(says_nothing),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn policy(text: &str) -> Result<Box<RawValue>, InputError> {
        let mut scene = Scene::with_stdin(text.as_bytes());
        read_policy(&mut Inputs::public(&mut scene), Path::new("-"))
    }

    #[test]
    fn a_policy_is_taken_as_it_is_written() {
        let text = r#"{ "conditions" : [ {"type":"ip"} ] }"#;
        assert_eq!(policy(text).unwrap().get(), text);
    }

    #[test]
    fn a_policy_that_would_clear_the_old_one_is_refused() {
        for text in [
            "{}",
            "null",
            "[]",
            r#"{"conditions":[]}"#,
            r#"{"conditions":[],"statements":null}"#,
            r#"{"conditionals":{"allowed":[],"denied":[]}}"#,
            "{",
        ] {
            let error = policy(text).unwrap_err();
            assert!(
                matches!(error, InputError::Policy { .. }),
                "{text}: {error}"
            );
        }
    }
}
