//! Which entry of the error catalogue an error of the directory is.

use strongroom_api::ErrorCode;
use strongroom_engine::{ManageError, Thing};

use super::super::errors::{change, row};
use super::super::refusal::Catalogued;

impl Catalogued for ManageError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(Thing::Project) => ErrorCode::ProjectNotFound,
            Self::NotFound(_) => ErrorCode::ResourceNotFound,
            Self::ReadOnly => ErrorCode::ReadOnly,
            Self::LastOwner => ErrorCode::LastOwner,
            Self::OwnersOnly => ErrorCode::Escalation,
            Self::InUse(_) => ErrorCode::ProjectInUse,
            Self::Denied(denied) => denied.code(),
            Self::LooksLikeIdentity(_) | Self::Expired | Self::Rule(_) | Self::Cycle => {
                ErrorCode::InvalidRequest
            }
            Self::TooLong { .. } | Self::UnknownResource | Self::Conditionals(_) => {
                ErrorCode::InvalidRequest
            }
            Self::OwnElevation => ErrorCode::OwnElevation,
            Self::ElevationState { .. } => ErrorCode::ElevationState,
            Self::NotAPerson => ErrorCode::NotSupported,
            Self::SlugTaken { .. } => ErrorCode::SlugTaken,
            Self::Escalation => ErrorCode::Escalation,
            Self::TooMany { .. } => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Entropy(_) => ErrorCode::Internal,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}
