//! The table of routes.
//!
//! One entry says everything about a route: method, URL, gates, action, status, schemas. From
//! this one table come the router, `/openapi.json` and the test of the authorization matrix. A
//! route is taken only if its handler's first argument is a guard.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Method, StatusCode};
use strongroom_authz::ActionFacts;
use strongroom_engine::Gate;

use super::guard::{Door, Guard, Knock};
use super::refusal::Refusal;
use super::reply::Reply;
use super::secret_url::Suffix;

/// What a query parameter holds, for the API's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from 1 to this.
    Count(i64),
    /// A secret's path.
    Path,
    /// A directory of secrets.
    Directory,
    /// The start of some paths.
    Prefix,
    /// The identity of a thing whose identities start like this.
    Identity(&'static str),
    /// Any texts, as in `parameter=text&parameter=text`.
    Several,
    /// Named texts, as in `parameter[name]=text`.
    Named,
}

/// A query parameter, for the API's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether the call fails without it.
    pub required: bool,
}

impl Parameter {
    /// A parameter that a call can go without.
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            about,
            shape,
            required: false,
        }
    }

    /// Makes a call fail without it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What a reply's body is, by the name of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No body.
    Nothing,
    /// One object.
    One(&'static str),
    /// An array.
    Many(&'static str),
    /// An object that has no schema.
    Free,
}

/// Everything about a route but its handler.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The URL, with `{region}` and the like. `secret{path}` stands for a whole secret path.
    pub template: &'static str,
    /// The operation's name in the API's description.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The status of a success.
    pub success: StatusCode,
    /// The features that must be on, in the order in which they are checked.
    pub gates: &'static [Gate],
    /// What it needs permission for; nothing where it is public. Taken from the guard.
    pub action: Option<ActionFacts>,
    /// The schema of the request's body.
    pub body: Option<&'static str>,
    /// What the reply's body is.
    pub answer: Answer,
    /// The query parameters.
    pub parameters: &'static [Parameter],
    /// The query parameter that tells it apart from a later route of the same method and URL.
    pub only_with: Option<&'static str>,
}

impl Route {
    /// A route that answers 200 with nothing and has no gates.
    pub const fn new(method: Method, template: &'static str, name: &'static str) -> Self {
        Self {
            method,
            template,
            name,
            about: "",
            success: StatusCode::OK,
            gates: &[],
            action: None,
            body: None,
            answer: Answer::Free,
            parameters: &[],
            only_with: None,
        }
    }

    /// Says what it does, in one sentence.
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// Demands that features are on.
    pub const fn gates(mut self, gates: &'static [Gate]) -> Self {
        self.gates = gates;
        self
    }

    /// Takes a body of this schema.
    pub const fn takes(mut self, schema: &'static str) -> Self {
        self.body = Some(schema);
        self
    }

    /// Answers with this status and body.
    pub const fn answers(mut self, status: StatusCode, answer: Answer) -> Self {
        self.success = status;
        self.answer = answer;
        self
    }

    /// Reads these query parameters.
    pub const fn reads(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Serves only calls with this query parameter.
    pub const fn only_with(mut self, parameter: &'static str) -> Self {
        self.only_with = Some(parameter);
        self
    }

    /// The action word at the end of a secret's URL; nothing for other URLs.
    pub(super) fn suffix(&self) -> Option<Suffix> {
        match self.template.split_once("secret{path}")?.1 {
            "" => Some(Suffix::None),
            "/value" => Some(Suffix::Value),
            "/versions" => Some(Suffix::Versions),
            "/policy" => Some(Suffix::Policy),
            _ => None,
        }
    }

    /// The URL as `matchit` matches it. A secret's path cannot be a pattern there, so all of a region's
    /// secrets share one, and the remainder decides.
    pub(super) fn pattern(&self) -> String {
        match self.template.split_once("secret{path}") {
            Some((before, _)) => format!("{before}{{*rest}}"),
            None => self.template.to_owned(),
        }
    }

    pub(super) fn door(&self) -> Door {
        Door {
            gates: self.gates,
            in_region: self.template.contains("{region}"),
            anywhere: self.template.starts_with("/v1/me/"),
        }
    }
}

/// A handler: a guard, one engine call, a reply.
#[diagnostic::on_unimplemented(
    message = "this is no handler of a guarded call",
    note = "a handler is `async fn(guard) -> Result<Reply, Refusal>`, its one argument a guard"
)]
pub trait Handler<G: Guard>: Copy + Send + Sync + 'static {
    /// Answers a call that was let in.
    fn answer(self, guard: G) -> impl Future<Output = Result<Reply, Refusal>> + Send;
}

impl<G, F, Fut> Handler<G> for F
where
    G: Guard,
    F: Fn(G) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Refusal>> + Send,
{
    fn answer(self, guard: G) -> impl Future<Output = Result<Reply, Refusal>> + Send {
        self(guard)
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send>>;

/// A handler with its guard in front of it, whatever their types.
pub(super) type Guarded = Arc<dyn Fn(Knock) -> Answering + Send + Sync>;

/// The routes, each with its guarded handler.
#[derive(Default)]
pub struct Routes {
    pub(super) entries: Vec<(Route, Guarded)>,
}

impl Routes {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route. Its handler runs only for calls that its guard lets in.
    #[must_use]
    pub fn add<G: Guard, H: Handler<G>>(mut self, mut route: Route, handler: H) -> Self {
        route.action = G::ACTION;
        let guarded: Guarded = Arc::new(move |knock| {
            Box::pin(async move { handler.answer(G::admit(knock).await?).await })
        });
        self.entries.push((route, guarded));
        self
    }

    /// The table.
    pub fn table(&self) -> impl Iterator<Item = &Route> {
        self.entries.iter().map(|(route, _)| route)
    }
}
