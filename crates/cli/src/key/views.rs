//! How keys look to people.

use std::io::{self, Write};

use strongroom_client::{KmsKey, Summary};

use crate::table::{instant, maybe_instant, table};

/// What is known of a key, a field per line.
pub(super) fn key_fields(key: &KmsKey) -> Vec<(&'static str, String)> {
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let deletion = key.deletion_scheduled_at.as_ref();
    let mut fields = vec![
        ("identity", key.identity.clone()),
        ("slug", key.slug.clone()),
        ("name", key.name.clone()),
        ("description", key.description.clone()),
        ("type", key.key_type.clone()),
        ("status", key.status.clone()),
        ("removal", maybe_instant(deletion)),
        ("latest version", key.latest_version.to_string()),
        ("rotates", rotation(key)),
        ("exportable", yes(key.export_allowed)),
        ("project", key.project_id.clone().unwrap_or_default()),
        ("created", instant(&key.created_at)),
        ("updated", instant(&key.updated_at)),
    ];
    for (label, value) in &key.labels {
        fields.push(("label", format!("{label}={value}")));
    }
    for (annotation, value) in &key.annotations {
        fields.push(("annotation", format!("{annotation}={value}")));
    }
    for version in &key.versions {
        let made = instant(&version.created_at);
        fields.push(("version", format!("{} {made}", version.version)));
    }
    fields
}

fn rotation(key: &KmsKey) -> String {
    match key.rotation_period_in_days {
        Some(days) if key.key_rotation_enabled => format!("every {days} days"),
        None if key.key_rotation_enabled => "yes".to_owned(),
        _ => "no".to_owned(),
    }
}

/// Keys, one per line.
pub(super) fn write_keys(output: &mut dyn Write, keys: &[KmsKey]) -> io::Result<()> {
    let rows = keys.iter().map(|key| {
        [
            key.slug.clone(),
            key.key_type.clone(),
            key.status.clone(),
            key.latest_version.to_string(),
            rotation(key),
            key.identity.clone(),
            key.name.clone(),
        ]
    });
    let header = [
        "SLUG", "TYPE", "STATUS", "VERSION", "ROTATES", "IDENTITY", "NAME",
    ];
    table(output, header, rows)
}

/// Regions with their numbers of keys, one per line.
pub(super) fn write_summary(output: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    if !summary.feature_enabled {
        return writeln!(output, "The KMS is switched off for this organisation.");
    }
    let rows = summary.regions.iter().map(|region| {
        [
            region.slug.clone(),
            if region.kms_available { "yes" } else { "no" }.to_owned(),
            region.total_keys.to_string(),
            region.active_keys.to_string(),
            region.disabled_keys.to_string(),
            region.pending_deletion_keys.to_string(),
        ]
    });
    let header = [
        "REGION",
        "AVAILABLE",
        "KEYS",
        "ACTIVE",
        "DISABLED",
        "PENDING DELETION",
    ];
    table(output, header, rows)
}
