//! What the claims of a token must be, beside issuer, subject and audience.

use serde_json::{Map, Value};
use strongroom_authz::{Pattern, PatternError};

/// Conditions on one federated identity.
const MOST_CONDITIONS: usize = 32;
/// Texts that one claim may be.
const MOST_CHOICES: usize = 32;

/// Conditions that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// Not an object of claims.
    #[error("`conditions` must be a JSON object from names of claims to what they must be")]
    NotAnObject,
    /// More than are checked.
    #[error("`conditions` must have at most {MOST_CONDITIONS} entries")]
    TooMany,
    /// A value that no claim can be compared with.
    #[error(
        "`conditions.{0}` must be a text, a number, true, false, or an array of 1 to \
         {MOST_CHOICES} of these"
    )]
    Value(String),
    /// A text that is no pattern.
    #[error("`conditions.{claim}`: {source}")]
    Pattern {
        /// The claim.
        claim: String,
        /// Why.
        source: PatternError,
    },
}

/// Claims, each with the texts of which it must be one.
///
/// A condition names a claim, or, with a leading slash, the place of one inside another (a JSON
/// pointer, RFC 6901): `/kubernetes.io/namespace`. Texts may hold `*` as in rules (contract 4.1).
/// Issuers disagree on whether a flag is `true` or `"true"`, so what is compared is the text of a
/// text, number or flag. Of a claim that is an array, one element suffices.
pub(super) struct Conditions(Vec<(String, Vec<Pattern>)>);

impl Conditions {
    pub(super) fn parse(text: &str) -> Result<Self, ConditionError> {
        let Ok(Value::Object(claims)) = serde_json::from_str(text) else {
            return Err(ConditionError::NotAnObject);
        };
        if claims.len() > MOST_CONDITIONS {
            return Err(ConditionError::TooMany);
        }
        claims.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the claims are what they must be.
    pub(super) fn hold(&self, claims: &Map<String, Value>) -> bool {
        self.0.iter().all(|(claim, choices)| {
            let found = find(claims, claim);
            found.is_some_and(|value| is_one_of(value, choices))
        })
    }
}

fn one((claim, value): (&String, &Value)) -> Result<(String, Vec<Pattern>), ConditionError> {
    let wrong = || ConditionError::Value(shown(claim));
    let values = match value {
        Value::Array(values) if (1..=MOST_CHOICES).contains(&values.len()) => values.as_slice(),
        Value::Array(_) => return Err(wrong()),
        single => std::slice::from_ref(single),
    };
    let patterns = values.iter().map(|value| {
        let text = text(value).ok_or_else(wrong)?;
        text.parse().map_err(|source| ConditionError::Pattern {
            claim: shown(claim),
            source,
        })
    });
    Ok((claim.clone(), patterns.collect::<Result<_, _>>()?))
}

/// A claim's name as messages show it.
fn shown(claim: &str) -> String {
    claim
        .chars()
        .filter(|c| !c.is_control())
        .take(128)
        .collect()
}

fn find<'v>(claims: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.strip_prefix('/')?.split_once('/')?;
    let first = first.replace("~1", "/").replace("~0", "~");
    claims.get(&first)?.pointer(&format!("/{rest}"))
}

fn is_one_of(value: &Value, choices: &[Pattern]) -> bool {
    let matches = |value: &Value| {
        let text = text(value);
        text.is_some_and(|text| choices.iter().any(|choice| choice.matches(&text)))
    };
    match value {
        Value::Array(values) => values.iter().any(matches),
        single => matches(single),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claims as GitLab, GitHub and Kubernetes write them.
    const CLAIMS: &str = r#"{
        "ref": "refs/heads/main", "ref_protected": "true", "run_attempt": 2, "private": false,
        "groups": ["dev", "ops"], "nothing": null,
        "kubernetes.io": {"namespace": "shop", "pod": {"name": "web-1"}}
    }"#;

    fn hold(conditions: &str) -> bool {
        let claims: Map<String, Value> = serde_json::from_str(CLAIMS).unwrap();
        Conditions::parse(conditions).unwrap().hold(&claims)
    }

    #[test]
    fn every_claim_must_be_what_it_must_be() {
        for (conditions, expected) in [
            ("{}", true),
            (r#"{"ref":"refs/heads/main"}"#, true),
            (r#"{"ref":"refs/heads/*"}"#, true),
            (r#"{"ref":"refs/heads/mai"}"#, false),
            (r#"{"ref":["refs/tags/*","refs/heads/main"]}"#, true),
            (r#"{"ref_protected":true}"#, true),
            (r#"{"ref_protected":"false"}"#, false),
            (r#"{"run_attempt":2}"#, true),
            (r#"{"run_attempt":"2"}"#, true),
            (r#"{"private":false}"#, true),
            (r#"{"groups":"ops"}"#, true),
            (r#"{"groups":"op"}"#, false),
            (r#"{"absent":"*"}"#, false),
            (r#"{"nothing":"*"}"#, false),
            (r#"{"kubernetes.io":"*"}"#, false),
            (r#"{"/kubernetes.io/namespace":"shop"}"#, true),
            (r#"{"/kubernetes.io/pod/name":"web-*"}"#, true),
            (r#"{"/kubernetes.io/namespace":"bank"}"#, false),
            (r#"{"/kubernetes.io":"*"}"#, false),
            (r#"{"ref":"refs/heads/main","private":true}"#, false),
        ] {
            assert_eq!(hold(conditions), expected, "{conditions}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused_by_the_name_of_its_claim() {
        for (conditions, message) in [
            ("[]", "must be a JSON object"),
            ("{\"a\":", "must be a JSON object"),
            (r#"{"a":null}"#, "`conditions.a` must be a text"),
            (r#"{"a":{}}"#, "`conditions.a` must be a text"),
            (r#"{"a":[]}"#, "`conditions.a` must be a text"),
            (r#"{"a":[["x"]]}"#, "`conditions.a` must be a text"),
            (r#"{"a":""}"#, "`conditions.a`: it is empty"),
        ] {
            let error = Conditions::parse(conditions).err().unwrap().to_string();
            assert!(error.contains(message), "{error}");
        }
        let many: Map<_, _> = (0..33).map(|n| (n.to_string(), 1.into())).collect();
        let many = Value::Object(many).to_string();
        assert_eq!(
            Conditions::parse(&many).err(),
            Some(ConditionError::TooMany)
        );
    }
}
