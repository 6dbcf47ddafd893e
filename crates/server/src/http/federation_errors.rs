//! Which entry of the error catalogue each error of federation is (contract 3.3, 4.4).

use std::time::Duration;

use strongroom_api::ErrorCode;
use strongroom_engine::{
    ExchangeError, FederatedIdentityError, FederatedProviderError, SignInError, SignInOptionsError,
    TokenError,
};

use super::errors::{change, row};
use super::refusal::Catalogued;

impl Catalogued for FederatedProviderError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::ResourceNotFound,
            Self::IssuerTaken => ErrorCode::IssuerTaken,
            Self::IssuerFixed => ErrorCode::NotSupported,
            Self::KeySet(_) => ErrorCode::InvalidRequest,
            Self::Escalation | Self::OwnersOnly => ErrorCode::Escalation,
            Self::InUse => ErrorCode::ProviderInUse,
            Self::TooMany => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for FederatedIdentityError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::ResourceNotFound,
            Self::NoServiceAccount
            | Self::NoProvider
            | Self::Subject(_)
            | Self::Everybody
            | Self::Conditions(_)
            | Self::Past => ErrorCode::InvalidRequest,
            Self::Revoked => ErrorCode::NotSupported,
            Self::Escalation => ErrorCode::Escalation,
            Self::TooMany => ErrorCode::QuotaExceeded,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for ExchangeError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(_) => ErrorCode::InvalidGrant,
            Self::Row(fault) => row(fault),
            Self::Issue(error) => error.code(),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for TokenError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Credentials(error) => error.code(),
            Self::Exchange(error) => error.code(),
            Self::SignIn(error) => error.code(),
        }
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::Credentials(error) => error.wait(),
            Self::Exchange(_) | Self::SignIn(_) => None,
        }
    }
}

impl Catalogued for SignInError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(_) => ErrorCode::InvalidGrant,
            Self::Contended => ErrorCode::Conflict,
            Self::Row(fault) => row(fault),
            Self::Issue(error) => error.code(),
            Self::Change(fault) => change(fault),
            Self::Audit(error) => error.code(),
        }
    }
}

impl Catalogued for SignInOptionsError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::None => ErrorCode::NoSignIn,
            Self::Row(fault) => row(fault),
            Self::Audit(error) => error.code(),
        }
    }
}
