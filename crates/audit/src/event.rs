//! Service events: what a call did, beside the generic record that it happened.

use std::fmt;

use minicbor::{Decode, Encode};
use strongroom_types::{KeyId, OrganisationId, ProjectId};

use crate::codec;
use crate::filter::AUDIT_LOG;
use crate::text::{LongText, Text};

/// What a service did (contract 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Data was encrypted with a key.
    KmsEncrypt,
    /// Data was decrypted with a key.
    KmsDecrypt,
    /// Data was signed.
    KmsSign,
    /// A signature was checked.
    KmsVerify,
    /// A message authentication code was made.
    KmsHmac,
    /// A message authentication code was checked.
    KmsVerifyHmac,
    /// A caller rotated a key.
    KmsRotate,
    /// A key rotated on its schedule.
    KmsRotateScheduled,
    /// Key material left the service.
    KmsExport,
    /// A secret was created.
    SecretCreate,
    /// A value was read.
    SecretGetValue,
    /// A value was written.
    SecretPutValue,
    /// An access policy was replaced.
    SecretUpdatePolicy,
    /// A version was destroyed.
    SecretDestroyVersion,
    /// A secret was deleted.
    SecretDelete,
    /// A token was issued.
    AuthTokenIssued,
    /// A token was asked for and refused.
    AuthTokenFailed,
    /// A call came with a credential that does not count.
    AuthRefused,
    /// The root key was replaced by a new one of the same provider.
    RootKeyRotate,
    /// The root key was replaced by one that is kept elsewhere.
    RootKeyMigrate,
    /// A share of the root key was given to a sealed server.
    SealShare,
    /// A sealed server was opened.
    SealOpen,
}

impl Action {
    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KmsEncrypt => "kms.encrypt",
            Self::KmsDecrypt => "kms.decrypt",
            Self::KmsSign => "kms.sign",
            Self::KmsVerify => "kms.verify",
            Self::KmsHmac => "kms.hmac",
            Self::KmsVerifyHmac => "kms.verify_hmac",
            Self::KmsRotate => "kms.rotate",
            Self::KmsRotateScheduled => "kms.rotate.scheduled",
            Self::KmsExport => "kms.export",
            Self::SecretCreate => "secret.create",
            Self::SecretGetValue => "secret.get_value",
            Self::SecretPutValue => "secret.put_value",
            Self::SecretUpdatePolicy => "secret.update_policy",
            Self::SecretDestroyVersion => "secret.destroy_version",
            Self::SecretDelete => "secret.delete",
            Self::AuthTokenIssued => "auth.token.issued",
            Self::AuthTokenFailed => "auth.token.failed",
            Self::AuthRefused => "auth.refused",
            Self::RootKeyRotate => "root_key.rotate",
            Self::RootKeyMigrate => "root_key.migrate",
            Self::SealShare => "seal.share",
            Self::SealOpen => "seal.open",
        }
    }
}

impl From<Action> for Text<'_> {
    fn from(action: Action) -> Self {
        action.as_str().into()
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// It was done.
    #[n(0)]
    Success,
    /// It was refused.
    #[n(1)]
    Denied,
    /// It was allowed and failed.
    #[n(2)]
    Error,
}

impl Outcome {
    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Error => "error",
        }
    }
}

/// What was acted on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Resource<'a> {
    /// Its type: `secret`, `kms_key`, ….
    #[b(0)]
    pub kind: Text<'a>,
    /// Its identity; for a secret, its path.
    #[b(1)]
    pub identity: LongText<'a>,
}

impl<'a> Resource<'a> {
    /// The audit log of an organisation.
    pub fn audit_log(organisation: OrganisationId) -> Self {
        Self {
            kind: AUDIT_LOG.into(),
            identity: organisation.to_string().into(),
        }
    }

    /// A secret, by its path.
    pub fn secret(path: &'a str) -> Self {
        Self {
            kind: "secret".into(),
            identity: path.into(),
        }
    }

