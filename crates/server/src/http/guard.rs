//! Guards: what a handler must hold before it runs.
//!
//! The router takes a handler only if its first argument is a guard. A guard is made by going
//! through the contract's evaluation order (0.2): credentials, membership, gates, region, project
//! (all `Engine::enter`), then the body, then the shape of the request, then permissions.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Uri};
use hyper::body::Incoming;
use strongroom_api::{ErrorCode, Rules};
use strongroom_authz::{Action, ActionFacts, ActionScope, Grant, Level, authorize};
use strongroom_engine::{Call, Credential, Engine, Entered, Entry, Gate};
use strongroom_types::{OrganisationId, ProjectId, Scope};

use super::app::App;
use super::body;
use super::credentials::Presented;
use super::rate::{Limit, Source};
use super::refusal::Refusal;
use super::url::Url;

/// The headers that say where a call acts (contract 3.4).
const ORGANISATION: HeaderName = HeaderName::from_static("x-organisation-identity");
const PROJECT: HeaderName = HeaderName::from_static("x-project-identity");

mod sealed {
    pub trait Sealed {}
}

/// What a handler's first argument must be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no guard, so a handler that takes it could run for anybody",
    note = "make the handler's first argument `Granted<R>`, or `Public<R>` for what needs no credential"
)]
pub trait Guard: sealed::Sealed + Sized + Send + 'static {
    /// What the guard asks permission for; nothing where the call is public.
    const ACTION: Option<ActionFacts>;

    /// Lets the call in, or refuses it.
    fn admit(knock: Knock) -> impl Future<Output = Result<Self, Refusal>> + Send;
}

/// A call that asks to be let in.
pub struct Knock {
    pub(super) app: Arc<App>,
    pub(super) call: Arc<Call>,
    pub(super) limit: Limit,
    pub(super) door: Door,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
}

/// What a route demands of whoever comes in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door {
    /// The features that must be on, in the order in which they are checked.
    pub(super) gates: &'static [Gate],
    /// Whether the URL names a region.
    pub(super) in_region: bool,
    /// Whether the call is about the caller, in whatever organisation.
    pub(super) anywhere: bool,
}

/// What a request is parsed from.
pub struct Parts<'a> {
    pub(super) url: Url<'a>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) rules: &'a Rules,
}

/// A request that needs permission: how to parse it, and what it asks to do to what.
pub trait Request: Sized + Send + 'static {
    /// What it asks to do.
    type Action: Action<Scope: Place, Target: Clone>;
    /// Whether it has a body.
    const HAS_BODY: bool;

    /// Parses the request: its target, and the rest.
    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal>;
}

/// What a request asks to do something to.
pub type Target<R> = <<R as Request>::Action as Action>::Target;

/// A request that needs no credential.
pub trait OpenRequest: Sized + Send + 'static {
    /// Whether it has a body.
    const HAS_BODY: bool;

    /// Parses the request.
    fn read(parts: &Parts<'_>) -> Result<Self, Refusal>;
}

/// Where an action happens, taken from what was entered.
pub trait Place: Sized {
    /// The place; nothing if the URL names no region and the action needs one.
    fn of(entered: &Entered) -> Option<Self>;
}

impl Place for Scope {
    fn of(entered: &Entered) -> Option<Self> {
        Some(Self {
            organisation: entered.organisation,
            region: entered.region.clone()?,
            project: entered.project,
        })
    }
}

impl Place for Level {
    fn of(entered: &Entered) -> Option<Self> {
        Some(Self {
            organisation: entered.organisation,
            project: entered.project,
        })
    }
}

impl Place for OrganisationId {
    fn of(entered: &Entered) -> Option<Self> {
        Some(entered.organisation)
    }
}

/// A call that was let in: its caller may do `R::Action` to what the grant names, once.
pub struct Granted<R: Request> {
    pub(super) engine: Engine,
    pub(super) call: Arc<Call>,
    pub(super) grant: Grant<R::Action>,
    /// The project that the call names, also where the action is the whole organisation's.
    pub(super) project: Option<ProjectId>,
    pub(super) input: R,
}

impl<R: Request> Granted<R> {
    /// What a handler needs that asks for nothing of a project.
    pub(super) fn parts(self) -> (Engine, Arc<Call>, Grant<R::Action>, R) {
        (self.engine, self.call, self.grant, self.input)
    }
}

impl<R: Request> sealed::Sealed for Granted<R> {}

impl<R: Request> Guard for Granted<R> {
    const ACTION: Option<ActionFacts> = Some(ActionFacts {
        name: R::Action::NAME,
        resource: R::Action::RESOURCE,
        permissions: R::Action::PERMISSIONS,
        denied: R::Action::DENIED,
        kind: R::Action::KIND,
        reach: <<R::Action as Action>::Scope as ActionScope>::REACH,
    });

