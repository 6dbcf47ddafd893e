//! Secrets: S1 to S9 of the contract.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_engine::Gate;

use super::guard::Granted;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Parameter, Route, Routes, Shape};
use super::secret_requests::{
    Browse, Create, Delete, Destroy, List, MOST_ENTRIES, Put, Read, Reveal, SetPolicy,
};
use super::views;

const GATES: &[Gate] = &[Gate::Secrets, Gate::Kms];
const ALL: &str = "/v1/secrets/{region}/secrets";
const ONE: &str = "/v1/secrets/{region}/secret{path}";
const VALUE: &str = "/v1/secrets/{region}/secret{path}/value";
const VERSIONS: &str = "/v1/secrets/{region}/secret{path}/versions";
const POLICY: &str = "/v1/secrets/{region}/secret{path}/policy";

const LIMIT: Parameter = Parameter::new(
    "limit",
    Shape::Count(MOST_ENTRIES as i64),
    "At most this many entries; all unless given.",
);
const AFTER: Parameter = Parameter::new("after", Shape::Prefix, "Only entries behind this one.");
const PATH: Parameter = Parameter::new(
    "path",
    Shape::Path,
    "The secret's path, instead of in the URL.",
);
const DIRECTORY: Parameter = Parameter::new(
    "path",
    Shape::Directory,
    "The directory to browse; / unless given.",
);
const PREFIX: Parameter = Parameter::new(
    "pathPrefix",
    Shape::Prefix,
    "Answer a flat list of everything whose path starts with this, as an array. Not with `path`.",
);
const HISTORY: Parameter = Parameter::new(
    "includeVersions",
    Shape::Flag,
    "Whether to list the versions.",
);
const VERSION: Parameter =
    Parameter::new("version", Shape::Count(i64::MAX), "The version to destroy.").required();

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listSecrets")
                .about("Lists the metadata of all readable secrets under a prefix.")
                .gates(GATES)
                .only_with("pathPrefix")
                .reads(&[PREFIX, LIMIT, AFTER])
                .answers(StatusCode::OK, Answer::Many("Secret")),
            list,
        )
        .add(
            Route::new(Method::GET, ALL, "browseSecrets")
                .about("Shows one directory: its readable secrets and the directories below it.")
                .gates(GATES)
                .reads(&[DIRECTORY, LIMIT, AFTER])
                .answers(StatusCode::OK, Answer::One("Browse")),
            browse,
        )
        .add(
            Route::new(Method::POST, ALL, "createSecret")
                .about("Creates a secret with its first version.")
                .gates(GATES)
                .takes("CreateSecret")
                .answers(StatusCode::CREATED, Answer::One("Secret")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readSecret")
                .about("Shows a secret's metadata, never its value.")
                .gates(GATES)
                .reads(&[PATH, HISTORY])
                .answers(StatusCode::OK, Answer::One("Secret")),
            read,
        )
        .add(
            Route::new(Method::PUT, POLICY, "setAccessPolicy")
                .about("Replaces or clears a secret's access policy.")
                .gates(GATES)
                .reads(&[PATH])
                .takes("PolicyUpdate")
                .answers(StatusCode::OK, Answer::One("Secret")),
            set_policy,
        )
        .add(
            Route::new(Method::POST, VERSIONS, "putSecretValue")
                .about("Adds a version, which becomes the current one.")
                .gates(GATES)
                .reads(&[PATH])
                .takes("PutValue")
                .answers(StatusCode::OK, Answer::One("PutReply")),
            put,
        )
        .add(
            Route::new(Method::POST, VALUE, "getSecretValue")
                .about("Reveals a secret's current value, or that of a version.")
                .gates(GATES)
                .reads(&[PATH])
                .takes("GetValue")
                .answers(StatusCode::OK, Answer::One("SecretValue")),
            reveal,
        )
        .add(
            Route::new(Method::DELETE, VERSIONS, "destroySecretVersion")
                .about("Erases one version's value for good; its history entry stays.")
                .gates(GATES)
                .reads(&[PATH, VERSION])
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            destroy,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteSecret")
                .about("Removes a secret with all its versions for good.")
                .gates(GATES)
                .reads(&[PATH])
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        )
}

async fn browse(granted: Granted<Browse>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let browsed = engine.secrets().browse(grant, &call, input.0).await?;
    Reply::json(browsed, views::browse)
}

async fn list(granted: Granted<List>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let secrets = engine.secrets().list(grant, &call, input.0).await?;
    Ok(Reply::list(
        secrets,
        call.request_id().to_owned(),
        views::secret,
    ))
}

async fn create(granted: Granted<Create>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let created = engine.secrets().create(grant, &call, input.0).await?;
    Reply::json(created, views::secret)
}

async fn read(granted: Granted<Read>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let secret = engine
        .secrets()
        .read(grant, &call, input.include_versions)
        .await?;
    Reply::json(secret, views::secret)
}

async fn set_policy(granted: Granted<SetPolicy>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let secret = engine.secrets().set_policy(grant, &call, input.0).await?;
    Reply::json(secret, views::secret)
}

async fn put(granted: Granted<Put>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let done = engine.secrets().put(grant, &call, input.0).await?;
    Reply::json(done, views::put)
}

async fn reveal(granted: Granted<Reveal>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let revealed = engine.secrets().reveal(grant, &call, input.version).await?;
    Ok(Reply::sensitive(revealed, |revealed| {
        api::reveal_reply(&api::Reveal {
            path: &revealed.path,
            version: revealed.version,
            value: &revealed.value,
            key: revealed.key,
            key_version: revealed.key_version,
        })
    }))
}

async fn destroy(granted: Granted<Destroy>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    Ok(Reply::empty(
        engine
            .secrets()
            .destroy(grant, &call, input.version)
            .await?,
    ))
}

async fn delete(granted: Granted<Delete>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let deleted = engine.secrets().delete(grant, &call).await;
    Ok(Reply::empty(deleted.map_err(|error| input.refusal(error))?))
}
