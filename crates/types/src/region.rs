//! Regions.

use std::fmt;
use std::sync::Arc;

use crate::Slug;

/// A region that this installation serves, named by its slug (`nl-01`).
///
/// Made only from configuration, so a `Region` in hand is one that exists.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(Arc<Slug>);

impl Region {
    /// The region with this slug, which the configuration declares.
    pub fn declared(slug: &Slug) -> Self {
        Self(Arc::new(slug.clone()))
    }

    /// The slug's text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The slug.
    pub fn slug(&self) -> Slug {
        Slug::clone(&self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
