//! `strongroom audit ls`: the audit entries as the server tells them.
//!
//! Whether the journal is what was written is another question, which `strongroom audit verify`
//! answers on the server's own files.

use std::io::{self, Write};

use clap::Args;
use strongroom_client::{AuditEntry, AuditQuery, ServiceAccountId, UserId};

use crate::table::{instant, json, table};
use crate::{CommandError, Connection, Format, Surroundings};

/// List audit entries of the organisation, newest first.
#[derive(Debug, Args)]
pub struct AuditList {
    /// How many entries at most, 1 to 100000.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Only these actions, such as secret.get_value or POST; separated by commas.
    #[arg(long, value_name = "ACTIONS", value_delimiter = ',')]
    action: Vec<String>,
    /// Only these types of resource, such as secret or kms_key; separated by commas.
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    resource_type: Vec<String>,
    /// Only this resource, such as a secret's path.
    #[arg(long, value_name = "IDENTITY")]
    resource: Option<String>,
    /// Only this user.
    #[arg(long, value_name = "IDENTITY")]
    user: Option<UserId>,
    /// Only this service account.
    #[arg(long, value_name = "IDENTITY")]
    service_account: Option<ServiceAccountId>,
    /// Only calls that ended with this HTTP status.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..=599))]
    status: Option<u16>,
    /// Only entries with this text somewhere.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Also what the service did by itself.
    #[arg(long)]
    system: bool,
    #[command(flatten)]
    connection: Connection,
}

impl AuditList {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let query = AuditQuery {
            search: self.search,
            user: self.user,
            service_account: self.service_account,
            actions: self.action,
            resource_types: self.resource_type,
            resource: self.resource,
            status: self.status,
            include_system: self.system,
        };
        let count = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let client = self.connection.client(surroundings)?;
        let entries = client.audit().newest(&query, count).await?;
        let output = surroundings.output();
        match self.connection.format() {
            Format::Table => write_entries(output, &entries),
            Format::Json => json(output, &entries),
        }
        .map_err(CommandError::Output)
    }
}

fn write_entries(output: &mut dyn Write, entries: &[AuditEntry]) -> io::Result<()> {
    let rows = entries.iter().map(|entry| {
        [
            instant(&entry.created_at),
            entry.action.clone(),
            detail(entry, "status"),
            caller(entry),
            entry.resource_type.clone().unwrap_or_default(),
            entry
                .resource_identity
                .clone()
                .unwrap_or_else(|| detail(entry, "path")),
            detail(entry, "client_ip"),
            entry.event_id.clone(),
        ]
    });
    let header = [
        "TIME", "ACTION", "STATUS", "CALLER", "TYPE", "RESOURCE", "ADDRESS", "EVENT",
    ];
    table(output, header, rows)
}

/// Who called, by the best name that there is.
fn caller(entry: &AuditEntry) -> String {
    let user = entry.user.as_ref();
    let account = entry.service_account.as_ref();
    let names = [
        user.and_then(|user| user.email.clone()),
        user.and_then(|user| user.name.clone()),
        entry.user_identity.clone(),
        account.and_then(|account| account.slug.clone()),
        account.and_then(|account| account.name.clone()),
        entry.service_account_identity.clone(),
    ];
    names
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// A circumstance of the entry as text; nothing where there is none.
fn detail(entry: &AuditEntry, name: &str) -> String {
    let context = entry.context.as_ref();
    match context.and_then(|context| context.get(name)) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> AuditEntry {
        let start = r#"{"createdAt":"2026-01-02T03:04:05Z","eventID":"evt-1","action":"GET""#;
        serde_json::from_str(&format!("{start}{json}}}")).unwrap()
    }

    #[test]
    fn entries_show_what_people_look_for() {
        let entries = [
            entry(
                r#","user":{"email":"ann@example.org","name":"Ann"},
                   "context":{"status":200,"path":"/v1/regions","client_ip":"192.0.2.1"}"#,
            ),
            entry(
                r#","serviceAccountIdentity":"sa-1","resourceType":"secret",
                   "resourceIdentity":"/app/db","context":{"status":403,"path":"/v1/x"}"#,
            ),
            entry(""),
        ];
        let mut output = Vec::new();
        write_entries(&mut output, &entries).unwrap();
        let text = String::from_utf8(output).unwrap();
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[1],
            [
                "2026-01-02T03:04:05Z",
                "GET",
                "200",
                "ann@example.org",
                "/v1/regions",
                "192.0.2.1",
                "evt-1"
            ]
        );
        assert_eq!(
            lines[2],
            [
                "2026-01-02T03:04:05Z",
                "GET",
                "403",
                "sa-1",
                "secret",
                "/app/db",
                "evt-1"
            ]
        );
        assert_eq!(lines[3], ["2026-01-02T03:04:05Z", "GET", "evt-1"]);
    }
}
