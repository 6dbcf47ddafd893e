//! Access policies on the wire (contract 1.11, 6.1): carried verbatim, understood elsewhere.

use serde_json::value::RawValue;

use crate::object::Object;
use crate::request_error::RequestError;

/// The body that sets or clears a secret's access policy.
pub struct PolicyUpdate {
    /// The policy as it was written; none clears it. `{}` is passed on: whoever parses the policy
    /// decides that it clears, too.
    pub access_policy: Option<Box<RawValue>>,
}

impl PolicyUpdate {
    /// Reads a body. A body without the field is refused, so that a misspelt one cannot clear
    /// the policy.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        if object.raw("accessPolicy").is_none() {
            return Err(RequestError::Missing {
                field: "accessPolicy",
            });
        }
        Ok(Self {
            access_policy: given_policy(&object)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> String {
        let policy = self
            .access_policy
            .as_ref()
            .map_or("null", |policy| policy.get());
        format!("{{\"accessPolicy\":{policy}}}")
    }
}

/// The field `accessPolicy`, verbatim, unless absent or null.
pub(crate) fn given_policy(object: &Object<'_>) -> Result<Option<Box<RawValue>>, RequestError> {
    let Some(raw) = object.raw("accessPolicy").filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    if raw.get().starts_with('{') {
        Ok(Some(raw.to_owned()))
    } else {
        Err(RequestError::NotAnObject {
            field: "`accessPolicy`".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_travels_verbatim() {
        let body = r#"{"accessPolicy": {"statements" : [ {"effect":"Deny"} ], "x":1.50} }"#;
        let update = PolicyUpdate::parse(body.as_bytes()).unwrap();
        let policy = r#"{"statements" : [ {"effect":"Deny"} ], "x":1.50}"#;
        assert_eq!(update.access_policy.as_ref().unwrap().get(), policy);
        assert_eq!(update.to_body(), format!("{{\"accessPolicy\":{policy}}}"));
    }

    #[test]
    fn null_clears_and_absence_is_refused() {
        assert!(
            PolicyUpdate::parse(br#"{"accessPolicy":null}"#)
                .unwrap()
                .access_policy
                .is_none()
        );
        for body in [
            "",
            "{}",
            r#"{"accesspolicy":null}"#,
            r#"{"accessPolicy":[]}"#,
        ] {
            assert!(PolicyUpdate::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
