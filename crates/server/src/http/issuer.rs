//! What everybody may know of this server as an issuer of ID tokens (OpenID Connect Discovery 1.0,
//! section 4; RFC 7517).

use http::{Method, StatusCode};
use strongroom_api::{ErrorCode, IssuerDiscovery, JsonWebKey, JsonWebKeySet};
use strongroom_engine::{
    IdTokenError, IssueError, IssuerError, PublicSigningKey, RotationError, SealFault,
};

use super::errors::{change, row};
use super::guard::{Public, Unrecorded};
use super::refusal::{Catalogued, Refusal};
use super::reply::Reply;
use super::route::{Answer, Route, Routes};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks.json";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, DISCOVERY, "discoverIssuer")
                .about("Says how ID tokens of this server are got and verified.")
                .answers(StatusCode::OK, Answer::One("IssuerDiscovery")),
            discover,
        )
        .add(
            Route::new(Method::GET, KEYS, "listIssuerKeys")
                .about("Lists the public keys that verify ID tokens of this server.")
                .answers(StatusCode::OK, Answer::One("JsonWebKeySet")),
            keys,
        )
}

async fn discover(public: Public<Unrecorded>) -> Result<Reply, Refusal> {
    let url = public.engine.issuer().url().map_err(unrecorded)?.to_owned();
    Reply::public(&public.input, &IssuerDiscovery::of(&url))
}

async fn keys(public: Public<Unrecorded>) -> Result<Reply, Refusal> {
    let keys = public.engine.issuer().keys().await.map_err(unrecorded)?;
    Reply::public(&public.input, &shown(keys))
}

fn shown(keys: Vec<PublicSigningKey>) -> JsonWebKeySet {
    let keys = keys.into_iter();
    let keys = keys.map(|key| JsonWebKey::es256(key.name, key.x, key.y));
    JsonWebKeySet {
        keys: keys.collect(),
    }
}

fn unrecorded(error: IssuerError) -> Refusal {
    Refusal::from(error).without_record()
}

impl Catalogued for IssuerError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Off => ErrorCode::NoIssuer,
            Self::Row(fault) => row(fault),
            Self::Rotation(RotationError::Row(fault)) => row(fault),
            Self::Rotation(RotationError::Change(fault)) => change(fault),
            Self::Rotation(RotationError::Fresh(_)) => ErrorCode::Internal,
            Self::Rotation(RotationError::Contended) => ErrorCode::StorageUnavailable,
        }
    }
}

impl Catalogued for IssueError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Seal(SealFault::Row(fault)) => row(fault),
            Self::UnknownProject
            | Self::IdToken(IdTokenError::Scope | IdTokenError::Project | IdTokenError::Person) => {
                ErrorCode::InvalidRequest
            }
            Self::IdToken(IdTokenError::Keys(error)) => error.code(),
            Self::Seal(SealFault::Seal(_))
            | Self::IdToken(IdTokenError::Entropy(_) | IdTokenError::Sign(_)) => {
                ErrorCode::Internal
            }
        }
    }
}
