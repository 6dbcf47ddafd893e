//! What a caller may see of a list.

use std::sync::Arc;

use crate::action::{Action, ActionScope, ListKeys, ReadKey, ReadSecret};
use crate::caller::Caller;
use crate::decision::Reach;
use crate::key_grant::KeyNames;
use crate::pattern::Pattern;

const REACH: Reach = <<ReadSecret as Action>::Scope as ActionScope>::REACH;

/// Which secrets a caller may read, as a filter and as places to look.
///
/// It asks the same rules as a read of each single secret: what it shows can be read, and what
/// can be read it shows.
#[derive(Debug, Clone)]
pub struct Reader {
    caller: Arc<Caller>,
    everything: bool,
}

impl Reader {
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        let everything = caller.holds(REACH, ReadSecret::RESOURCE, ReadSecret::PERMISSIONS, &[]);
        Self { caller, everything }
    }

    /// Whether the caller may read the secret at `path`.
    pub fn can_read(&self, path: &str) -> bool {
        self.everything || self.patterns().any(|pattern| pattern.matches(path))
    }

    /// Whether the caller may read every secret there is in this scope.
    pub const fn reads_everything(&self) -> bool {
        self.everything
    }

    /// Whether the caller may read every secret whose path starts with `prefix`; then one seek
    /// says whether there is a readable one. `false` may also mean that this is not known.
    pub fn reads_all_below(&self, prefix: &str) -> bool {
        self.everything
            || self
                .patterns()
                .any(|pattern| pattern.covers_all_below(prefix))
    }

    /// Where readable secrets under `prefix` can lie: every one of them starts with one of these
    /// texts, and each of these starts with `prefix`. Sorted; none starts with another. Not all
    /// that lies there needs to be readable: ask [`Reader::can_read`].
    pub fn ranges<'a>(&'a self, prefix: &'a str) -> Vec<&'a str> {
        if self.everything {
            return vec![prefix];
        }
        let mut ranges: Vec<&str> = self
            .patterns()
            .map(Pattern::literal_prefix)
            .filter_map(|literal| {
                if literal.starts_with(prefix) {
                    Some(literal)
                } else {
                    prefix.starts_with(literal).then_some(prefix)
                }
            })
            .collect();
        ranges.sort_unstable();
        // In this order, a text follows directly on the shortest one that it starts with.
        ranges.dedup_by(|later, earlier| later.starts_with(*earlier));
        ranges
    }

    /// The patterns of every rule that lets the caller read secrets.
    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.caller
            .rule_sets(REACH)
            .flat_map(|rules| {
                ReadSecret::PERMISSIONS
                    .iter()
                    .flat_map(|permission| rules.concerning(ReadSecret::RESOURCE, *permission))
            })
            .flat_map(Option::unwrap_or_default)
    }
}

/// Which keys a caller may list and read.
#[derive(Debug, Clone)]
pub struct KeyReader {
    caller: Arc<Caller>,
    nothing: bool,
    everything: bool,
}

impl KeyReader {
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        let lists = caller.holds_some(REACH, ListKeys::RESOURCE, ListKeys::PERMISSIONS);
        let reads = caller.holds(REACH, ReadKey::RESOURCE, ReadKey::PERMISSIONS, &[]);
        Self {
            caller,
            nothing: !lists,
            everything: lists && reads,
        }
    }

    /// Whether the caller may see this key in a list.
    pub fn can_read(&self, names: &KeyNames) -> bool {
        self.everything
            || (!self.nothing
                && names.with(|each| {
                    let (resource, permissions) = (ReadKey::RESOURCE, ReadKey::PERMISSIONS);
                    self.caller.holds(REACH, resource, permissions, each)
                }))
    }

    /// Whether the caller may see no key at all, so that there is nothing to look for.
    pub const fn reads_nothing(&self) -> bool {
        self.nothing
    }

    /// Whether the caller may see every key in this scope.
    pub const fn reads_everything(&self) -> bool {
        self.everything
    }
}
