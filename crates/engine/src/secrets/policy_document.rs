//! An access policy as its author wrote it.

use strongroom_authz::{AccessPolicy, PolicyError, StatementsMode};

/// A valid access policy, kept verbatim so that it is echoed exactly (contract 6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument(String);

impl PolicyDocument {
    /// Checks a JSON document. `None` means that it clears the policy: `null`, `{}` or only empty
    /// lists.
    pub fn parse(document: &str) -> Result<Option<Self>, PolicyError> {
        Ok(AccessPolicy::parse(document)?.map(|_| Self(document.to_owned())))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_row(document: String) -> Self {
        Self(document)
    }
}

/// The policy in a row, ready to decide. What does not parse any more denies.
pub(crate) fn stored(document: Option<&str>, mode: StatementsMode) -> Option<AccessPolicy> {
    match document.map(AccessPolicy::parse)? {
        Ok(policy) => policy.map(|policy| policy.with_statements_mode(mode)),
        Err(_) => Some(AccessPolicy::unreadable()),
    }
}
