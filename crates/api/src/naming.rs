//! Names, descriptions, labels: what all things of a directory say about themselves (contract 4.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_types::{Description, DisplayName, Labels, Networks, Slug, TextError, Timestamp};
use utoipa::ToSchema;

use crate::Time;
use crate::create_secret::{read_description, read_labels};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::value::Rules;

/// How a new thing is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// What people will call it.
    pub name: DisplayName,
    /// The short name that this makes.
    pub slug: Slug,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
}

impl Naming {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?, rules)
    }

    pub(crate) fn read(object: &Object<'_>, rules: &Rules) -> Result<Self, RequestError> {
        let name = name(object.required_text("name")?.as_str())?;
        // A name of punctuation alone leaves nothing for a slug.
        let slug = Slug::of_name(name.as_str()).map_err(|_| RequestError::Text {
            field: "name",
            source: TextError::Empty,
        })?;
        Ok(Self {
            name,
            slug,
            description: read_description(object)?,
            labels: read_labels(object, "labels", rules)?,
            annotations: read_labels(object, "annotations", rules)?,
        })
    }
}

/// How a thing is described differently: what is absent stays, and `null` is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamingChange {
    /// What people will call it.
    pub name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<Description>,
    /// Labels.
    pub labels: Option<Labels>,
    /// Annotations.
    pub annotations: Option<Labels>,
}

impl NamingChange {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?, rules)
    }

    pub(crate) fn read(object: &Object<'_>, rules: &Rules) -> Result<Self, RequestError> {
        let is_there = |field: &str| object.raw(field).map(RawValue::get).is_some();
        let given = object.text("name")?;
        let labels = |field| {
            let labels = is_there(field).then(|| read_labels(object, field, rules));
            labels.transpose()
        };
        Ok(Self {
            name: given.map(|text| name(text.as_str())).transpose()?,
            description: is_there("description")
                .then(|| read_description(object))
                .transpose()?,
            labels: labels("labels")?,
            annotations: labels("annotations")?,
        })
    }
}

pub(crate) fn name(text: &str) -> Result<DisplayName, RequestError> {
    let field = "name";
    text.parse()
        .map_err(|source| RequestError::Text { field, source })
}

/// A name that clients may leave empty.
pub(crate) fn optional_name(object: &Object<'_>) -> Result<String, RequestError> {
    match object.text("name")?.filter(|text| !text.is_empty()) {
        None => Ok(String::new()),
        Some(text) => Ok(name(text.as_str())?.as_str().to_owned()),
    }
}

/// An instant in the form of RFC 3339.
pub(crate) fn optional_time(
    object: &Object<'_>,
    field: &'static str,
) -> Result<Option<Timestamp>, RequestError> {
    let text = object.text(field)?.filter(|text| !text.is_empty());
    let parsed = text.map(|text| text.as_str().parse());
    parsed.transpose().map_err(|_| RequestError::Type {
        field: object.named(field),
        expected: "a time such as 2026-07-01T10:00:00Z",
    })
}

/// Texts in an array; absent reads as none.
pub(crate) fn texts(
    object: &Object<'_>,
    field: &'static str,
    max: usize,
) -> Result<Vec<String>, RequestError> {
    let Some(raw) = object.given(field) else {
        return Ok(Vec::new());
    };
    let texts: Vec<String> = serde_json::from_str(raw.get()).map_err(|_| RequestError::Type {
        field: object.named(field),
        expected: "an array of strings",
    })?;
    match texts.len() {
        len if len > max => Err(RequestError::Entries { field, max, len }),
        _ => Ok(texts),
    }
}

/// What a credential can be limited to (contract 4.4).
pub const SCOPES: [&str; 5] = [
    "api:read",
    "api:write",
    "kubernetes",
    "objectStorage",
    "openid",
];

/// Scopes; none means no limit.
pub(crate) fn scopes(object: &Object<'_>) -> Result<Vec<String>, RequestError> {
    let mut scopes = texts(object, "scopes", SCOPES.len())?;
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(RequestError::Word {
            field: "scopes",
            expected: format!("an array of {}", SCOPES.join(", ")),
        });
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// Ranges of addresses; none means no limit.
pub(crate) fn networks(object: &Object<'_>, field: &'static str) -> Result<Networks, RequestError> {
    let texts = texts(object, field, Networks::MOST)?;
    let ranges: Result<Vec<_>, _> = texts.iter().map(|text| text.parse()).collect();
    ranges.map(Networks::of).map_err(|_| RequestError::Word {
        field,
        expected: "an array of addresses and ranges such as 10.0.0.0/8 or 2001:db8::/32".to_owned(),
    })
}

/// What every thing of a directory says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    /// What people call it.
    pub name: String,
    /// What URLs and rules can call it; it stays when the name changes.
    pub slug: String,
    /// What it is for.
    pub description: String,
    /// Labels, exactly as they were given.
    pub labels: BTreeMap<String, String>,
    /// Annotations, exactly as they were given.
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed; at first, when it was made.
    pub updated_at: Time,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
}

/// A person, as the clients know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppUser {
    /// Their identity, which `userIdentity` takes in requests.
    pub subject: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// When they became a member.
    pub created_at: Time,
}

/// Something that is shown in full elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedRef {
    /// Its identity.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What URLs can call it.
    pub slug: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(body: &str) -> NamingChange {
        NamingChange::parse(body.as_bytes(), &Rules::default()).unwrap()
    }

    #[test]
    fn a_name_makes_the_slug() {
        let rules = Rules::default();
        let naming = Naming::parse(br#"{"name":"CI Robot","labels":null}"#, &rules).unwrap();
        assert_eq!(naming.slug.as_str(), "ci-robot");
        assert_eq!(naming.labels, Labels::default());
        for (body, start) in [
            ("{}", "`name` is required"),
            (r#"{"name":""}"#, "`name` is required"),
            (r#"{"name":"--"}"#, "`name`: it must not be empty"),
            (r#"{"name":"a","description":7}"#, "`description` must be"),
            (r#"{"name":"a","labels":{"x":1}}"#, "`labels.x` must be"),
        ] {
            let message = Naming::parse(body.as_bytes(), &rules).unwrap_err();
            assert!(message.to_string().starts_with(start), "{body}: {message}");
        }
    }

    #[test]
    fn what_a_change_leaves_out_stays() {
        assert_eq!(change("{}"), NamingChange::default());
        let cleared = change(r#"{"description":"","labels":null,"annotations":{}}"#);
        assert_eq!(cleared.name, None);
        assert_eq!(cleared.description, Some(Description::default()));
        assert_eq!(cleared.labels, Some(Labels::default()));
        assert_eq!(cleared.annotations, Some(Labels::default()));
    }

    #[test]
    fn scopes_are_words_that_are_known() {
        let scopes = |body: &str| {
            let object = Object::parse(body.as_bytes()).unwrap();
            super::scopes(&object).map_err(|error| error.to_string())
        };
        assert_eq!(scopes("{}"), Ok(vec![]));
        let twice = r#"{"scopes":["api:write","api:read","api:read"]}"#;
        assert_eq!(scopes(twice).unwrap(), ["api:read", "api:write"]);
        assert!(
            scopes(r#"{"scopes":["api:all"]}"#)
                .unwrap_err()
                .contains("kubernetes")
        );
        assert!(scopes(r#"{"scopes":"api:read"}"#).is_err());
    }
}
