//! Projects (contract 4.4).

use serde::{Deserialize, Serialize};
use strongroom_types::{ProjectId, Reference};
use utoipa::ToSchema;

use crate::naming::{Naming, NamingChange};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::value::Rules;
use crate::{Described, NamedRef};

/// The field that names a parent.
const PARENT: &str = "parentProjectIdentity";

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// What it is part of; absent where it stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_project: Option<NamedRef>,
}

/// The body that makes a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateProject {
    /// What it says about itself.
    pub naming: Naming,
    /// What it is to be part of.
    pub parent: Option<Reference<ProjectId>>,
}

impl CreateProject {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            naming: Naming::read(&object, rules)?,
            parent: parent(&object)?,
        })
    }
}

/// The body that changes a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateProject {
    /// What it says about itself.
    pub change: NamingChange,
    /// What it is to be part of: absent leaves that as it is, `null` or an empty text is nothing.
    pub parent: Option<Option<Reference<ProjectId>>>,
}

impl UpdateProject {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let is_there = object.raw(PARENT).is_some();
        Ok(Self {
            change: NamingChange::read(&object, rules)?,
            parent: is_there.then(|| parent(&object)).transpose()?,
        })
    }
}

fn parent(object: &Object<'_>) -> Result<Option<Reference<ProjectId>>, RequestError> {
    let text = object.text(PARENT)?.filter(|text| !text.is_empty());
    let parsed = text.map(|text| text.as_str().parse());
    let wrong = |source| RequestError::Reference {
        field: PARENT,
        source,
    };
    parsed.transpose().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_stays_or_goes_or_changes() {
        let rules = Rules::default();
        let parent = |body: &str| {
            UpdateProject::parse(body.as_bytes(), &rules)
                .unwrap()
                .parent
        };
        assert_eq!(parent("{}"), None);
        assert_eq!(parent(r#"{"parentProjectIdentity":null}"#), Some(None));
        assert_eq!(parent(r#"{"parentProjectIdentity":""}"#), Some(None));
        let web = parent(r#"{"parentProjectIdentity":"web"}"#);
        assert_eq!(web, Some("web".parse().ok()));
        let wrong = br#"{"name":"a","parentProjectIdentity":"A B"}"#;
        assert!(CreateProject::parse(wrong, &rules).is_err());
    }
}
