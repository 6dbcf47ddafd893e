//! Rules as decisions look them up.
//!
//! A decision asks about one name. Rules without names are one table; a name that a rule spells
//! out is found by its hash; a pattern lies with all others that start with the same literal text,
//! and of those texts only the ones that the name starts with are visited. So a decision costs the
//! logarithm of the number of rules, and patterns that begin alike are looked at one by one.

use std::collections::{BTreeMap, HashMap};

use crate::pattern::Pattern;
use crate::permission::Permission;
use crate::resource::ResourceType;
use crate::rule::Rule;

/// What a set of rules allows, arranged for questions about single things.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    /// What some rule allows, on whatever names.
    some: Rights,
    /// What rules allow that are not limited to names.
    every: Rights,
    /// What rules allow on names that they spell out.
    exact: HashMap<Box<str>, Rights>,
    /// What rules allow on patterns, in the order of their literal beginnings.
    beginnings: Vec<Beginning>,
}

/// Permissions, for each type a set of bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rights([u32; ResourceType::ALL.len()]);

/// The patterns whose literal text up to the first star is the same.
#[derive(Debug, Clone)]
struct Beginning {
    text: Box<str>,
    /// The longest other beginning that this one starts with.
    within: Option<usize>,
    /// What is allowed on every name that starts so.
    below: Rights,
    /// What is allowed on names that go on as a pattern says.
    patterns: HashMap<Pattern, Rights>,
}

impl Rights {
    fn add(&mut self, rule: &Rule) {
        for (resource, bits) in ResourceType::ALL.into_iter().zip(&mut self.0) {
            for permission in Permission::ALL {
                if rule.concerns(resource, permission) {
                    *bits |= permission.bit();
                }
            }
        }
    }

    fn unite(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }

    fn have(&self, resource: ResourceType, permission: Permission) -> bool {
        let bits = self.0.get(resource as usize);
        bits.is_some_and(|bits| bits & permission.bit() != 0)
    }
}

impl Compiled {
    pub(crate) fn of(rules: &[Rule]) -> Self {
        let mut compiled = Self::default();
        let mut wild: BTreeMap<&str, Beginning> = BTreeMap::new();
        for rule in rules {
            let mut rights = Rights::default();
            rights.add(rule);
            compiled.some.unite(rights);
            let Some(patterns) = rule.restriction() else {
                compiled.every.unite(rights);
                continue;
            };
            for pattern in patterns {
                match pattern.literal() {
                    Some(name) => compiled.exact.entry(name.into()).or_default().unite(rights),
                    None => wild
                        .entry(pattern.literal_prefix())
                        .or_insert_with_key(|text| Beginning::new(text))
                        .add(pattern, rights),
                }
            }
        }
        compiled.beginnings = wild.into_values().collect();
        link(&mut compiled.beginnings);
        compiled
    }

    /// As [`RuleSet::allows`](crate::RuleSet::allows).
    pub(crate) fn allows(
        &self,
        resource: ResourceType,
        permission: Permission,
        names: &[&str],
    ) -> bool {
        self.every.have(resource, permission)
            || (self.some.have(resource, permission)
                && names.iter().any(|name| {
                    let exact = self.exact.get(*name);
                    exact.is_some_and(|rights| rights.have(resource, permission))
                        || self
                            .beginnings_of(name)
                            .any(|beginning| beginning.allows(resource, permission, name))
                }))
    }

    /// As [`RuleSet::allows_some`](crate::RuleSet::allows_some).
    pub(crate) fn allows_some(&self, resource: ResourceType, permission: Permission) -> bool {
        self.some.have(resource, permission)
    }

    /// The beginnings that `name` starts with, the longest first.
    fn beginnings_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Beginning> {
        // All of them come before the name in this order, and whatever lies between the longest and
        // the name starts with the longest too: so it is the last one before the name, or that one
        // lies within it.
        let after = self
            .beginnings
            .partition_point(|beginning| *beginning.text <= *name);
        let at = |index: usize| self.beginnings.get(index);
        let last = after.checked_sub(1).and_then(at);
        let outwards = move |beginning: &&'a Beginning| beginning.within.and_then(at);
        std::iter::successors(last, outwards).filter(|beginning| name.starts_with(&*beginning.text))
    }
}

impl Beginning {
    fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            within: None,
            below: Rights::default(),
            patterns: HashMap::new(),
        }
    }

    fn add(&mut self, pattern: &Pattern, rights: Rights) {
        let known = match pattern.is_all_below() {
            true => &mut self.below,
            false => self.patterns.entry(pattern.clone()).or_default(),
        };
        known.unite(rights);
    }

    fn allows(&self, resource: ResourceType, permission: Permission, name: &str) -> bool {
        self.below.have(resource, permission)
            || self
                .patterns
                .iter()
                .any(|(pattern, rights)| rights.have(resource, permission) && pattern.matches(name))
    }
}

/// Finds out which beginning each one lies within; they are sorted, so that it comes before.
fn link(beginnings: &mut [Beginning]) {
    let mut open: Vec<(usize, Box<str>)> = Vec::new();
    for (index, beginning) in beginnings.iter_mut().enumerate() {
        while open
            .last()
            .is_some_and(|(_, text)| !beginning.text.starts_with(&**text))
        {
            open.pop();
        }
        beginning.within = open.last().map(|(outer, _)| *outer);
        open.push((index, beginning.text.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{any_permission, rule};
    use proptest::prelude::*;

    /// The rules one by one, as their definition reads.
    fn one_by_one(
        rules: &[Rule],
        resource: ResourceType,
        permission: Permission,
        names: &[&str],
    ) -> bool {
        rules
            .iter()
            .any(|rule| rule.allows(resource, permission, names))
    }

    #[test]
    fn a_name_meets_every_beginning_that_it_starts_with() {
        let rules: Vec<Rule> = ["/a", "/a/b", "/a/b/c", "/a/bb", "/b", ""]
            .iter()
            .map(|text| rule(&format!("secret|{text}*x|read")))
            .collect();
        let compiled = Compiled::of(&rules);
        let met = |name: &str| -> Vec<String> {
            let met = compiled.beginnings_of(name);
            met.map(|beginning| beginning.text.to_string()).collect()
        };
        assert_eq!(met("/a/b/d"), ["/a/b", "/a", ""]);
        assert_eq!(met("/a/b/c"), ["/a/b/c", "/a/b", "/a", ""]);
        assert_eq!(met("/a/bbb"), ["/a/bb", "/a/b", "/a", ""]);
        assert_eq!(met("/c"), [""]);
        assert_eq!(met("/"), [""]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn compiled_rules_decide_as_the_rules_one_by_one(
            rules in proptest::collection::vec(crate::tests::any_rule(), 0..12),
            permission in any_permission(),
            names in proptest::collection::vec("/[ab/]{0,5}|[ab]{1,2}", 0..3),
        ) {
            let compiled = Compiled::of(&rules);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            for resource in [ResourceType::Secret, ResourceType::KmsKey, ResourceType::Team] {
                prop_assert_eq!(
                    compiled.allows(resource, permission, &names),
                    one_by_one(&rules, resource, permission, &names)
                );
                prop_assert_eq!(
                    compiled.allows_some(resource, permission),
                    rules.iter().any(|rule| rule.concerns(resource, permission))
                );
            }
        }
    }
}