    async fn admit(knock: Knock) -> Result<Self, Refusal> {
        let Knock {
            app,
            call,
            limit,
            door,
            uri,
            headers,
            body,
        } = knock;
        let url = Url::of(&uri);
        let entered = enter(&app, &call, door, url, &headers).await;
        // Only who has proven who they are is counted by name, and so nobody uses up another's share.
        limit.check(match &entered {
            Ok(entered) => Source::Principal(entered.caller.principal()),
            Err(_) => Source::Address(call.client_ip()),
        })?;
        let entered = entered?;
        let body = read_body(&app, R::HAS_BODY, body).await?;
        let parts = Parts {
            url,
            headers: &headers,
            body: &body,
            rules: &app.settings.rules,
        };
        let (target, input) = R::read(&parts)?;
        let place = <R::Action as Action>::Scope::of(&entered)
            .ok_or_else(|| Refusal::of(ErrorCode::RegionNotFound))?;
        let project = entered.project;
        call.about::<R::Action>(&target);
        let grant = authorize::<R::Action>(entered.caller, place, target.clone())
            .inspect_err(|_| call.denied::<R::Action>(&target))?;
        Ok(Self {
            engine: app.engine.clone(),
            call,
            grant,
            project,
            input,
        })
    }
}

/// The body, where the request has one; otherwise it stays unread.
async fn read_body(app: &App, wanted: bool, body: Incoming) -> Result<Bytes, Refusal> {
    if wanted {
        Ok(body::read(body, app.settings.body_limit, app.settings.body_deadline).await?)
    } else {
        Ok(Bytes::new())
    }
}

/// Credentials, membership, gates, region and project.
async fn enter(
    app: &App,
    call: &Arc<Call>,
    door: Door,
    url: Url<'_>,
    headers: &HeaderMap,
) -> Result<Entered, Refusal> {
    let Door {
        gates,
        in_region,
        anywhere,
    } = door;
    let id_of_basic;
    let credential = match Presented::of(headers) {
        Presented::Nothing => None,
        Presented::Malformed => return Err(Refusal::of(ErrorCode::CredentialsInvalid)),
        Presented::Token(token) => Some(Credential::Token(token)),
        Presented::Basic { id, secret } => {
            id_of_basic = id;
            Some(Credential::Basic {
                id: &id_of_basic,
                secret,
            })
        }
    };
    let region = in_region.then(|| url.region());
    let project = match text(headers, &PROJECT) {
        Some(project) => Some(std::borrow::Cow::Borrowed(project)),
        None => url
            .parameter("project")?
            .filter(|project| !project.is_empty()),
    };
    let entry = Entry {
        organisation: text(headers, &ORGANISATION),
        region: region.as_deref(),
        project: project.as_deref(),
        gates,
        anywhere,
    };
    app.engine
        .enter(call, credential.as_ref(), entry)
        .await
        .map_err(Refusal::from)
}

/// A header's text, unless it is absent or empty. What is no text names nothing that exists, and
/// neither do two values.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    const NOTHING: &str = "?";
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Some(NOTHING),
        (Some(value), None) if !value.is_empty() => Some(value.to_str().unwrap_or(NOTHING)),
        _ => None,
    }
}

/// A call that needs no credential.
pub struct Public<R: OpenRequest> {
    pub(super) engine: Engine,
    pub(super) call: Arc<Call>,
    pub(super) input: R,
}

impl<R: OpenRequest> sealed::Sealed for Public<R> {}

impl<R: OpenRequest> Guard for Public<R> {
    const ACTION: Option<ActionFacts> = None;

    async fn admit(knock: Knock) -> Result<Self, Refusal> {
        let Knock {
            app,
            call,
            limit,
            uri,
            headers,
            body,
            ..
        } = knock;
        limit.check(Source::Unproven(&headers, call.client_ip()))?;
        let body = read_body(&app, R::HAS_BODY, body).await?;
        let rules = &app.settings.rules;
        let parts = Parts {
            url: Url::of(&uri),
            headers: &headers,
            body: &body,
            rules,
        };
        let input = R::read(&parts)?;
        Ok(Self {
            engine: app.engine.clone(),
            call,
            input,
        })
    }
}

/// A request for something that the audit log leaves out: probes and the API's own description.
/// Nothing of an organisation can be had without a record.
pub struct Unrecorded(());

impl OpenRequest for Unrecorded {
    const HAS_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<Self, Refusal> {
        Ok(Self(()))
    }
}
