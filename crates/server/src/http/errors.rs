//! Which entry of the error catalogue each operation's error is (contract 1.15, 2.10).

use std::time::Duration;

use strongroom_api::{ErrorCode, MissingRight, RequestError};
use strongroom_authz::{Denied, Permission, PolicyError, ResourceType};
use strongroom_engine::{
    AccessTokenError, AuditLogError, AuditUnavailable, BrowseError, ChangeFault, CommitFault,
    CreateSecretError, DeleteSecretError, DestroyVersionError, EnterError, IncomingError,
    ListError, PutValueError, ReadSecretError, RevealError, RowFault, SetPolicyError,
};

use super::body::BodyError;
use super::key_errors::unusable;
use super::refusal::Catalogued;

impl Catalogued for RequestError {
    fn code(&self) -> ErrorCode {
        RequestError::code(self)
    }
}

impl Catalogued for PolicyError {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidPolicy
    }
}

impl Catalogued for Denied {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Hidden { .. } => ErrorCode::KeyNotFound,
            Self::Forbidden { .. } | Self::TokenScope { .. } | Self::Elsewhere => {
                ErrorCode::PermissionDenied
            }
        }
    }

    fn is_told(&self) -> bool {
        // What hides a key's existence reads like every other missing key.
        !matches!(self, Self::Hidden { .. })
    }

    fn missing(&self) -> Option<MissingRight> {
        match self {
            Self::Forbidden {
                resource,
                permissions,
            } => Some(missing(*resource, permissions)),
            Self::Hidden { .. } | Self::TokenScope { .. } | Self::Elsewhere => None,
        }
    }
}

/// A missing right, as it travels.
pub(super) fn missing(resource: ResourceType, permissions: &[Permission]) -> MissingRight {
    let words = permissions.iter().map(|each| each.as_str().to_owned());
    MissingRight {
        resource: resource.as_str().to_owned(),
        permissions: words.collect(),
    }
}

impl Catalogued for BodyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge { .. } => ErrorCode::BodyTooLarge,
            Self::TooSlow { .. } => ErrorCode::BodyTimeout,
            Self::Broken(_) => ErrorCode::InvalidRequest,
        }
    }
}

impl Catalogued for EnterError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::MissingCredential => ErrorCode::CredentialsMissing,
            Self::InvalidCredential => ErrorCode::CredentialsInvalid,
            Self::ExpiredCredential => ErrorCode::CredentialsExpired,
            Self::TooManyAttempts { .. } => ErrorCode::TooManyAttempts,
            Self::OrganisationRequired => ErrorCode::OrganisationRequired,
            Self::NotAMember => ErrorCode::NotAMember,
            Self::SecretsOff | Self::KmsOff | Self::ProjectsOff => ErrorCode::FeatureDisabled,
            Self::UnknownRegion => ErrorCode::RegionNotFound,
            Self::UnknownProject => ErrorCode::ProjectNotFound,
            Self::Row(fault) => row(fault),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts { wait } => Some(*wait),
            _ => None,
        }
    }
}

impl Catalogued for AuditUnavailable {
    fn code(&self) -> ErrorCode {
        ErrorCode::AuditUnavailable
    }
}

impl Catalogued for BrowseError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for ListError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for CreateSecretError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoValue => ErrorCode::InvalidValue,
            Self::Value(error) => incoming(error),
            Self::Key(error) => unusable(error),
            Self::KeyPermission => ErrorCode::PermissionDenied,
            Self::Exists => ErrorCode::SecretExists,
            Self::TooManySecrets { .. } => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Seal(_) => ErrorCode::Internal,
            Self::Change(fault) => change(fault),
        }
    }
}

impl Catalogued for ReadSecretError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for SetPolicyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
        }
    }
}

impl Catalogued for PutValueError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Value(error) => incoming(error),
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::AccessPolicy(_) => ErrorCode::AccessPolicyDenied,
            Self::KeyPermission => ErrorCode::PermissionDenied,
            Self::Key(error) => unusable(error),
            Self::TooManyVersions { .. } | Self::Exhausted(_) => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Seal(_) => ErrorCode::Internal,
            Self::Change(fault) => change(fault),
        }
    }
}

impl Catalogued for RevealError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::VersionNotFound(_) | Self::VersionDestroyed(_) | Self::NoActiveVersion => {
                ErrorCode::VersionNotFound
            }
            Self::AccessPolicy(_) => ErrorCode::AccessPolicyDenied,
            Self::KeyPermission => ErrorCode::PermissionDenied,
            Self::Key(error) => unusable(error),
            Self::Row(fault) => row(fault),
            Self::Damaged(_) => ErrorCode::Internal,
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for DestroyVersionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::VersionNotFound(_) => ErrorCode::VersionNotFound,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for DeleteSecretError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::SecretNotFound,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
        }
    }
}

impl Catalogued for AuditLogError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::AuditEntryNotFound,
            Self::Behind(_) | Self::Read(_) | Self::Audit(_) => ErrorCode::AuditUnavailable,
            Self::Interrupted(_) => ErrorCode::Internal,
        }
    }
}

impl Catalogued for AccessTokenError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidClient => ErrorCode::InvalidClient,
            Self::TooManyAttempts { .. } => ErrorCode::TooManyAttempts,
            Self::Row(fault) => row(fault),
            Self::Issue(error) => error.code(),
            Self::Audit(error) => error.code(),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts { wait } => Some(*wait),
            _ => None,
        }
    }
}

/// A store that does not answer may answer later; a row that does not open will not.
pub(super) const fn row(fault: &RowFault) -> ErrorCode {
    match fault {
        RowFault::Read(_) => ErrorCode::StorageUnavailable,
        RowFault::Open { .. } | RowFault::Decode { .. } => ErrorCode::Internal,
    }
}

pub(super) const fn change(fault: &ChangeFault) -> ErrorCode {
    match fault {
        ChangeFault::Audit(_) => ErrorCode::AuditUnavailable,
        ChangeFault::Commit(fault) => commit(fault),
    }
}

pub(super) const fn commit(fault: &CommitFault) -> ErrorCode {
    match fault {
        CommitFault::Store(_) => ErrorCode::StorageUnavailable,
        CommitFault::Encode(_) | CommitFault::Seal(_) | CommitFault::Entropy(_) => {
            ErrorCode::Internal
        }
    }
}

const fn incoming(error: &IncomingError) -> ErrorCode {
    match error {
        IncomingError::Value(_) => ErrorCode::InvalidValue,
        IncomingError::Entropy(_) => ErrorCode::Internal,
    }
}
