//! KMS keys: all calls of contract 2.1, and ours beside them (docs/kms.md).

mod batch;
mod crypto;
mod lifecycle;
mod own;

use http::{Method, StatusCode};
use strongroom_api::{self as api, ErrorCode, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{Gate, KeyFilter, NewImport, NewKey};
use strongroom_types::{KeyId, Reference, Slug, TextError, Version};

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

const VERSION: &[Parameter] = &[Parameter::new(
    "version",
    Shape::Count(i64::MAX),
    "Only this version; all of them unless given.",
)];

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
    let routes = routes
        .add(
            Route::new(
                Method::GET,
                "/v1/kms/{region}/wrapping-key",
                "readWrappingKey",
            )
            .about("Shows the public key that key material is wrapped for, to bring it in.")
            .gates(GATES)
            .answers(StatusCode::OK, Answer::One("WrappingKey")),
            wrapping_key,
        )
        .add(
            Route::new(
                Method::GET,
                "/v1/kms/{region}/keys/{id}/public-key",
                "readPublicKeys",
            )
            .about("Shows the public keys of a key's versions.")
            .gates(GATES)
            .reads(VERSION)
            .answers(StatusCode::OK, Answer::One("PublicKeys")),
            public_keys,
        );
    own::routes(batch::routes(lifecycle::routes(crypto::routes(routes))))
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
    let (engine, call, grant, input) = granted.parts();
    let keys = engine.keys().list(grant, &call, input.0).await?;
    Reply::json(keys, views::keys)
}

async fn create(granted: Granted<Create>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let key = engine.keys().create(grant, &call, input.0).await?;
    Reply::json(key, views::key)
}

async fn read(granted: Granted<Read>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let key = engine.keys().read(grant, &call).await?;
    Reply::json(key, views::key)
}

async fn public_keys(granted: Granted<PublicKeys>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let keys = engine.keys().public_keys(grant, &call, input.0).await?;
    Reply::json(keys, views::public_keys)
}

async fn wrapping_key(granted: Granted<WrappingKey>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let key = engine.keys().wrapping_key(grant, &call).await?;
    Reply::json(key, views::wrapping_key)
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
        let filter = KeyFilter {
            identity: parts.url.text("identity")?,
            name: parts.url.text("name")?,
            slug: parts.url.text("slug")?,
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
            import: body.import.map(|import| NewImport {
                wrapped: import.wrapped,
                hash: import.hash,
                may_rotate: import.allow_rotation,
            }),
        };
        Ok((slug, Self(new)))
    }
}

/// K4.
struct Read;

impl Request for Read {
    type Action = authz::ReadKey;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        Ok((key(parts)?, Self))
    }
}

/// K5.
struct WrappingKey;

impl Request for WrappingKey {
    type Action = authz::ReadWrappingKey;
    const HAS_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        Ok(((), Self))
    }
}

/// K6.
struct PublicKeys(Option<Version>);

impl Request for PublicKeys {
    type Action = authz::ReadPublicKey;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let text = parts.url.parameter("version")?;
        let text = text.filter(|text| !text.is_empty());
        let wrong = RequestError::Query {
            name: "version",
            problem: "must be a version, as in 3",
        };
        let version = text.map(|text| api::parse_key_version(&text).ok_or(wrong));
        Ok((key(parts)?, Self(version.transpose()?)))
    }
}
