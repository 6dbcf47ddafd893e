//! A secret's own access policy: who may touch its value, from where, and when.
//!
//! It can only take rights away: it is asked after the rules have allowed a reveal or a put
//! (contract 1.11), and it gates nothing else, so that whoever may update the secret can always
//! repair it. Two parts must both pass:
//!
//! - `conditions`: if any deny matches, the call is refused; if there are allows, at least one of
//!   them must match. **Allows are an OR, also across types**: an office address *or* office
//!   hours, never both at once (contract 6.26).
//! - `statements`, for each action on its own: a deny that matches action and principal refuses;
//!   if allows name the action, one of them must match the principal; an action that no allow
//!   names is not restricted (contract 6.1).

mod condition;
mod conditionals;
mod document;
mod error;
mod statement;
mod weighed;
mod window;

use std::net::IpAddr;

use strongroom_types::Timestamp;

use crate::caller::Caller;
use condition::Condition;
pub use conditionals::Conditionals;
use document::{Node, Object};
use statement::Statement;

pub use error::{PolicyError, PolicyProblem};
pub use weighed::{PolicyPassed, PolicyRefused};

/// Whether a condition or statement lets through or keeps out. Written in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// The two things that a policy gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyAction {
    /// Reading a value.
    Reveal,
    /// Writing a value.
    Put,
}

/// What an installation does with `statements` (contract 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatementsMode {
    /// They are enforced.
    #[default]
    Enforce,
    /// They are kept and shown, and decide nothing. Conditions are enforced all the same.
    Store,
}

/// Which part of a policy refused. For the audit record; the caller learns no detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyDenied {
    /// A deny condition matched the caller's address or the time, or might have: an address that
    /// is not known counts as every denied one.
    #[error("the secret's access policy denies this call at this time or from this address")]
    Condition,
    /// There are allow conditions, and none matched.
    #[error(
        "the secret's access policy allows this call only at other times or from other addresses"
    )]
    NoCondition,
    /// A deny statement matched action and principal.
    #[error("the secret's access policy denies this call to you")]
    Statement,
    /// Allow statements name the action, and none matched the principal.
    #[error("the secret's access policy allows this call only to others")]
    NoStatement,
    /// The stored policy could not be understood.
    #[error("the secret's access policy cannot be read, so it denies everything; set it anew")]
    Unreadable,
}

/// A policy that was understood. It keeps nothing of the text, which callers store for the echo.
#[derive(Debug, Clone)]
pub struct AccessPolicy {
    conditions: Vec<Condition>,
    statements: Vec<Statement>,
    mode: StatementsMode,
    unreadable: bool,
}

impl AccessPolicy {
    /// The longest document, in bytes.
    pub const MAX_DOCUMENT: usize = 16 * 1024;
    /// The most conditions, including those written as `conditionals`.
    pub const MAX_CONDITIONS: usize = 64;
    /// The most statements.
    pub const MAX_STATEMENTS: usize = 64;
    /// The most addresses of one condition, and actions or principals of one statement.
    pub const MAX_ENTRIES: usize = 256;

    /// Understands the value of the field `accessPolicy`, a JSON object or null.
    ///
    /// `None` means that there is no policy: the document was null, `{}`, or held only empty
    /// lists. Statements are enforced until [`AccessPolicy::with_statements_mode`] says otherwise.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names the element and what is wrong with it. Inside a condition or a
    /// statement a field that is not known is an error, as what it says would be ignored.
    pub fn parse(document: &str) -> Result<Option<Self>, PolicyError> {
        parse(document).map_err(|error| error.within("accessPolicy"))
    }

    /// The policy for a secret whose stored one does not parse any more: it denies everything.
    pub const fn unreadable() -> Self {
        Self {
            conditions: Vec::new(),
            statements: Vec::new(),
            mode: StatementsMode::Enforce,
            unreadable: true,
        }
    }

    /// The same policy, with its statements enforced or not.
    #[must_use]
    pub fn with_statements_mode(self, mode: StatementsMode) -> Self {
        Self { mode, ..self }
    }

    /// Whether `caller` may do `action` at `now`, as far as this policy is concerned.
    pub(crate) fn decide(
        &self,
        action: PolicyAction,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), PolicyDenied> {
        self.weigh(action, caller, now)
            .map(drop)
            .map_err(|refused| refused.why)
    }

