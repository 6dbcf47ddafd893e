//! K7 to K12 and K15: what a key does.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{ToDecrypt, ToEncrypt, ToHash, ToSign};
use strongroom_types::Version;

use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::super::views;
use super::{GATES, key};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let post = |template, name, takes, answer| {
        Route::new(Method::POST, template, name)
            .gates(GATES)
            .takes(takes)
            .answers(StatusCode::OK, Answer::One(answer))
    };
    let url = "/v1/kms/{region}/keys/{id}/encrypt";
    let encrypting = post(url, "encrypt", "Encrypt", "EncryptReply");
    let url = "/v1/kms/{region}/keys/{id}/decrypt";
    let decrypting = post(url, "decrypt", "Decrypt", "DecryptReply");
    let url = "/v1/kms/{region}/keys/{id}/sign";
    let signing = post(url, "sign", "Sign", "SignReply");
    let url = "/v1/kms/{region}/keys/{id}/verify";
    let verifying = post(url, "verify", "Verify", "VerifyReply");
    let url = "/v1/kms/{region}/keys/{id}/hmac";
    let hashing = post(url, "hmac", "Hmac", "HmacReply");
    let url = "/v1/kms/{region}/keys/{id}/verify-hmac";
    let checking = post(url, "verifyHmac", "VerifyHmac", "VerifyReply");
    let url = "/v1/kms/{region}/keys/{id}/export";
    let exporting = post(url, "exportKey", "Export", "ExportReply");
    routes
        .add(encrypting.about("Encrypts up to 65,535 bytes."), encrypt)
        .add(
            decrypting.about("Decrypts what an encrypt call answered."),
            decrypt,
        )
        .add(signing.about("Signs a message or its digest."), sign)
        .add(
            verifying.about("Says whether a signature is this key's; a malformed one is not."),
            verify,
        )
        .add(hashing.about("Makes an HMAC."), hmac)
        .add(
            checking.about("Says whether an HMAC is this key's; a malformed one is not."),
            verify_hmac,
        )
        .add(
            exporting.about("Hands out key material, where the key allows that."),
            export,
        )
}

async fn encrypt(granted: Granted<Encrypt>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let encrypted = engine.keys().encrypt(grant, &call, input.0).await?;
    Reply::json(encrypted, views::encrypted)
}

async fn decrypt(granted: Granted<Decrypt>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let decrypted = engine.keys().decrypt(grant, &call, input.0).await?;
    Ok(Reply::sensitive(decrypted, |decrypted| {
        api::decrypt_reply(&decrypted.plaintext, decrypted.key_version)
    }))
}

async fn sign(granted: Granted<Sign>) -> Result<Reply, Refusal> {
    let (engine, call, grant, Sign(what, version)) = granted.parts();
    let signed = engine.keys().sign(grant, &call, what, version).await?;
    Reply::json(signed, views::signed)
}

async fn verify(granted: Granted<Verify>) -> Result<Reply, Refusal> {
    let (engine, call, grant, Verify(what, signature)) = granted.parts();
    let verified = engine.keys().verify(grant, &call, what, &signature).await?;
    Reply::json(verified, views::verified)
}

async fn hmac(granted: Granted<Hmac>) -> Result<Reply, Refusal> {
    let (engine, call, grant, Hmac(what, version)) = granted.parts();
    let hashed = engine.keys().hmac(grant, &call, what, version).await?;
    Reply::json(hashed, |hashed| api::HmacReply {
        hmac: hashed.hmac,
        key_version: hashed.key_version.to_string(),
    })
}

async fn verify_hmac(granted: Granted<VerifyHmac>) -> Result<Reply, Refusal> {
    let (engine, call, grant, VerifyHmac(what, hmac)) = granted.parts();
    let verified = engine.keys().verify_hmac(grant, &call, what, &hmac).await?;
    Reply::json(verified, views::verified)
}

async fn export(granted: Granted<Export>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let exported = engine.keys().export(grant, &call, input.0).await?;
    Ok(Reply::sensitive(exported, |exported| {
        api::export_reply(&exported.material, exported.key_version)
    }))
}

/// An encrypt, as the engine takes it.
pub(super) fn to_encrypt(body: api::Encrypt) -> ToEncrypt {
    ToEncrypt {
        plaintext: body.plaintext,
        version: body.key_version,
        associated: body.associated_data,
    }
}

/// A decrypt, as the engine takes it.
pub(super) fn to_decrypt(body: api::Decrypt) -> ToDecrypt {
    ToDecrypt {
        ciphertext: body.ciphertext,
        associated: body.associated_data,
    }
}

/// What is signed or was, as the engine takes it.
pub(super) fn to_sign(body: api::SignInput) -> ToSign {
    ToSign {
        input: body.input,
        prehashed: body.prehashed,
        hash: body.hash,
        scheme: body.scheme,
        context: body.context,
    }
}

/// Bodies that say everything but the key, which the URL names.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($field:ty),*) = $action:ident: |$body:ident| $($value:expr),*;)*) => {$(
        $(#[$doc])*
        struct $name($($field),*);

        impl Request for $name {
            type Action = authz::$action;
            const HAS_BODY: bool = true;

            fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
                let $body = api::$name::parse(parts.body)?;
                Ok((key(parts)?, Self($($value),*)))
            }
        }
    )*};
}

requests! {
    /// K7.
    Encrypt(ToEncrypt) = EncryptWithKey: |body| to_encrypt(body);
    /// K8.
    Decrypt(ToDecrypt) = DecryptWithKey: |body| to_decrypt(body);
    /// K9.
    Sign(ToSign, Option<Version>) = SignWithKey: |body| to_sign(body.what), body.key_version;
    /// K10.
    Verify(ToSign, String) = VerifyWithKey: |body| to_sign(body.what), body.signature;
    /// K11.
    Hmac(ToHash, Option<Version>) = HmacWithKey: |body|
        ToHash { input: body.input, hash: body.hash }, body.key_version;
    /// K12.
    VerifyHmac(ToHash, String) = VerifyHmacWithKey: |body|
        ToHash { input: body.what.input, hash: body.what.hash }, body.hmac;
    /// K15.
    Export(Option<Version>) = ExportKey: |body| body.key_version;
}
