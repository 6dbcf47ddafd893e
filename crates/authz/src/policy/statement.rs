//! Statements: who, for which action (contract 6.1).

use strongroom_types::{Reference, ServiceAccountId, TeamId, UserId};

use super::document::Node;
use super::error::{PolicyError, PolicyProblem};
use super::{AccessPolicy, Effect, PolicyAction};
use crate::caller::{Caller, Principal};

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    reveal: bool,
    put: bool,
    /// None means everybody.
    principals: Vec<Named>,
}

/// Words for revealing a value, compared without regard to case.
const REVEAL: [&str; 6] = [
    "getSecretValue",
    "secrets:get-value",
    "secrets:getSecretValue",
    "secrets:GetSecretValue",
    "get-value",
    "read",
];

/// Words for putting a value.
const PUT: [&str; 7] = [
    "putSecretValue",
    "secrets:put-value",
    "secrets:putSecretValue",
    "secrets:PutSecretValue",
    "put-value",
    "write",
    "update",
];

/// Words for both.
const BOTH: [&str; 2] = ["*", "secrets:*"];

/// How a statement names a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Everybody,
    /// By subject, address or identity.
    User(String),
    Team(Reference<TeamId>),
    ServiceAccount(Reference<ServiceAccountId>),
    /// In no way that we know: nobody.
    Nobody,
}

impl Statement {
    pub(super) fn parse(node: &Node) -> Result<Self, PolicyError> {
        let object = node.object()?;
        object.only(&["effect", "actions", "principals"])?;
        let effect = object.required("effect", Effect::parse)?;
        let max = AccessPolicy::MAX_ENTRIES;
        let actions = object.list("actions", max, |node| action(node, effect))?;
        let principals = object.list("principals", max, |node| principal(node, effect))?;
        let all = actions.is_empty();
        Ok(Self {
            effect,
            reveal: all || actions.iter().any(|(reveal, _)| *reveal),
            put: all || actions.iter().any(|(_, put)| *put),
            principals,
        })
    }

    /// Whether the statement is about this action.
    pub(super) const fn names(&self, action: PolicyAction) -> bool {
        match action {
            PolicyAction::Reveal => self.reveal,
            PolicyAction::Put => self.put,
        }
    }

    /// Whether the caller is among its principals.
    pub(super) fn matches(&self, caller: &Caller) -> bool {
        self.principals.is_empty() || self.principals.iter().any(|named| named.is(caller))
    }
}

/// Whether a word stands for reveal and for put. An unknown one stands for neither, which makes an
/// allow narrower; it would make a deny void, so there it is refused.
fn action(node: &Node, effect: Effect) -> Result<(bool, bool), PolicyError> {
    let text = node.text()?;
    let among = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    let both = among(&BOTH);
    let (reveal, put) = (both || among(&REVEAL), both || among(&PUT));
    if !reveal && !put && effect == Effect::Deny {
        return Err(PolicyProblem::DeniedAction.into());
    }
    Ok((reveal, put))
}

fn principal(node: &Node, effect: Effect) -> Result<Named, PolicyError> {
    let text = node.text()?;
    if text.is_empty() {
        return Err(PolicyProblem::Empty.into());
    }
    let named = Named::of(text);
    if named == Named::Nobody && effect == Effect::Deny {
        return Err(PolicyProblem::DeniedPrincipal.into());
    }
    Ok(named)
}

impl Named {
    fn of(text: &str) -> Self {
        if text == "*" {
            return Self::Everybody;
        }
        let Some((kind, name)) = text.split_once(':') else {
            return Self::by_identity(text);
        };
        let is = |word: &str| kind.eq_ignore_ascii_case(word);
        if is("user") && !name.is_empty() && !name.contains('*') {
            return Self::User(name.to_owned());
        }
        if is("team") {
            return name.parse().map_or(Self::Nobody, Self::Team);
        }
        if is("service-account") || is("serviceAccount") || is("sa") {
            return name.parse().map_or(Self::Nobody, Self::ServiceAccount);
        }
        Self::Nobody
    }

    /// An identity says itself what it names.
    fn by_identity(text: &str) -> Self {
        if text.parse::<UserId>().is_ok() {
            Self::User(text.to_owned())
        } else if let Ok(team) = text.parse() {
            Self::Team(Reference::Identity(team))
        } else if let Ok(account) = text.parse() {
            Self::ServiceAccount(Reference::Identity(account))
        } else {
            Self::Nobody
        }
    }

    fn is(&self, caller: &Caller) -> bool {
        match (self, caller.principal()) {
            (Self::Everybody, _) => true,
            (Self::User(name), Principal::User { id, subject, email }) => {
                *name == *subject
                    || email
                        .as_ref()
                        .is_some_and(|email| email.eq_ignore_ascii_case(name))
                    || name.parse::<UserId>().is_ok_and(|named| named == *id)
            }
            (Self::Team(Reference::Identity(team)), _) => {
                caller.teams().iter().any(|mine| mine.id == *team)
            }
            (Self::Team(Reference::Slug(team)), _) => {
                caller.teams().iter().any(|mine| mine.slug == *team)
            }
            (
                Self::ServiceAccount(Reference::Identity(account)),
                Principal::ServiceAccount { id, .. },
            ) => id == account,
            (
                Self::ServiceAccount(Reference::Slug(account)),
                Principal::ServiceAccount { slug, .. },
            ) => slug == account,
            (Self::User(_) | Self::ServiceAccount(_) | Self::Nobody, _) => false,
        }
    }
}