    /// As every reveal and put is decided, with what decided it.
    ///
    /// # Errors
    ///
    /// [`PolicyRefused`]: which part of the policy refused.
    pub fn weigh(
        &self,
        action: PolicyAction,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<PolicyPassed, PolicyRefused> {
        if self.unreadable {
            return Err(PolicyDenied::Unreadable.into());
        }
        let condition = self.check_conditions(caller.client_ip(), now)?;
        let statement = match self.mode {
            StatementsMode::Enforce => self.check_statements(action, caller)?,
            StatementsMode::Store => None,
        };
        Ok(PolicyPassed {
            condition,
            statement,
        })
    }

    fn check_conditions(
        &self,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<usize>, PolicyRefused> {
        let of = |effect| {
            let all = self.conditions.iter().enumerate();
            all.filter(move |(_, each)| each.effect == effect)
        };
        if let Some((at, _)) =
            of(Effect::Deny).find(|(_, deny)| deny.matches(ip, now) != Some(false))
        {
            return Err(PolicyDenied::Condition.by(at));
        }
        let mut allows = of(Effect::Allow).peekable();
        if allows.peek().is_none() {
            return Ok(None);
        }
        let passed = allows.find(|(_, allow)| allow.matches(ip, now) == Some(true));
        let (at, _) = passed.ok_or(PolicyDenied::NoCondition)?;
        Ok(Some(at))
    }

    fn check_statements(
        &self,
        action: PolicyAction,
        caller: &Caller,
    ) -> Result<Option<usize>, PolicyRefused> {
        let naming = |effect| {
            let all = self.statements.iter().enumerate();
            all.filter(move |(_, each)| each.effect == effect && each.names(action))
        };
        if let Some((at, _)) = naming(Effect::Deny).find(|(_, deny)| deny.matches(caller)) {
            return Err(PolicyDenied::Statement.by(at));
        }
        let mut allows = naming(Effect::Allow).peekable();
        if allows.peek().is_none() {
            return Ok(None);
        }
        let passed = allows.find(|(_, allow)| allow.matches(caller));
        let (at, _) = passed.ok_or(PolicyDenied::NoStatement)?;
        Ok(Some(at))
    }
}

impl Effect {
    fn parse(node: &Node) -> Result<Self, PolicyError> {
        let text = node.text()?;
        if text.eq_ignore_ascii_case("allow") {
            Ok(Self::Allow)
        } else if text.eq_ignore_ascii_case("deny") {
            Ok(Self::Deny)
        } else {
            Err(PolicyProblem::Effect.into())
        }
    }
}

fn parse(document: &str) -> Result<Option<AccessPolicy>, PolicyError> {
    if document.len() > AccessPolicy::MAX_DOCUMENT {
        return Err(PolicyProblem::TooLong.into());
    }
    let node = Node::parse(document)?;
    if matches!(node, Node::Null) {
        return Ok(None);
    }
    let object = node.object()?;
    let known = ["conditions", "statements", "conditionals"];
    if !object.is_empty() && !known.iter().any(|field| object.contains_key(*field)) {
        return Err(PolicyProblem::Foreign.into());
    }
    let mut conditions = object.list("conditions", AccessPolicy::MAX_CONDITIONS, |node| {
        Condition::parse(node, None)
    })?;
    conditions.extend(conditionals(object).map_err(|error| error.within("conditionals"))?);
    if conditions.len() > AccessPolicy::MAX_CONDITIONS {
        let max = AccessPolicy::MAX_CONDITIONS;
        return Err(PolicyError::from(PolicyProblem::TooMany { max }).within("conditions"));
    }
    let statements = object.list("statements", AccessPolicy::MAX_STATEMENTS, Statement::parse)?;
    if conditions.is_empty() && statements.is_empty() {
        return Ok(None);
    }
    Ok(Some(AccessPolicy {
        conditions,
        statements,
        mode: StatementsMode::default(),
        unreadable: false,
    }))
}

/// Conditions in the spelling of IAM policies: `{allowed: […], denied: […]}` (contract 4.3).
fn conditionals(object: &Object) -> Result<Vec<Condition>, PolicyError> {
    let Some(node) = object.get("conditionals").filter(|node| !node.is_null()) else {
        return Ok(Vec::new());
    };
    conditions_in(node)
}

/// The conditions in `{allowed: […], denied: […]}`.
fn conditions_in(node: &Node) -> Result<Vec<Condition>, PolicyError> {
    let object = node.object()?;
    object.only(&["allowed", "denied"])?;
    let max = AccessPolicy::MAX_CONDITIONS;
    let mut all = object.list("allowed", max, |node| {
        Condition::parse(node, Some(Effect::Allow))
    })?;
    all.extend(object.list("denied", max, |node| {
        Condition::parse(node, Some(Effect::Deny))
    })?);
    Ok(all)
}

#[cfg(test)]
mod tests;
