//! What each command does.

use std::path::Path;

use strongroom_client::{CreateKey, KeyFilter, KmsKey, Rotation};

use super::views::{key_fields, write_keys, write_summary};
use super::{Create, Decrypt, Encrypt, KeyArgs, KeyCommand, List, OneKey, SetRotation};
use crate::connection::Session;
use crate::input::{Inputs, what};
use crate::reveal::write_value;
use crate::table::{fields, json};
use crate::value::Dash;
use crate::{CommandError, Connection, Format, InputError, Surroundings};

/// The longest plaintext, in bytes (contract 2.4).
const LONGEST_PLAINTEXT: usize = 65_535;
/// The longest text of a ciphertext that is read, in bytes.
const LONGEST_CIPHERTEXT: usize = 128 << 10;
/// The options that say where a plaintext is.
const OPTIONS: &str = "--from-file";

impl KeyArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let Self {
            command,
            connection,
        } = self;
        match command {
            KeyCommand::Summary => summary(&connection, surroundings).await,
            KeyCommand::Encrypt(encrypt) => encrypt.run(&connection, surroundings).await,
            KeyCommand::Decrypt(decrypt) => decrypt.run(&connection, surroundings).await,
            KeyCommand::Ls(list) => list.run(&connection, surroundings).await,
            KeyCommand::Create(create) => {
                let wanted = create.read()?;
                let session = connection.open(surroundings).await?;
                let key = session.keys().create(&wanted).await?;
                show(surroundings, connection.format(), &key)
            }
            KeyCommand::Delete(delete) => {
                let what = "The key will stop working now, and nothing that it protects can be \
                            read once it is removed. Until then, cancel-deletion brings it back.";
                delete.consent.obtain(surroundings, what)?;
                let session = connection.open(surroundings).await?;
                let key = session.keys().delete(&delete.key).await?;
                show(surroundings, connection.format(), &key)
            }
            KeyCommand::One(command) => {
                let session = connection.open(surroundings).await?;
                let key = command.run(&session).await?;
                show(surroundings, connection.format(), &key)
            }
        }
    }
}

fn show(
    surroundings: &mut dyn Surroundings,
    format: Format,
    key: &KmsKey,
) -> Result<(), CommandError> {
    let output = surroundings.output();
    match format {
        Format::Table => fields(output, &key_fields(key)),
        Format::Json => json(output, key),
    }
    .map_err(CommandError::Output)
}

async fn summary(
    connection: &Connection,
    surroundings: &mut dyn Surroundings,
) -> Result<(), CommandError> {
    let summary = connection.client(surroundings)?.key_summary().await?;
    let output = surroundings.output();
    match connection.format() {
        Format::Table => write_summary(output, &summary),
        Format::Json => json(output, &summary),
    }
    .map_err(CommandError::Output)
}

impl OneKey {
    async fn run(&self, session: &Session) -> Result<KmsKey, CommandError> {
        let keys = session.keys();
        let key = match self {
            Self::Show(named) => keys.read(&named.key).await,
            Self::Rotate(named) => keys.rotate(&named.key).await,
            Self::Rotation(set) => keys.configure_rotation(&set.key, set.rotation()).await,
            Self::Disable(named) => keys.disable(&named.key).await,
            Self::Enable(named) => keys.enable(&named.key).await,
            Self::CancelDeletion(named) => keys.cancel_deletion(&named.key).await,
        };
        Ok(key?)
    }
}

impl SetRotation {
    fn rotation(&self) -> Rotation {
        Rotation {
            enabled: Some(!self.off),
            period_days: self.every,
            min_decryption_version: None,
        }
    }
}

impl Create {
    fn read(self) -> Result<CreateKey, InputError> {
        let (labels, annotations) = self.labels.read()?;
        Ok(CreateKey {
            name: self.name,
            key_type: self.key_type,
            description: self.description,
            labels,
            annotations,
            export_allowed: self.exportable,
            rotation_enabled: self.rotate_every.is_some(),
            rotation_period_days: self.rotate_every,
            import: None,
        })
    }
}

impl List {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let filter = KeyFilter {
            identity: None,
            name: self.name,
            slug: self.slug,
            labels: self.label.into_iter().collect(),
        };
        let session = connection.open(surroundings).await?;
        let keys = session.keys().list(&filter).await?;
        let output = surroundings.output();
        match connection.format() {
            Format::Table => write_keys(output, &keys),
            Format::Json => json(output, &keys),
        }
        .map_err(CommandError::Output)
    }
}

impl Encrypt {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let mut inputs = Inputs::secret(surroundings);
        let plaintext = match (Dash::given(&self.stdin)?, &self.from_file) {
            (true, Some(_)) => return Err(InputError::SeveralSources { options: OPTIONS }.into()),
            (true, None) => inputs.stdin(LONGEST_PLAINTEXT)?,
            (false, Some(path)) => inputs.read(path, LONGEST_PLAINTEXT)?,
            (false, None) => return Err(InputError::NoSource { options: OPTIONS }.into()),
        };
        let session = connection.open(surroundings).await?;
        let keys = session.keys();
        let reply = keys.encrypt(&self.key, plaintext, self.key_version).await?;
        let output = surroundings.output();
        match connection.format() {
            Format::Table => writeln!(output, "{}", reply.ciphertext),
            Format::Json => json(output, &reply),
        }
        .map_err(CommandError::Output)
    }
}

impl Decrypt {
    async fn run(
        self,
        connection: &Connection,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let ciphertext = read_ciphertext(&mut Inputs::public(surroundings), &self.from_file)?;
        let session = connection.open(surroundings).await?;
        let reply = session.keys().decrypt(&self.key, &ciphertext).await?;
        Ok(write_value(surroundings, &reply.plaintext)?)
    }
}

/// A ciphertext is a line of text, and no secret.
fn read_ciphertext(inputs: &mut Inputs<'_>, path: &Path) -> Result<String, InputError> {
    let bytes = inputs.read(path, LONGEST_CIPHERTEXT)?;
    std::str::from_utf8(bytes.expose())
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| InputError::Ciphertext { what: what(path) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn ciphertext(text: &[u8]) -> Result<String, InputError> {
        let mut scene = Scene::with_stdin(text);
        read_ciphertext(&mut Inputs::public(&mut scene), Path::new("-"))
    }

    #[test]
    fn a_ciphertext_is_one_line() {
        assert_eq!(
            ciphertext(b"thalassa:v1:QQ==\n").unwrap(),
            "thalassa:v1:QQ=="
        );
        for wrong in [&b"\n"[..], b"two\nlines", b"\xff\xfe", b"a b"] {
            let error = ciphertext(wrong).unwrap_err();
            assert!(matches!(error, InputError::Ciphertext { .. }), "{error}");
        }
    }
}
