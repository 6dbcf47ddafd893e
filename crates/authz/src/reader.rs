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
        let (resource, permissions) = (ReadSecret::RESOURCE, ReadSecret::PERMISSIONS);
        self.everything || self.caller.holds(REACH, resource, permissions, &[path])
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::action::{ListSecrets, ReadSecret};
    use crate::caller::CallerParts;
    use crate::grant::authorize;
    use crate::rule::Rule;
    use crate::tests::{any_rule, caller, owner, parts, path, rule, scope};

    fn reader(held: &[&str]) -> Reader {
        Reader::new(caller(held))
    }

    #[test]
    fn ranges_are_where_readable_secrets_can_lie() {
        for (held, prefix, expected) in [
            (&[][..], "/", vec![]),
            (&["secret||read"], "/app/", vec!["/app/"]),
            (&["secret||list"], "/app/", vec![]),
            (&["secret|/app/*|read"], "/", vec!["/app/"]),
            (&["secret|/app/*|read"], "/app/", vec!["/app/"]),
            (&["secret|/app/*|read"], "/app/prod/", vec!["/app/prod/"]),
            (&["secret|/app/*|read"], "/other/", vec![]),
            (&["secret|/app/x|read"], "/", vec!["/app/x"]),
            (&["secret|*/x|read"], "/app/", vec!["/app/"]),
            (
                &["secret|/b/*,/a/*|read", "secret|/a/x/*|read"],
                "/",
                vec!["/a/", "/b/"],
            ),
            (&["secret|/a*,/a/b*,/ab*|read"], "/", vec!["/a"]),
            (&["secret|/app/*|getSecretValue"], "/", vec![]),
            (&["secret|/app/*|*"], "/", vec!["/app/"]),
        ] {
            assert_eq!(
                reader(held).ranges(prefix),
                expected,
                "{held:?} under {prefix}"
            );
        }
    }

    #[test]
    fn a_directory_that_is_wholly_readable_is_known_as_such() {
        assert!(reader(&["secret||read"]).reads_everything());
        assert!(!reader(&["secret|/app/*|read"]).reads_everything());
        assert!(reader(&["secret|/app/*|read"]).reads_all_below("/app/prod/"));
        assert!(!reader(&["secret|/app/*|read"]).reads_all_below("/"));
        assert!(!reader(&["secret|/app/*/x|read"]).reads_all_below("/app/prod/"));
        assert_eq!(Reader::new(owner()).ranges("/a"), ["/a"]);
    }

    fn holder(rules: Vec<Rule>) -> Arc<Caller> {
        // Whoever holds nothing else may still ask for a list.
        let rules = rules.into_iter().chain([rule("secret||list")]).collect();
        Arc::new(Caller::vouched(CallerParts {
            organisation_rules: Arc::new(rules),
            ..parts(&[])
        }))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// Listed ⊆ readable, and nothing readable missing: for any rules and any path under any
        /// prefix, a list shows exactly what a read of that secret would be granted.
        #[test]
        fn a_list_shows_what_a_read_would_be_granted(
            rules in proptest::collection::vec(any_rule(), 0..4),
            prefix in "/([ab]{1,2}/?){0,2}",
            rest in "[ab]{1,3}(/[ab]{1,2}){0,2}",
        ) {
            let caller = holder(rules);
            let text = format!("{prefix}{rest}");
            let readable =
                authorize::<ReadSecret>(Arc::clone(&caller), scope(), path(&text)).is_ok();
            let list =
                authorize::<ListSecrets>(caller, scope(), prefix.parse().unwrap()).unwrap();
            let reader = list.reader();
            prop_assert_eq!(reader.can_read(&text), readable);

            let ranges = reader.ranges(&prefix);
            if readable {
                let found = ranges.iter().filter(|range| text.starts_with(**range)).count();
                prop_assert_eq!(found, 1, "{:?} must lie in one of {:?}", text, ranges);
            }
            if reader.reads_all_below(&prefix) || reader.reads_everything() {
                prop_assert!(readable);
            }
            for (index, range) in ranges.iter().enumerate() {
                prop_assert!(range.starts_with(&prefix));
                prop_assert!(
                    ranges.iter().enumerate().all(|(at, other)| at == index
                        || !other.starts_with(range)),
                    "no secret is found twice: {:?}", ranges
                );
            }
        }
    }
}
