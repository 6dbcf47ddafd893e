//! Service events in the words of the product (contract 5.4).
//!
//! Region and project are the record's own: all events of a call share them.

use strongroom_audit::{Action, Outcome, Resource, ServiceEvent};
use strongroom_types::{ValueFormat, Version};

use crate::rows::key::KeyHead;

/// Why something was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller's roles and policies do not permit it.
    Iam,
    /// The secret's own policy forbids it.
    AccessPolicy,
    /// The KMS key is missing, disabled, waits for deletion or is of the wrong type.
    KeyState,
    /// It could not be done, through no fault of the caller.
    Fault,
    /// The credential is unknown, wrong or revoked.
    Credential,
    /// The credential has expired.
    Expired,
    /// The credential must not be used from this address.
    SourceAddress,
    /// Too many attempts failed before this one.
    Attempts,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::AccessPolicy => "access_policy",
            Self::KeyState => "kms_key_state",
            Self::Fault => "fault",
            Self::Credential => "credential",
            Self::Expired => "expired",
            Self::SourceAddress => "source_address",
            Self::Attempts => "too_many_attempts",
        }
    }

    const fn outcome(self) -> Outcome {
        match self {
            Self::Iam
            | Self::AccessPolicy
            | Self::Credential
            | Self::Expired
            | Self::SourceAddress
            | Self::Attempts => Outcome::Denied,
            Self::KeyState | Self::Fault => Outcome::Error,
        }
    }
}

/// The event that an action leaves, where it leaves one of its own.
pub(crate) fn event_of(action: &str) -> Option<Action> {
    Some(match action {
        "CreateSecret" => Action::SecretCreate,
        "UpdateSecretPolicy" => Action::SecretUpdatePolicy,
        "PutSecretValue" => Action::SecretPutValue,
        "ReadSecretValue" => Action::SecretGetValue,
        "DestroySecretVersion" => Action::SecretDestroyVersion,
        "DeleteSecret" => Action::SecretDelete,
        "EncryptWithKey" => Action::KmsEncrypt,
        "DecryptWithKey" => Action::KmsDecrypt,
        "SignWithKey" => Action::KmsSign,
        "VerifyWithKey" => Action::KmsVerify,
        "HmacWithKey" => Action::KmsHmac,
        "VerifyHmacWithKey" => Action::KmsVerifyHmac,
        "RotateKey" => Action::KmsRotate,
        "ExportKey" => Action::KmsExport,
        _ => return None,
    })
}

/// An event about the secret that the call is about.
pub(crate) fn secret(action: Action) -> ServiceEvent<'static> {
    let mut event = ServiceEvent::on_call(action);
    event.details.reserve(4);
    event
}

/// An event about a KMS key.
pub(crate) fn key(action: Action, key: &KeyHead) -> ServiceEvent<'static> {
    let mut event = ServiceEvent::new(action, Some(Resource::key(key.identity)));
    event.details.reserve(4);
    event
        .with("keySlug", key.slug.as_str().to_owned())
        .with("keyType", key.key_type.as_str())
}

/// What both kinds of events say in the same words.
pub(crate) trait Evidence: Sized {
    fn version(self, version: Version) -> Self;
    fn key_version(self, version: Version) -> Self;
    fn format(self, format: ValueFormat) -> Self;
    fn refused(self, reason: Reason) -> Self;
}

impl Evidence for ServiceEvent<'static> {
    fn version(self, version: Version) -> Self {
        self.with("version", number(version))
    }

    fn key_version(self, version: Version) -> Self {
        self.with("keyVersion", number(version))
    }

    fn format(self, format: ValueFormat) -> Self {
        self.with("valueFormat", format.as_str())
    }

    fn refused(self, reason: Reason) -> Self {
        self.ended(reason.outcome(), reason.as_str())
    }
}

fn number(version: Version) -> usize {
    usize::try_from(version.get()).unwrap_or(usize::MAX)
}
