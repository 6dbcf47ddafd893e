//! Which entry of the error catalogue each error about keys is (contract 2.9, 2.10).

use strongroom_api::ErrorCode;
use strongroom_crypto::{ImportError, MaterialError, OperationError};
use strongroom_engine::{
    CountError, CreateKeyError, DecryptDataError, DrawError, EncryptDataError, ExportKeyError,
    KeyChangeError, KeyUnusable, ListKeysError, MaterialFault, NewMaterialFault, ReadKeyError,
    ReencryptError, ResolveKeyError, SlowFault, UseKeyError, WrappingKeyError,
};

use super::errors::{change, commit, row};
use super::refusal::Catalogued;

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
            Self::RotationNotAllowed => ErrorCode::RotationNotAllowed,
            Self::Import(error) => import(error),
            Self::WrappingKey(error) => error.code(),
            Self::Slow(fault) => slow(fault),
            Self::PeriodMissing => ErrorCode::RotationPeriodRequired,
            Self::PeriodRange | Self::LooksLikeIdentity => ErrorCode::InvalidRequest,
            Self::SlugTaken(_) => ErrorCode::SlugTaken,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Row(fault) => row(fault),
            Self::Material(fault) => new_material(fault),
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
            Self::PeriodRange | Self::MinVersionRange => ErrorCode::InvalidRequest,
            Self::RotationNotAllowed => ErrorCode::RotationNotAllowed,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Exhausted(_) => ErrorCode::QuotaExceeded,
            Self::Material(fault) => new_material(fault),
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
        }
    }

    fn is_told(&self) -> bool {
        !matches!(self, Self::Resolve(_))
    }
}

impl Catalogued for UseKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Resolve(error) => resolve(error),
            Self::NotOffered { .. } => ErrorCode::NotSupported,
            Self::NotActive(_) => ErrorCode::KeyNotActive,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::VersionNotFound(_) => ErrorCode::KeyVersionNotFound,
            Self::Material(fault) => material(fault),
            Self::Operation(error) => operation(error),
            Self::Written(_) => ErrorCode::Internal,
            Self::Audit(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        !matches!(self, Self::Resolve(_))
    }
}

impl Catalogued for EncryptDataError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Use(error) => error.code(),
            Self::Size => ErrorCode::InvalidValue,
            Self::Count(error) => count(error),
            Self::Entropy(_) => ErrorCode::Internal,
        }
    }

    fn is_told(&self) -> bool {
        match self {
            Self::Use(error) => error.is_told(),
            Self::Size | Self::Count(_) | Self::Entropy(_) => true,
        }
    }
}

impl Catalogued for DecryptDataError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Use(error) => error.code(),
            Self::Ciphertext(_) => ErrorCode::InvalidCiphertext,
        }
    }

    fn is_told(&self) -> bool {
        match self {
            Self::Use(error) => error.is_told(),
            // One answer for every ciphertext that does not open (contract 2.5).
            Self::Ciphertext(_) => false,
        }
    }
}

impl Catalogued for ReencryptError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Decrypt(error) => error.code(),
            Self::Target(error) => resolve(error),
            Self::Encrypt(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        match self {
            Self::Decrypt(error) => error.is_told(),
            Self::Target(_) => true,
            Self::Encrypt(error) => error.is_told(),
        }
    }
}

impl Catalogued for ExportKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotAllowed => ErrorCode::ExportNotAllowed,
            Self::Use(error) => error.code(),
        }
    }

    fn is_told(&self) -> bool {
        match self {
            Self::NotAllowed => true,
            Self::Use(error) => error.is_told(),
        }
    }
}

impl Catalogued for DrawError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Size => ErrorCode::InvalidRequest,
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Entropy(_) => ErrorCode::Internal,
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for WrappingKeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoService => ErrorCode::KmsUnavailable,
            Self::Row(fault) => row(fault),
            Self::Slow(fault) => slow(fault),
            Self::Unwrap(_) | Self::Generate(_) | Self::Wrap(_) | Self::Interrupted(_) => {
                ErrorCode::Internal
            }
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

/// What a caller can mend, and what failed in spite of a good request.
const fn operation(error: &OperationError) -> ErrorCode {
    match error {
        OperationError::NotOffered { .. }
        | OperationError::Hash { .. }
        | OperationError::Prehashed { .. }
        | OperationError::Context { .. }
        | OperationError::Scheme { .. } => ErrorCode::NotSupported,
        OperationError::TooLong { .. } | OperationError::DigestLength { .. } => {
            ErrorCode::InvalidValue
        }
        OperationError::Entropy(_) | OperationError::Library(_) => ErrorCode::Internal,
    }
}

const fn import(error: &ImportError) -> ErrorCode {
    match error {
        ImportError::NotImportable(_) => ErrorCode::NotSupported,
        ImportError::Material(MaterialError::Entropy(_) | MaterialError::Library(_)) => {
            ErrorCode::Internal
        }
        ImportError::BlobLength { .. } | ImportError::Unwrap | ImportError::Material(_) => {
            ErrorCode::InvalidValue
        }
    }
}

const fn slow(fault: &SlowFault) -> ErrorCode {
    match fault {
        SlowFault::Busy | SlowFault::Closed(_) | SlowFault::NoThread(_) => {
            ErrorCode::KmsUnavailable
        }
        SlowFault::Interrupted(_) => ErrorCode::Internal,
    }
}

const fn new_material(fault: &NewMaterialFault) -> ErrorCode {
    match fault {
        NewMaterialFault::Slow(fault) => slow(fault),
        NewMaterialFault::Generate(_) | NewMaterialFault::Wrap(_) => ErrorCode::Internal,
    }
}

const fn count(error: &CountError) -> ErrorCode {
    match error {
        CountError::Spent(_) => ErrorCode::KeyVersionSpent,
        CountError::Row(fault) => row(fault),
        CountError::Commit(fault) => commit(fault),
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

pub(super) const fn unusable(error: &KeyUnusable) -> ErrorCode {
    match error {
        KeyUnusable::Missing => ErrorCode::KeyNotFound,
        KeyUnusable::NotActive { .. } => ErrorCode::KeyNotActive,
        KeyUnusable::WrongType { .. } | KeyUnusable::OtherRegion => ErrorCode::KeyUnusable,
        KeyUnusable::Retired(_) => ErrorCode::KeyUnusable,
        KeyUnusable::Count(error) => count(error),
        KeyUnusable::NoService => ErrorCode::KmsUnavailable,
        KeyUnusable::Row(fault) => row(fault),
        KeyUnusable::Material(fault) => material(fault),
    }
}
