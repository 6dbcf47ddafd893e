//! Which entry of the error catalogue an error of the directory is.

use std::time::Duration;

use strongroom_api::{ErrorCode, MissingRight};
use strongroom_engine::{ExplainError, JoinError, ManageError, Thing};

use super::super::errors::{change, row};
use super::super::refusal::Catalogued;

impl Catalogued for ManageError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(Thing::Project) => ErrorCode::ProjectNotFound,
            Self::NotFound(_) => ErrorCode::ResourceNotFound,
            Self::OnlyPeople => ErrorCode::PermissionDenied,
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
            Self::AlreadyInvited => ErrorCode::AlreadyInvited,
            Self::Escalation | Self::WiderNetwork | Self::LongerLife => ErrorCode::Escalation,
            Self::TooMany { .. } => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Entropy(_) => ErrorCode::Internal,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }

    fn missing(&self) -> Option<MissingRight> {
        match self {
            Self::Denied(denied) => denied.missing(),
            _ => None,
        }
    }
}

impl Catalogued for JoinError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::InvitationNotFound,
            Self::AlreadyMember => ErrorCode::AlreadyInvited,
            Self::TooManyAttempts { .. } => ErrorCode::TooManyAttempts,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
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

impl Catalogued for ExplainError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(Thing::Project) => ErrorCode::ProjectNotFound,
            Self::NotFound(_) => ErrorCode::ResourceNotFound,
            Self::Denied(denied) => denied.code(),
            Self::NothingAsks { .. } | Self::RegionRequired => ErrorCode::InvalidRequest,
            Self::UnknownRegion => ErrorCode::RegionNotFound,
            Self::Path(_) => ErrorCode::InvalidPath,
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }

    fn missing(&self) -> Option<MissingRight> {
        match self {
            Self::Denied(denied) => denied.missing(),
            _ => None,
        }
    }
}
