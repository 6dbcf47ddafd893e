//! Keys, which requests and rules name by identity or by slug.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use strongroom_types::{KeyId, Reference, Scope, Slug};

use crate::action::{Action, KeyAction};
use crate::caller::Caller;
use crate::decision::{Denied, decide_named, denied};
use crate::grant::Grant;

/// Both names of an existing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNames {
    /// The identity.
    pub identity: KeyId,
    /// The slug.
    pub slug: Slug,
}

impl KeyNames {
    /// Whether this is the key that `reference` asks for.
    pub fn answer(&self, reference: &Reference<KeyId>) -> bool {
        match reference {
            Reference::Identity(identity) => self.identity == *identity,
            Reference::Slug(slug) => self.slug == *slug,
        }
    }

    /// Runs `decide` with the names that rules may use.
    ///
    /// A slug in the form of an identity counts for nothing: it could be another key's.
    pub(crate) fn with<T>(&self, decide: impl FnOnce(&[&str]) -> T) -> T {
        let identity = self.identity.to_string();
        if KeyId::from_str(self.slug.as_str()).is_ok() {
            decide(&[&identity])
        } else {
            decide(&[&identity, self.slug.as_str()])
        }
    }
}

/// The permission to do `A` once, to this one key: a grant whose reference was looked up.
#[must_use = "a grant that no operation consumes permits nothing"]
pub struct Resolved<A: KeyAction> {
    grant: Grant<A>,
    names: KeyNames,
}

impl<A: KeyAction> Resolved<A> {
    pub(crate) fn decide(grant: Grant<A>, names: KeyNames) -> Result<Self, Denied> {
        if !names.answer(grant.target()) {
            return Err(denied::<A>());
        }
        names.with(|each| decide_named::<A>(grant.caller(), grant.scope(), each))?;
        Ok(Self { grant, names })
    }

    /// Where it may be done.
    pub const fn scope(&self) -> &Scope {
        self.grant.scope()
    }

    /// The key.
    pub const fn names(&self) -> &KeyNames {
        &self.names
    }

    /// The key's identity.
    pub const fn key(&self) -> KeyId {
        self.names.identity
    }

    /// How the request named the key.
    pub const fn target(&self) -> &Reference<KeyId> {
        self.grant.target()
    }

    /// Who may do it.
    pub const fn caller(&self) -> &Arc<Caller> {
        self.grant.caller()
    }
}

impl<A: KeyAction> fmt::Debug for Resolved<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("action", &<A as Action>::NAME)
            .field("scope", self.scope())
            .field("names", &self.names)
            .field("principal", &self.caller().principal().to_string())
            .finish_non_exhaustive()
    }
}
