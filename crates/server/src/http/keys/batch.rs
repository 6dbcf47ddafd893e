//! Many operations in one call (ours; docs/kms.md).

use http::{Method, StatusCode};
use strongroom_api::{self as api, BatchAnswer, DecryptAnswer, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{BatchItem, Call, ToDecrypt, ToEncrypt, ToSign};
use strongroom_types::Version;

use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::{Catalogued, Refusal};
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::crypto::{to_decrypt, to_encrypt, to_sign};
use super::{GATES, key};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let post = |template, name, takes, answer| {
        Route::new(Method::POST, template, name)
            .gates(GATES)
            .takes(takes)
            .answers(StatusCode::OK, Answer::One(answer))
    };
    let url = "/v1/kms/{region}/keys/{id}/encrypt-batch";
    let encrypting = post(url, "encryptBatch", "EncryptBatch", "BatchReply");
    let url = "/v1/kms/{region}/keys/{id}/decrypt-batch";
    let decrypting = post(url, "decryptBatch", "DecryptBatch", "DecryptBatchReply");
    let url = "/v1/kms/{region}/keys/{id}/sign-batch";
    let signing = post(url, "signBatch", "SignBatch", "BatchReply");
    let url = "/v1/kms/{region}/keys/{id}/verify-batch";
    let verifying = post(url, "verifyBatch", "VerifyBatch", "BatchReply");
    routes
        .add(encrypting.about("Encrypts up to 100 plaintexts."), encrypt)
        .add(decrypting.about("Decrypts up to 100 ciphertexts."), decrypt)
        .add(signing.about("Signs up to 100 messages."), sign)
        .add(verifying.about("Verifies up to 100 signatures."), verify)
}

async fn encrypt(granted: Granted<EncryptBatch>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let done = engine.keys().encrypt_batch(grant, &call, input.0).await?;
    Reply::json(done, |items| {
        answers(&call, items, |encrypted| BatchAnswer {
            ciphertext: Some(encrypted.ciphertext),
            key_version: Some(encrypted.key_version.to_string()),
            ..BatchAnswer::default()
        })
    })
}

async fn decrypt(granted: Granted<DecryptBatch>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let done = engine.keys().decrypt_batch(grant, &call, input.0).await?;
    Ok(Reply::sensitive(done, |items| {
        let items = items.into_iter().map(|item| match settled(&call, item) {
            Ok(opened) => DecryptAnswer::Opened(opened.plaintext, opened.key_version),
            Err((code, message)) => DecryptAnswer::Refused { code, message },
        });
        api::decrypt_batch_reply(&items.collect::<Vec<_>>())
    }))
}

async fn sign(granted: Granted<SignBatch>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let done = engine.keys().sign_batch(grant, &call, input.0).await?;
    Reply::json(done, |items| {
        answers(&call, items, |signed| BatchAnswer {
            signature: Some(signed.signature),
            key_version: Some(signed.key_version.to_string()),
            ..BatchAnswer::default()
        })
    })
}

async fn verify(granted: Granted<VerifyBatch>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let done = engine.keys().verify_batch(grant, &call, input.0).await?;
    Reply::json(done, |items| {
        answers(&call, items, |verified| BatchAnswer {
            valid: Some(verified.valid),
            key_version: verified.key_version.map(|version| version.to_string()),
            ..BatchAnswer::default()
        })
    })
}

/// What became of an item: its result, or the code and the message of its refusal.
fn settled<T, E: Catalogued>(
    call: &Call,
    item: BatchItem<T, E, RequestError>,
) -> Result<T, (String, String)> {
    let refusal = match item {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => Refusal::from(error),
        Err(malformed) => Refusal::from(malformed),
    };
    let (code, message) = refusal.into_item(call.request_id(), "batch");
    Err((code.as_str().to_owned(), message))
}

fn answers<T, E: Catalogued>(
    call: &Call,
    items: Vec<BatchItem<T, E, RequestError>>,
    show: impl Fn(T) -> BatchAnswer,
) -> api::BatchReply {
    let answer = |item| match settled(call, item) {
        Ok(done) => show(done),
        Err((code, message)) => BatchAnswer {
            code: Some(code),
            message: Some(message),
            ..BatchAnswer::default()
        },
    };
    api::BatchReply {
        items: items.into_iter().map(answer).collect(),
    }
}

macro_rules! requests {
    ($($name:ident($item:ty) of $body:ident = $action:ident: $convert:expr;)*) => {$(
        struct $name(Vec<Result<$item, RequestError>>);

        impl Request for $name {
            type Action = authz::$action;
            const HAS_BODY: bool = true;

            fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
                let body = api::Batch::<api::$body>::parse(parts.body)?;
                let items = body.items.into_iter().map(|item| item.map($convert));
                Ok((key(parts)?, Self(items.collect())))
            }
        }
    )*};
}

requests! {
    EncryptBatch(ToEncrypt) of Encrypt = EncryptWithKey: to_encrypt;
    DecryptBatch(ToDecrypt) of Decrypt = DecryptWithKey: to_decrypt;
    SignBatch((ToSign, Option<Version>)) of Sign = SignWithKey:
        |body| (to_sign(body.what), body.key_version);
    VerifyBatch((ToSign, String)) of Verify = VerifyWithKey:
        |body| (to_sign(body.what), body.signature);
}
