//! K13, K14 and K16 to K19: how a key changes.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::RotationChange;

use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::super::views;
use super::{GATES, ONE, key};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let post = |template, name| {
        Route::new(Method::POST, template, name)
            .gates(GATES)
            .answers(StatusCode::OK, Answer::One("KmsKey"))
    };
    let delete = |template, name| {
        Route::new(Method::DELETE, template, name)
            .gates(GATES)
            .answers(StatusCode::OK, Answer::One("KmsKey"))
    };
    routes
        .add(
            Route::new(
                Method::PATCH,
                "/v1/kms/{region}/keys/{id}/rotation",
                "configureRotation",
            )
            .about("Changes whether and how often a key rotates by itself.")
            .gates(GATES)
            .takes("Rotation")
            .answers(StatusCode::OK, Answer::One("KmsKey")),
            configure_rotation,
        )
        .add(
            post("/v1/kms/{region}/keys/{id}/rotate", "rotateKey")
                .about("Gives a key a new version now; older ones still decrypt."),
            rotate,
        )
        .add(
            post("/v1/kms/{region}/keys/{id}/disable", "disableKey").about("Switches a key off."),
            disable,
        )
        .add(
            post("/v1/kms/{region}/keys/{id}/enable", "enableKey")
                .about("Switches a key on again."),
            enable,
        )
        .add(
            delete(ONE, "deleteKey")
                .about("Schedules a key's removal, after which nothing it protects can be read."),
            delete_key,
        )
        .add(
            delete(
                "/v1/kms/{region}/keys/{id}/cancel-deletion",
                "cancelKeyDeletion",
            )
            .about("Calls off a key's scheduled removal."),
            cancel_deletion,
        )
}

async fn configure_rotation(granted: Granted<Configure>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let key = engine
        .keys()
        .configure_rotation(grant, &call, input.0)
        .await?;
    Reply::json(key, views::key)
}

macro_rules! plain_handlers {
    ($($handler:ident: $request:ident = $action:ident by $operation:ident;)*) => {$(
        async fn $handler(granted: Granted<$request>) -> Result<Reply, Refusal> {
            let (engine, call, grant, _) = granted.parts();
            let key = engine.keys().$operation(grant, &call).await?;
            Reply::json(key, views::key)
        }

        struct $request;

        impl Request for $request {
            type Action = authz::$action;
            const HAS_BODY: bool = false;

            fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
                Ok((key(parts)?, Self))
            }
        }
    )*};
}

plain_handlers! {
    rotate: Rotate = RotateKey by rotate;
    disable: Disable = DisableKey by disable;
    enable: Enable = EnableKey by enable;
    delete_key: Delete = DeleteKey by delete;
    cancel_deletion: CancelDeletion = CancelKeyDeletion by cancel_deletion;
}

/// K13.
struct Configure(RotationChange);

impl Request for Configure {
    type Action = authz::ConfigureKeyRotation;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::Rotation::parse(parts.body)?;
        let change = RotationChange {
            enabled: body.enabled,
            period_days: body.period_days,
            min_decryption_version: body.min_decryption_version,
        };
        Ok((key(parts)?, Self(change)))
    }
}