    /// A key.
    pub fn key(key: KeyId) -> Self {
        Self {
            kind: "kms_key".into(),
            identity: key.to_string().into(),
        }
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Resource<'static> {
        Resource {
            kind: self.kind.into_owned(),
            identity: self.identity.into_owned(),
        }
    }
}

/// The value of a detail.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Value<'a> {
    /// Text, cut at 512 bytes.
    #[n(0)]
    Text(#[b(0)] Text<'a>),
    /// A whole number: a version, a size in bytes.
    #[n(1)]
    Number(#[n(0)] i64),
    /// Yes or no.
    #[n(2)]
    Bool(#[n(0)] bool),
    /// A key; reads as its text.
    #[n(3)]
    Key(#[cbor(n(0), with = "codec::identity")] KeyId),
    /// A project; reads as its text.
    #[n(4)]
    Project(#[cbor(n(0), with = "codec::identity")] ProjectId),
}

impl Value<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(text.into_owned()),
            Self::Number(number) => Value::Number(number),
            Self::Bool(bool) => Value::Bool(bool),
            Self::Key(key) => Value::Key(key),
            Self::Project(project) => Value::Project(project),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => fmt::Display::fmt(text, f),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Bool(bool) => fmt::Display::fmt(bool, f),
            Self::Key(key) => fmt::Display::fmt(key, f),
            Self::Project(project) => fmt::Display::fmt(project, f),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<KeyId> for Value<'_> {
    fn from(key: KeyId) -> Self {
        Self::Key(key)
    }
}

impl From<ProjectId> for Value<'_> {
    fn from(project: ProjectId) -> Self {
        Self::Project(project)
    }
}

/// One detail: a name and its value, in the order in which they were added.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Detail<'a> {
    /// The name, as the log shows it (`keyVersion`, `valueFormat`).
    #[b(0)]
    pub name: Text<'a>,
    /// The value. Never a secret.
    #[b(1)]
    pub value: Value<'a>,
}

/// What one service did in a call (contract 5.4). Each becomes an entry of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct ServiceEvent<'a> {
    /// What was done: an [`Action`], or one that a later release knows.
    #[b(0)]
    pub action: Text<'a>,
    /// What it was done to.
    #[b(1)]
    pub resource: Option<Resource<'a>>,
    /// How it ended.
    #[n(2)]
    pub outcome: Outcome,
    /// Why it was denied or failed: `iam`, `access_policy`, `kms_key_state`, ….
    #[b(3)]
    pub reason: Option<Text<'a>>,
    /// Further facts: region, project, key version, payload sizes. Never a secret.
    #[cbor(b(4), default)]
    pub details: Vec<Detail<'a>>,
    /// It was done to what the call is about: `resource` is then absent.
    #[cbor(n(5), default, skip_if = "is_false")]
    pub on_call: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> ServiceEvent<'a> {
    /// A successful event without details.
    pub fn new(action: Action, resource: Option<Resource<'a>>) -> Self {
        Self {
            action: action.into(),
            resource,
            outcome: Outcome::Success,
            reason: None,
            details: Vec::new(),
            on_call: false,
        }
    }

    /// A successful event without details, about what the call is about.
    pub fn on_call(action: Action) -> Self {
        Self {
            on_call: true,
            ..Self::new(action, None)
        }
    }

    /// The event, ended otherwise and for this reason.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome, reason: &'a str) -> Self {
        self.outcome = outcome;
        self.reason = Some(reason.into());
        self
    }

    /// The event with one more detail.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<Value<'a>>) -> Self {
        self.details.push(Detail {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> ServiceEvent<'static> {
        ServiceEvent {
            action: self.action.into_owned(),
            resource: self.resource.map(Resource::into_owned),
            outcome: self.outcome,
            reason: self.reason.map(Text::into_owned),
            details: self
                .details
                .into_iter()
                .map(|detail| Detail {
                    name: detail.name.into_owned(),
                    value: detail.value.into_owned(),
                })
                .collect(),
            on_call: self.on_call,
        }
    }
}
