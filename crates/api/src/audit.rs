//! Audit entries on the wire (contract 5.1, 5.2). Here the contract spells `organization`, and
//! the context in snake case.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Time;

/// One page of entries, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// How many entries match in all.
    pub total_items: u64,
    /// This page, from 1.
    pub page: u64,
    /// How many entries a page holds.
    pub items_per_page: u64,
    /// How many pages there are.
    pub total_pages: u64,
    /// The same as `totalItems`.
    pub total_count: u64,
}

/// One entry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When the call began.
    pub created_at: Time,
    /// The entry's own identity.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// The user who called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_identity: Option<String>,
    /// The user who called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<AuditPrincipal>,
    /// The service account that called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_identity: Option<String>,
    /// The service account that called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<AuditPrincipal>,
    /// The organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_identity: Option<String>,
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The HTTP method, or the service's own name of what happened, as in `secret.get_value`.
    pub action: String,
    /// What happened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it happened to: `secret`, `kms_key` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_identity: Option<String>,
    /// The circumstances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub context: Option<AuditContext>,
}

/// The circumstances of an entry: a free object, names in snake case.
pub type AuditContext = serde_json::Map<String, serde_json::Value>;

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPrincipal {
    /// Identity of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Subject of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A user's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A service account's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}
