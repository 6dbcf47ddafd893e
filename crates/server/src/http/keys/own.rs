//! Ours beside the contract: re-encryption, data keys, random bytes (docs/kms.md).

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{ToDraw, ToReencrypt};

use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::super::views;
use super::crypto::to_decrypt;
use super::{GATES, key};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let post = |template, name, takes, answer| {
        Route::new(Method::POST, template, name)
            .gates(GATES)
            .takes(takes)
            .answers(StatusCode::OK, Answer::One(answer))
    };
    let url = "/v1/kms/{region}/keys/{id}/reencrypt";
    let reencrypting = post(url, "reencrypt", "Reencrypt", "EncryptReply");
    let url = "/v1/kms/{region}/keys/{id}/data-key";
    let drawing_key = post(url, "drawDataKey", "DrawDataKey", "DataKey");
    let url = "/v1/kms/{region}/random";
    let drawing = post(url, "drawRandomBytes", "DrawRandom", "RandomBytes");
    routes
        .add(
            reencrypting.about("Makes a ciphertext one of another version or key, unseen."),
            reencrypt,
        )
        .add(
            drawing_key.about("Draws a data key and encrypts it with this key."),
            data_key,
        )
        .add(drawing.about("Draws random bytes."), random)
}

async fn reencrypt(granted: Granted<Reencrypt>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let encrypted = engine.keys().reencrypt(grant, &call, input.0).await?;
    Reply::json(encrypted, views::encrypted)
}

async fn data_key(granted: Granted<DrawDataKey>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let drawn = engine.keys().data_key(grant, &call, input.0).await?;
    Ok(Reply::sensitive(drawn, |drawn| {
        let wrapped = &drawn.wrapped;
        api::data_key_reply(
            drawn.plaintext.as_ref(),
            &wrapped.ciphertext,
            wrapped.key_version,
        )
    }))
}

async fn random(granted: Granted<DrawRandom>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let drawn = engine.keys().draw(grant, &call, input.0).await?;
    Ok(Reply::sensitive(drawn, |drawn| api::random_reply(&drawn)))
}

struct Reencrypt(ToReencrypt);

impl Request for Reencrypt {
    type Action = authz::ReencryptWithKey;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::Reencrypt::parse(parts.body)?;
        let what = ToReencrypt {
            source: to_decrypt(body.source),
            target: body.target,
            version: body.key_version,
            associated: body.target_associated_data,
        };
        Ok((key(parts)?, Self(what)))
    }
}

struct DrawDataKey(ToDraw);

impl Request for DrawDataKey {
    type Action = authz::EncryptWithKey;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::DrawDataKey::parse(parts.body)?;
        let what = ToDraw {
            bytes: body.bytes,
            version: body.key_version,
            associated: body.associated_data,
            wrapped_only: body.wrapped_only,
        };
        Ok((key(parts)?, Self(what)))
    }
}

struct DrawRandom(usize);

impl Request for DrawRandom {
    type Action = authz::DrawRandomBytes;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::DrawRandom::parse(parts.body)?;
        Ok(((), Self(body.bytes)))
    }
}
