//! KMS keys: K1 to K4, K7, K8, K13, K14 and K16 to K19 of the contract.

use http::{Method, StatusCode};
use strongroom_api::{self as api, ErrorCode, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{Gate, KeyFilter, NewKey, RotationChange};
use strongroom_types::{KeyId, Plaintext, Reference, Slug, TextError, Version};

use super::guard::{Granted, Parts, Request, Target};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Parameter, Route, Routes, Shape};
use super::views;

const GATES: &[Gate] = &[Gate::Kms];
const ALL: &str = "/v1/kms/{region}/keys";
const ONE: &str = "/v1/kms/{region}/keys/{id}";

const FILTERS: &[Parameter] = &[
    Parameter::new("identity", Shape::Text, "Only the key with this identity."),
    Parameter::new("name", Shape::Text, "Only keys with exactly this name."),
    Parameter::new("slug", Shape::Text, "Only the key with this slug."),
    Parameter::new(
        "matchLabels",
        Shape::Named,
        "Only keys with these labels, each as matchLabels[name]=value.",
    ),
];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .add(
            Route::new(Method::GET, "/v1/kms/summary", "summariseKeys")
                .about("Says whether the KMS is on, and counts the keys of each region.")
                .answers(StatusCode::OK, Answer::One("Summary")),
            summary,
        )
        .add(
            Route::new(Method::GET, ALL, "listKeys")
                .about("Lists the readable keys.")
                .gates(GATES)
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("KmsKey")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createKey")
                .about("Creates a key.")
                .gates(GATES)
                .takes("CreateKey")
                .answers(StatusCode::CREATED, Answer::One("KmsKey")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readKey")
                .about("Shows a key's metadata and versions, never its material.")
                .gates(GATES)
                .answers(StatusCode::OK, Answer::One("KmsKey")),
            read,
        );
    lifecycle_routes(crypto_routes(routes))
}

fn crypto_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(
                Method::POST,
                "/v1/kms/{region}/keys/{id}/encrypt",
                "encrypt",
            )
            .about("Encrypts up to 65,535 bytes.")
            .gates(GATES)
            .takes("Encrypt")
            .answers(StatusCode::OK, Answer::One("EncryptReply")),
            encrypt,
        )
        .add(
            Route::new(
                Method::POST,
                "/v1/kms/{region}/keys/{id}/decrypt",
                "decrypt",
            )
            .about("Decrypts what an encrypt call answered.")
            .gates(GATES)
            .takes("Decrypt")
            .answers(StatusCode::OK, Answer::One("DecryptReply")),
            decrypt,
        )
}

fn lifecycle_routes(routes: Routes) -> Routes {
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

async fn summary(granted: Granted<Summarise>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        project,
        ..
    } = granted;
    let summary = engine.keys().summary(grant, &call, project).await?;
    Reply::json(summary, views::summary)
}

async fn list(granted: Granted<List>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input,
        ..
    } = granted;
    let keys = engine.keys().list(grant, &call, input.0).await?;
    Reply::json(keys, views::keys)
}

async fn create(granted: Granted<Create>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input,
        ..
    } = granted;
    let key = engine.keys().create(grant, &call, input.0).await?;
    Reply::json(key, views::key)
}

async fn encrypt(granted: Granted<Encrypt>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input: Encrypt { plaintext, version },
        ..
    } = granted;
    let encrypted = engine
        .keys()
        .encrypt(grant, &call, plaintext, version)
        .await?;
    Reply::json(encrypted, |encrypted| api::EncryptReply {
        ciphertext: encrypted.ciphertext,
        key_version: encrypted.key_version.to_string(),
    })
}

async fn decrypt(granted: Granted<Decrypt>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input,
        ..
    } = granted;
    let decrypted = engine
        .keys()
        .decrypt(grant, &call, &input.ciphertext)
        .await?;
    Ok(Reply::sensitive(decrypted, |decrypted| {
        api::decrypt_reply(&decrypted.plaintext, decrypted.key_version)
    }))
}

async fn configure_rotation(granted: Granted<Configure>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input,
        ..
    } = granted;
    let key = engine
        .keys()
        .configure_rotation(grant, &call, input.0)
        .await?;
    Reply::json(key, views::key)
}

macro_rules! plain_handlers {
    ($($handler:ident: $request:ident = $action:ident by $operation:ident;)*) => {$(
        async fn $handler(granted: Granted<$request>) -> Result<Reply, Refusal> {
            let Granted { engine, call, grant, .. } = granted;
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
    read: Read = ReadKey by read;
    rotate: Rotate = RotateKey by rotate;
    disable: Disable = DisableKey by disable;
    enable: Enable = EnableKey by enable;
    delete_key: Delete = DeleteKey by delete;
    cancel_deletion: CancelDeletion = CancelKeyDeletion by cancel_deletion;
}

/// The key that the URL names. What can name no key names none.
fn key(parts: &Parts<'_>) -> Result<Reference<KeyId>, Refusal> {
    parts
        .url
        .key()
        .ok_or_else(|| Refusal::of(ErrorCode::KeyNotFound))
}

/// K1.
struct Summarise;

impl Request for Summarise {
    type Action = authz::ReadKmsSummary;
    const HAS_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        Ok(((), Self))
    }
}

/// K2.
struct List(KeyFilter);

impl Request for List {
    type Action = authz::ListKeys;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let text = |name| {
            let value = parts.url.parameter(name)?.filter(|value| !value.is_empty());
            Ok::<_, RequestError>(value.map(|value| value.into_owned()))
        };
        let filter = KeyFilter {
            identity: text("identity")?,
            name: text("name")?,
            slug: text("slug")?,
            labels: parts.url.pairs("matchLabels"),
        };
        Ok(((), Self(filter)))
    }
}

/// K3.
struct Create(NewKey);

impl Request for Create {
    type Action = authz::CreateKey;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::CreateKey::parse(parts.body, parts.rules)?;
        // A name of punctuation alone leaves nothing for a slug.
        let slug = Slug::of_name(body.name.as_str()).map_err(|_| RequestError::Text {
            field: "name",
            source: TextError::Empty,
        })?;
        let new = NewKey {
            name: body.name,
            key_type: body.key_type,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            export_allowed: body.export_allowed,
            rotation_enabled: body.rotation_enabled,
            rotation_period_days: body.rotation_period_days,
        };
        Ok((slug, Self(new)))
    }
}

/// K7.
struct Encrypt {
    plaintext: Plaintext,
    version: Option<Version>,
}

impl Request for Encrypt {
    type Action = authz::EncryptWithKey;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::Encrypt::parse(parts.body)?;
        Ok((
            key(parts)?,
            Self {
                plaintext: body.plaintext,
                version: body.key_version,
            },
        ))
    }
}

/// K8.
struct Decrypt {
    ciphertext: String,
}

impl Request for Decrypt {
    type Action = authz::DecryptWithKey;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::Decrypt::parse(parts.body)?;
        Ok((
            key(parts)?,
            Self {
                ciphertext: body.ciphertext,
            },
        ))
    }
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
        };
        Ok((key(parts)?, Self(change)))
    }
}
