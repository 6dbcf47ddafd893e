//! Which entry of the error catalogue each operation's error is (contract 1.15, 2.10).

use strongroom_api::{ErrorCode, RequestError};
use strongroom_authz::{Denied, PolicyError};
use strongroom_engine::{
    AccessTokenError, AuditLogError, AuditUnavailable, BrowseError, ChangeFault, CommitFault,
    CreateKeyError, CreateSecretError, DecryptDataError, DeleteSecretError, DestroyVersionError,
    EncryptDataError, EnterError, IncomingError, KeyChangeError, KeyUnusable, ListError,
    ListKeysError, MaterialFault, PutValueError, ReadKeyError, ReadSecretError, ResolveKeyError,
    RevealError, RowFault, SetPolicyError,
};

use super::body::BodyError;
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
            Self::OrganisationRequired => ErrorCode::OrganisationRequired,
            Self::NotAMember => ErrorCode::NotAMember,
            Self::SecretsOff | Self::KmsOff => ErrorCode::FeatureDisabled,
            Self::UnknownRegion => ErrorCode::RegionNotFound,
            Self::UnknownProject => ErrorCode::ProjectNotFound,
            Self::Row(fault) => row(fault),
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

impl Catalogued for ListKeysError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for ReadKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(error) => resolve(error),
            Self::Audit(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        !matches!(self, Self::Resolve(_))
    }
}

impl Catalogued for CreateKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unsupported(_) => ErrorCode::NotSupported,
            Self::PeriodMissing => ErrorCode::RotationPeriodRequired,
            Self::PeriodRange | Self::LooksLikeIdentity => ErrorCode::InvalidRequest,
            Self::SlugTaken(_) => ErrorCode::SlugTaken,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Row(fault) => row(fault),
            Self::Material(_) => ErrorCode::Internal,
            Self::Change(fault) => change(fault),
        }
    }
}

impl Catalogued for KeyChangeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(error) => resolve(error),
            Self::NotActive { .. } => ErrorCode::KeyNotActive,
            Self::PendingDeletion | Self::NotPending => ErrorCode::KeyState,
            Self::PeriodMissing => ErrorCode::RotationPeriodRequired,
            Self::PeriodRange => ErrorCode::InvalidRequest,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Exhausted(_) => ErrorCode::QuotaExceeded,
            Self::Material(_) => ErrorCode::Internal,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
        }
    }

    fn is_told(&self) -> bool {
        !matches!(self, Self::Resolve(_))
    }
}

impl Catalogued for EncryptDataError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(error) => resolve(error),
            Self::Size => ErrorCode::InvalidValue,
            Self::WrongType(_) => ErrorCode::NotSupported,
            Self::NotActive(_) => ErrorCode::KeyNotActive,
            Self::VersionNotFound(_) => ErrorCode::KeyVersionNotFound,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Material(fault) => material(fault),
            Self::Encrypt(_) => ErrorCode::Internal,
            Self::Audit(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        !matches!(self, Self::Resolve(_))
    }
}

impl Catalogued for DecryptDataError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(error) => resolve(error),
            Self::Ciphertext(_) => ErrorCode::InvalidCiphertext,
            Self::WrongType(_) => ErrorCode::NotSupported,
            Self::NotActive(_) => ErrorCode::KeyNotActive,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Material(fault) => material(fault),
            Self::Audit(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        // One answer for every ciphertext that does not open (contract 2.5).
        !matches!(self, Self::Resolve(_) | Self::Ciphertext(_))
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
            Self::Row(fault) => row(fault),
            Self::Seal(_) => ErrorCode::Internal,
            Self::Audit(error) => error.code(),
        }
    }
}

/// A store that does not answer may answer later; a row that does not open will not.
const fn row(fault: &RowFault) -> ErrorCode {
    match fault {
        RowFault::Read(_) => ErrorCode::StorageUnavailable,
        RowFault::Open { .. } | RowFault::Decode { .. } => ErrorCode::Internal,
    }
}

const fn change(fault: &ChangeFault) -> ErrorCode {
    match fault {
        ChangeFault::Audit(_) => ErrorCode::AuditUnavailable,
        ChangeFault::Commit(CommitFault::Store(_)) => ErrorCode::StorageUnavailable,
        ChangeFault::Commit(
            CommitFault::Encode(_) | CommitFault::Seal(_) | CommitFault::Entropy(_),
        ) => ErrorCode::Internal,
    }
}

const fn incoming(error: &IncomingError) -> ErrorCode {
    match error {
        IncomingError::Value(_) => ErrorCode::InvalidValue,
        IncomingError::Entropy(_) => ErrorCode::Internal,
    }
}

const fn resolve(error: &ResolveKeyError) -> ErrorCode {
    match error {
        ResolveKeyError::NotFound => ErrorCode::KeyNotFound,
        ResolveKeyError::Row(fault) => row(fault),
    }
}

const fn material(fault: &MaterialFault) -> ErrorCode {
    match fault {
        MaterialFault::Row(fault) => row(fault),
        MaterialFault::Missing { .. } | MaterialFault::Unwrap { .. } => ErrorCode::Internal,
    }
}

const fn unusable(error: &KeyUnusable) -> ErrorCode {
    match error {
        KeyUnusable::Missing => ErrorCode::KeyNotFound,
        KeyUnusable::NotActive { .. } => ErrorCode::KeyNotActive,
        KeyUnusable::WrongType { .. } | KeyUnusable::OtherRegion => ErrorCode::KeyUnusable,
        KeyUnusable::NoService => ErrorCode::KmsUnavailable,
        KeyUnusable::Row(fault) => row(fault),
        KeyUnusable::Material(fault) => material(fault),
    }
}
