//! All the rules that hold for a caller, as one.

use std::sync::OnceLock;

use crate::compiled::Compiled;
use crate::pattern::Pattern;
use crate::permission::Permission;
use crate::resource::ResourceType;
use crate::rule::Rule;

/// The union of some rules. Their order means nothing, as rules only allow.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Made when the first question is asked, as some sets are never asked one.
    compiled: OnceLock<Compiled>,
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl Eq for RuleSet {}

impl RuleSet {
    /// Whether some rule allows `permission` on the resource of this type that bears all of these
    /// names; a rule that names any one of them suffices. With no names, whether a rule allows it
    /// on every resource of the type. The time that it takes hardly grows with the number of rules.
    pub fn allows(
        &self,
        resource: ResourceType,
        permission: Permission,
        identities: &[&str],
    ) -> bool {
        self.compiled().allows(resource, permission, identities)
    }

    /// Whether some rule allows `permission` on at least one conceivable resource of this type.
    pub fn allows_some(&self, resource: ResourceType, permission: Permission) -> bool {
        self.compiled().allows_some(resource, permission)
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::of(&self.rules))
    }

    /// Whether this set allows all that `rule` allows, so that its holder gains nothing from it.
    ///
    /// Careful rather than clever: each type, permission and name of `rule` must be covered by a
    /// single rule here.
    pub fn covers(&self, rule: &Rule) -> bool {
        rule.atoms()
            .all(|atom| self.rules.iter().any(|mine| mine.covers_atom(&atom)))
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The restriction of each rule about this permission on this type: its patterns, or none.
    pub(crate) fn concerning(
        &self,
        resource: ResourceType,
        permission: Permission,
    ) -> impl Iterator<Item = Option<&[Pattern]>> {
        self.rules
            .iter()
            .filter(move |rule| rule.concerns(resource, permission))
            .map(Rule::restriction)
    }
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<T: IntoIterator<Item = Rule>>(rules: T) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            compiled: OnceLock::new(),
        }
    }
}

