//! Regions.

use serde::{Deserialize, Serialize};

use super::section::{KeyDoc, Kind, Section};

/// A region that this installation serves, one `[[regions]]` table each. The first configuration
/// has one, `nl-01`; a file that names regions names all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The short name in URLs, such as `nl-01`. Never change it while data is in the region.
    pub slug: String,
    /// The identity, which URLs take as well. Without it, the slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The name for people. Without it, the slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether keys can be used in this region.
    #[serde(default = "yes")]
    pub kms: bool,
}

fn yes() -> bool {
    true
}

impl Region {
    /// A region with keys, known by its slug alone.
    pub fn of_slug(slug: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            identity: None,
            name: None,
            kms: true,
        }
    }

    /// The identity, or what stands for it.
    pub fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.slug)
    }

    /// The name, or what stands for it.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.slug)
    }
}

impl Default for Region {
    fn default() -> Self {
        Self::of_slug("nl-01")
    }
}

impl Section for Region {
    const ABOUT: &'static [&'static str] = &[
        "A region that this installation serves, one `[[regions]]` table each.",
        "Without any there is one, `nl-01`; a file that names regions names all of them.",
    ];
    const KEYS: &'static [KeyDoc] = &[
        KeyDoc {
            name: "slug",
            kind: String::NAME,
            optional: false,
            doc: &[
                "The short name in URLs, such as `nl-01`.",
                "Never change it while data is in the region.",
            ],
            example: "\"nl-01\"",
        },
        KeyDoc {
            name: "identity",
            kind: String::NAME,
            optional: true,
            doc: &["The identity, which URLs take as well. Without it, the slug."],
            example: "\"region-nl-01\"",
        },
        KeyDoc {
            name: "name",
            kind: String::NAME,
            optional: true,
            doc: &["The name for people. Without it, the slug."],
            example: "\"Netherlands 01\"",
        },
        KeyDoc {
            name: "kms",
            kind: bool::NAME,
            optional: false,
            doc: &["Whether keys can be used in this region."],
            example: "true",
        },
    ];
}
