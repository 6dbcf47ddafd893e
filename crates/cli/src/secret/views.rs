//! How secrets look to people.

use std::io::{self, Write};

use strongroom_client::{Browse, Secret, SecretVersion};

use crate::table::{instant, maybe_instant, table};

const HEADER: [&str; 5] = ["PATH", "VERSION", "KEY", "UPDATED", "DESCRIPTION"];

/// What is known of a secret, a field per line.
pub(super) fn secret_fields(secret: &Secret) -> Vec<(&'static str, String)> {
    let policy = secret.access_policy.as_ref();
    let mut fields = vec![
        ("path", secret.path.clone()),
        ("description", secret.description.clone()),
        ("current version", secret.current_version.to_string()),
        ("key", key_of(secret)),
        ("key status", status_of(secret)),
        ("region", secret.region.slug.clone()),
        ("project", secret.project_id.clone().unwrap_or_default()),
        ("created", instant(&secret.created_at)),
        ("updated", instant(&secret.updated_at)),
        ("last read", maybe_instant(secret.last_accessed_at.as_ref())),
    ];
    let pairs = |name, map: &std::collections::BTreeMap<String, String>| {
        map.iter()
            .map(|(key, value)| (name, format!("{key}={value}")))
            .collect::<Vec<_>>()
    };
    fields.extend(pairs("label", &secret.labels));
    fields.extend(pairs("annotation", &secret.annotations));
    fields.push((
        "access policy",
        policy.map_or_else(String::new, |policy| policy.to_string()),
    ));
    fields
}

fn key_of(secret: &Secret) -> String {
    let key = secret.kms_key.as_ref();
    key.map_or_else(|| secret.kms_key_identity.clone(), |key| key.slug.clone())
}

fn status_of(secret: &Secret) -> String {
    let key = secret.kms_key.as_ref();
    key.map_or_else(|| "removed".to_owned(), |key| key.status.clone())
}

fn row(secret: &Secret) -> [String; 5] {
    [
        secret.path.clone(),
        secret.current_version.to_string(),
        key_of(secret),
        instant(&secret.updated_at),
        secret.description.clone(),
    ]
}

/// Secrets, one per line.
pub(super) fn write_secrets(output: &mut dyn Write, secrets: &[Secret]) -> io::Result<()> {
    table(output, HEADER, secrets.iter().map(row))
}

/// One level: directories first, which end in a slash.
pub(super) fn write_browse(output: &mut dyn Write, level: &Browse) -> io::Result<()> {
    let directories = level.prefixes.iter().map(|prefix| {
        let [version, key, updated, description] = [const { String::new() }; 4];
        [prefix.clone(), version, key, updated, description]
    });
    table(
        output,
        HEADER,
        directories.chain(level.secrets.iter().map(row)),
    )
}

/// Versions, one per line.
pub(super) fn write_versions(output: &mut dyn Write, versions: &[SecretVersion]) -> io::Result<()> {
    let rows = versions.iter().map(|version| {
        [
            version.version.to_string(),
            version.status.clone(),
            version.stage.clone().unwrap_or_default(),
            version.value_format.clone(),
            instant(&version.created_at),
            maybe_instant(version.last_accessed_at.as_ref()),
            maybe_instant(version.destroyed_at.as_ref()),
        ]
    });
    let header = [
        "VERSION",
        "STATUS",
        "STAGE",
        "FORMAT",
        "CREATED",
        "LAST READ",
        "DESTROYED",
    ];
    table(output, header, rows)
}