impl Extend<Rule> for RuleSet {
    fn extend<T: IntoIterator<Item = Rule>>(&mut self, rules: T) {
        self.rules.extend(rules);
        self.compiled = OnceLock::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{any_permission, any_rule, rule, rules};
    use proptest::prelude::*;

    #[test]
    fn a_rule_allows_what_it_says_and_nothing_else() {
        use Permission::{Create, GetSecretValue, List, Read, Update};
        use ResourceType::{AuditLog, KmsKey, Secret};
        for (written, resource, permission, names, expected) in [
            // type | names | permissions
            ("secret||read", Secret, Read, vec!["/a"], true),
            ("secret||read", Secret, Update, vec!["/a"], false),
            ("secret||read", Secret, GetSecretValue, vec!["/a"], false),
            ("secret||update", Secret, GetSecretValue, vec!["/a"], false),
            ("secret||getSecretValue", Secret, Read, vec!["/a"], false),
            ("secret||*", Secret, GetSecretValue, vec!["/a"], true),
            ("secret||read", KmsKey, Read, vec!["/a"], false),
            ("*||read", AuditLog, Read, vec![], true),
            ("cloud_vpc||*", Secret, Read, vec!["/a"], false),
            ("cloud_vpc,*||*", Secret, Read, vec!["/a"], true),
            ("secret||openGate", Secret, Read, vec!["/a"], false),
            ("secret|/app/*|read", Secret, Read, vec!["/app/db"], true),
            ("secret|/app/*|read", Secret, Read, vec!["/app"], false),
            ("secret|/app/*|read", Secret, Read, vec!["/other"], false),
            (
                "secret|/app/*|create",
                Secret,
                Create,
                vec!["/app/new"],
                true,
            ),
            ("secret|/a,/b|read", Secret, Read, vec!["/b"], true),
            ("secret|*|read", Secret, Read, vec!["/anything"], true),
            ("secret|*|read", Secret, Read, vec![], true),
            ("secret|/app/*|list", Secret, List, vec![], false),
            (
                "kms_key|primary|read",
                KmsKey,
                Read,
                vec!["kms-1", "primary"],
                true,
            ),
            (
                "kms_key|kms-1|read",
                KmsKey,
                Read,
                vec!["kms-1", "primary"],
                true,
            ),
            (
                "kms_key|other|read",
                KmsKey,
                Read,
                vec!["kms-1", "primary"],
                false,
            ),
        ] {
            let set = rules(&[written]);
            assert_eq!(
                set.allows(resource, permission, &names),
                expected,
                "{written}: {permission} on {resource} {names:?}"
            );
        }
    }

    #[test]
    fn holding_it_somewhere_is_enough_for_some() {
        let set = rules(&["secret|/app/*|list"]);
        assert!(set.allows_some(ResourceType::Secret, Permission::List));
        assert!(!set.allows_some(ResourceType::Secret, Permission::Read));
        assert!(!set.allows_some(ResourceType::KmsKey, Permission::List));
    }

    #[test]
    fn only_what_is_held_can_be_given_on() {
        for (held, given, expected) in [
            (&["secret||read,list"][..], "secret||read", true),
            (&["secret||read"], "secret||read,list", false),
            (&["secret||read", "secret||list"], "secret||read,list", true),
            (&["secret|/app/*|read"], "secret|/app/prod/*|read", true),
            (&["secret|/app/*|read"], "secret|/app/*,/b|read", false),
            (&["secret|/app/*|read"], "secret||read", false),
            (&["secret|/app/*|read"], "secret|*|read", false),
            (&["secret||*"], "secret||getSecretValue", true),
            (&["secret||*"], "secret||somethingNew", true),
            (&["secret||read,list"], "secret||*", false),
            (&["secret||read"], "secret,kms_key||read", false),
            (&["*||read"], "cloud_vpc||read", true),
            (&["cloud_vpc||read"], "cloud_vpc||read", true),
            (&["secret||*"], "*||*", false),
            (&["*||*"], "*||*", true),
            (&[], "secret||read", false),
        ] {
            assert_eq!(
                rules(held).covers(&rule(given)),
                expected,
                "{held:?} ⊇ {given}"
            );
        }
    }

    proptest! {
        #[test]
        fn another_rule_never_takes_a_right_away(
            before in proptest::collection::vec(any_rule(), 0..4),
            added in any_rule(),
            permission in any_permission(),
            name in "/[ab/]{0,6}",
        ) {
            let small: RuleSet = before.iter().cloned().collect();
            let mut large = small.clone();
            large.extend([added]);
            for resource in [ResourceType::Secret, ResourceType::KmsKey] {
                prop_assert!(
                    !small.allows(resource, permission, &[&name])
                        || large.allows(resource, permission, &[&name])
                );
                prop_assert!(
                    !small.allows_some(resource, permission)
                        || large.allows_some(resource, permission)
                );
            }
        }

        #[test]
        fn a_covered_rule_allows_nothing_new(
            held in proptest::collection::vec(any_rule(), 1..6),
            given in any_rule(),
            permission in any_permission(),
            name in "/[ab/]{0,6}",
        ) {
            let held: RuleSet = held.into_iter().collect();
            let covered = held.covers(&given);
            let given = RuleSet::from_iter([given]);
            for resource in [ResourceType::Secret, ResourceType::KmsKey] {
                prop_assert!(
                    !covered
                        || !given.allows(resource, permission, &[&name])
                        || held.allows(resource, permission, &[&name])
                );
            }
        }

        #[test]
        fn what_is_allowed_on_one_is_allowed_on_some(
            rules in proptest::collection::vec(any_rule(), 0..4),
            permission in any_permission(),
            name in "/[ab/]{0,6}",
        ) {
            let set: RuleSet = rules.into_iter().collect();
            if set.allows(ResourceType::Secret, permission, &[&name]) {
                prop_assert!(set.allows_some(ResourceType::Secret, permission));
            }
            if set.allows(ResourceType::Secret, permission, &[]) {
                prop_assert!(set.allows(ResourceType::Secret, permission, &[&name]));
            }
        }
    }
}
