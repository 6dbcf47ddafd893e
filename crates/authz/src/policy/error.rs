//! What is wrong with a policy, and where.

use super::AccessPolicy;

/// A policy that is not accepted. The message names the element:
/// `accessPolicy.conditions[2].cidrs[0]: …`.
#[derive(Debug, thiserror::Error)]
#[error("{element}: {problem}")]
pub struct PolicyError {
    element: String,
    #[source]
    problem: PolicyProblem,
}

impl PolicyError {
    /// Where the problem is, as in `accessPolicy.conditions[2].cidrs[0]`.
    pub fn element(&self) -> &str {
        &self.element
    }

    /// What the problem is.
    pub const fn problem(&self) -> &PolicyProblem {
        &self.problem
    }

    /// The same error, seen from one level further out.
    pub(super) fn within(mut self, outer: &str) -> Self {
        let dot = match self.element.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.element = format!("{outer}{dot}{}", self.element);
        self
    }
}

impl From<PolicyProblem> for PolicyError {
    fn from(problem: PolicyProblem) -> Self {
        Self {
            element: String::new(),
            problem,
        }
    }
}

/// What can be wrong with an element of a policy. No message repeats what was written there.
#[derive(Debug, thiserror::Error)]
pub enum PolicyProblem {
    /// More text than a policy may have.
    #[error("a policy has at most {} bytes", AccessPolicy::MAX_DOCUMENT)]
    TooLong,
    /// Not JSON, or a name twice in one object.
    #[error("it is not valid JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// A value of another kind.
    #[error("it must be {expected}")]
    Kind {
        /// What belongs here.
        expected: &'static str,
    },
    /// An object in which nothing is known.
    #[error("none of its fields is known; a policy has `conditions`, `statements` or both")]
    Foreign,
    /// A field that would be ignored.
    #[error("it has an unknown field, which would be ignored; known here are: {}", known.join(", "))]
    UnknownField {
        /// What is known here.
        known: &'static [&'static str],
    },
    /// A field of the other type of condition, which would be ignored.
    #[error("this field belongs to conditions of the type `{owner}`; write two conditions instead")]
    ForeignField {
        /// The type that the field belongs to.
        owner: &'static str,
    },
    /// Two spellings of one field.
    #[error("this repeats `{other}`; give one of them")]
    Repeated {
        /// The other spelling.
        other: &'static str,
    },
    /// A field that must be there.
    #[error("it is missing")]
    Missing,
    /// A list or text that must not be empty.
    #[error("it must not be empty")]
    Empty,
    /// A list over its limit.
    #[error("it may have at most {max} entries")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// Neither allow nor deny.
    #[error("it must be `allow` or `deny`")]
    Effect,
    /// An unknown type of condition.
    #[error("it must be `ip` or `time`")]
    ConditionType,
    /// No address and no range.
    #[error("it is neither an IP address nor a range such as 10.0.0.0/8 or 2001:db8::/32")]
    Address,
    /// A range that spans mapped IPv4 addresses and others, and would match neither as expected.
    #[error("a range of IPv4 addresses is written as IPv4, for example 10.0.0.0/8")]
    MappedRange,
    /// An hour out of range.
    #[error("it must be a whole number from 0 to {max}")]
    Hour {
        /// The largest hour that is allowed here.
        max: i8,
    },
    /// A window without length; whether it means never or always is anybody's guess.
    #[error("it must differ from startHour; the whole day is 0 to 24")]
    EmptyWindow,
    /// No zone of this name.
    #[error("it is no IANA time zone; a zone looks like Europe/Amsterdam or UTC")]
    Zone(#[source] Option<jiff::Error>),
    /// A deny that could never match.
    #[error(
        "this action is not known, so the deny would be ignored; known are `getSecretValue`, `putSecretValue` and `*`"
    )]
    DeniedAction,
    /// A deny that could never match.
    #[error(
        "this names no principal, so the deny would be ignored; write `*`, `user:…`, `team:…`, `service-account:…` or an identity"
    )]
    DeniedPrincipal,
}
