//! Rules: what a role or policy allows (contract 4.1).

use crate::action::Kind;
use crate::caller::TokenScopes;
use crate::pattern::{Pattern, PatternError};
use crate::permission::Permission;
use crate::resource::ResourceType;

/// Why a text is no rule. The field is named as in the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A list that must say something says nothing.
    #[error("{field} must name at least one entry; `*` means all")]
    Nothing {
        /// The field.
        field: &'static str,
    },
    /// More entries than allowed.
    #[error("{field} may have at most {max} entries")]
    TooMany {
        /// The field.
        field: &'static str,
        /// The limit.
        max: usize,
    },
    /// A name that could be no resource type or permission.
    #[error(
        "{field}[{index}]: a name has 1 to {max} characters of letters, digits and `_ - . : *`"
    )]
    Name {
        /// The field.
        field: &'static str,
        /// Which entry, from 0.
        index: usize,
        /// The limit, in characters.
        max: usize,
    },
    /// An identity that is no pattern.
    #[error("resourceIdentities[{index}]: {source}")]
    Identity {
        /// Which entry, from 0.
        index: usize,
        /// What is wrong with it.
        source: PatternError,
    },
}

/// One rule: these permissions, on resources of these types, with these names.
///
/// Rules only allow; nothing that a rule says takes a right away. `*` among the types or the
/// permissions means all of them, also ones that are added later. No names means every name.
/// Types and permissions that this service does not know are kept as written and match nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    resources: Names,
    identities: Vec<Pattern>,
    /// Whether `identities` restricts at all: it is not empty and has no pattern for everything.
    restricted: bool,
    permissions: Names,
}

/// Words as they were written, and what they mean to us as a set of bits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    written: Vec<Box<str>>,
    all: bool,
    bits: u32,
}

impl Names {
    const MAX_LENGTH: usize = 128;

    fn parse(
        field: &'static str,
        max: usize,
        words: &[impl AsRef<str>],
        bit: impl Fn(&str) -> u32,
    ) -> Result<Self, RuleError> {
        if words.is_empty() {
            return Err(RuleError::Nothing { field });
        }
        if words.len() > max {
            return Err(RuleError::TooMany { field, max });
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"_-.:*".contains(&b);
        let mut names = Self {
            written: Vec::with_capacity(words.len()),
            all: false,
            bits: 0,
        };
        for (index, word) in words.iter().map(AsRef::as_ref).enumerate() {
            if word.is_empty() || word.len() > Self::MAX_LENGTH || !word.bytes().all(legal) {
                return Err(RuleError::Name {
                    field,
                    index,
                    max: Self::MAX_LENGTH,
                });
            }
            names.written.push(word.into());
            names.all |= word == "*";
            names.bits |= bit(word);
        }
        Ok(names)
    }

    fn known(words: Vec<&'static str>, bits: u32) -> Self {
        Self {
            written: words.into_iter().map(Into::into).collect(),
            all: false,
            bits,
        }
    }

    fn everything() -> Self {
        Self {
            written: vec!["*".into()],
            all: true,
            bits: 0,
        }
    }

    const fn has(&self, bits: u32) -> bool {
        self.all || self.bits & bits != 0
    }

    /// Also of a star among the other's words: only a set that has one covers it.
    fn covers(&self, other: &Self) -> bool {
        self.all || other.written.iter().all(|word| self.written.contains(word))
    }
}

impl Rule {
    /// The most resource types or permissions in one rule.
    pub const MAX_NAMES: usize = 64;
    /// The most resource identities in one rule.
    pub const MAX_IDENTITIES: usize = 256;

    /// The rule that these lists describe, as the API has them.
    ///
    /// # Errors
    ///
    /// An empty list of types or permissions, a list over its limit, a name outside the alphabet,
    /// an identity that is no [`Pattern`].
    pub fn parse(
        resources: &[impl AsRef<str>],
        identities: &[impl AsRef<str>],
        permissions: &[impl AsRef<str>],
    ) -> Result<Self, RuleError> {
        let resources = Names::parse("resources", Self::MAX_NAMES, resources, |word| {
            word.parse().map_or(0, ResourceType::bit)
        })?;
        if identities.len() > Self::MAX_IDENTITIES {
            return Err(RuleError::TooMany {
                field: "resourceIdentities",
                max: Self::MAX_IDENTITIES,
            });
        }
        let identities = identities
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let parsed = text.as_ref().parse::<Pattern>();
                parsed.map_err(|source| RuleError::Identity { index, source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let permissions = Names::parse("permissions", Self::MAX_NAMES, permissions, |word| {
            word.parse().map_or(0, Permission::bit)
        })?;
        Ok(Self {
            restricted: restricts(&identities),
            resources,
            identities,
            permissions,
        })
    }

    /// These permissions on every resource of these types.
    pub fn on_types(resources: &[ResourceType], permissions: &[Permission]) -> Self {
        Self {
            resources: Names::known(
                resources.iter().map(|r| r.as_str()).collect(),
                resources.iter().fold(0, |bits, r| bits | r.bit()),
            ),
            identities: Vec::new(),
            restricted: false,
            permissions: Names::known(
                permissions.iter().map(|p| p.as_str()).collect(),
                permissions.iter().fold(0, |bits, p| bits | p.bit()),
            ),
        }
    }

    /// Every permission on every resource of these types.
    pub fn everything_on(resources: &[ResourceType]) -> Self {
        Self {
            permissions: Names::everything(),
            ..Self::on_types(resources, &[])
        }
    }

    /// Every permission on everything.
    pub fn everything() -> Self {
        Self {
            resources: Names::everything(),
            ..Self::everything_on(&[])
        }
    }

    /// What a credential of these scopes can use of the rule (contract 4.4): of `api:read` alone, the
    /// permissions to read and to list; nothing, if they open nothing here.
    #[must_use]
    pub fn within(&self, scopes: TokenScopes) -> Option<Self> {
        const LOOKING: [Permission; 2] = [Permission::Read, Permission::List];
        if scopes.permit(Kind::Writes) {
            return Some(self.clone());
        }
        let bits = |each: &&Permission| self.permissions.has(each.bit());
        let left: Vec<_> = LOOKING.iter().filter(bits).collect();
        if left.is_empty() || !scopes.permit(Kind::Reads) {
            return None;
        }
        let words = left.iter().map(|each| each.as_str()).collect();
        let bits = left.iter().fold(0, |bits, each| bits | each.bit());
        Some(Self {
            permissions: Names::known(words, bits),
            ..self.clone()
        })
    }

    /// The resource types, as written.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &str> {
        self.resources.written.iter().map(AsRef::as_ref)
    }

    /// The names that the rule is limited to, as written; none means every name.
    pub fn resource_identities(&self) -> &[Pattern] {
        &self.identities
    }

    /// The permissions, as written.
    pub fn permissions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.permissions.written.iter().map(AsRef::as_ref)
    }

    /// Whether this rule alone allows `permission` on the resource of this type that bears all of
    /// these names; with no names, on every resource of the type.
    pub fn allows(&self, resource: ResourceType, permission: Permission, names: &[&str]) -> bool {
        self.concerns(resource, permission)
            && self.restriction().is_none_or(|patterns| {
                patterns
                    .iter()
                    .any(|pattern| names.iter().any(|name| pattern.matches(name)))
            })
    }

    /// Whether the rule speaks of this permission on some resource of this type.
    pub const fn concerns(&self, resource: ResourceType, permission: Permission) -> bool {
        self.resources.has(resource.bit()) && self.permissions.has(permission.bit())
    }

    /// The names that the rule is limited to, if it is.
    pub(crate) fn restriction(&self) -> Option<&[Pattern]> {
        self.restricted.then_some(&*self.identities)
    }

    /// Whether this rule alone allows all that `part` allows, where `part` has one type, one
    /// permission and at most one name (see [`Rule::atoms`]).
    pub(crate) fn covers_atom(&self, part: &Self) -> bool {
        self.resources.covers(&part.resources)
            && self.permissions.covers(&part.permissions)
            && match (self.restriction(), part.restriction()) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs
                    .iter()
                    .all(|their| mine.iter().any(|my| my.covers(their))),
            }
    }

    /// The rule as a list of rules of one type, one permission and at most one name each.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = Self> + '_ {
        let names: Vec<Option<&Pattern>> = match self.restriction() {
            None => vec![None],
            Some(patterns) => patterns.iter().map(Some).collect(),
        };
        self.resources.split().flat_map(move |resources| {
            let names = names.clone();
            self.permissions.split().flat_map(move |permissions| {
                let resources = resources.clone();
                names.clone().into_iter().map(move |name| Self {
                    resources: resources.clone(),
                    identities: name.cloned().into_iter().collect(),
                    restricted: name.is_some(),
                    permissions: permissions.clone(),
                })
            })
        })
    }
}

impl Names {
    /// Each word on its own.
    fn split(&self) -> impl Iterator<Item = Self> + '_ {
        self.written.iter().map(|word| Self {
            written: vec![word.clone()],
            all: **word == *"*",
            bits: 0,
        })
    }
}

fn restricts(identities: &[Pattern]) -> bool {
    !identities.is_empty() && !identities.iter().any(Pattern::matches_everything)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn a_rule_keeps_what_was_written() {
        let rule = Rule::parse(
            &["secret", "cloud_vpc", "*"],
            &["/infra/*", "/app/x"],
            &["read", "openGate"],
        )
        .unwrap();
        assert_eq!(
            rule.resources().collect::<Vec<_>>(),
            ["secret", "cloud_vpc", "*"]
        );
        assert_eq!(rule.permissions().collect::<Vec<_>>(), ["read", "openGate"]);
        let identities: Vec<_> = rule
            .resource_identities()
            .iter()
            .map(Pattern::as_str)
            .collect();
        assert_eq!(identities, ["/infra/*", "/app/x"]);
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_place() {
        for (resources, identities, permissions, message) in [
            (
                vec![],
                vec![],
                vec!["read"],
                "resources must name at least one entry; `*` means all",
            ),
            (
                vec!["secret"],
                vec![],
                vec![],
                "permissions must name at least one entry; `*` means all",
            ),
            (
                vec!["secret", ""],
                vec![],
                vec!["read"],
                "resources[1]: a name has 1 to 128 characters of letters, digits and `_ - . : *`",
            ),
            (
                vec!["secret"],
                vec![],
                vec!["re ad"],
                "permissions[0]: a name has 1 to 128 characters of letters, digits and `_ - . : *`",
            ),
            (
                vec!["secret"],
                vec!["/a", ""],
                vec!["read"],
                "resourceIdentities[1]: it is empty; leave the list out to mean every resource",
            ),
            (
                vec!["secret"; 65],
                vec![],
                vec!["read"],
                "resources may have at most 64 entries",
            ),
            (
                vec!["secret"],
                vec!["/a"; 257],
                vec!["read"],
                "resourceIdentities may have at most 256 entries",
            ),
        ] {
            let error = Rule::parse(&resources, &identities, &permissions).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn scopes_leave_of_a_rule_what_they_open() {
        let within = |permissions: &[&str], scopes: &[&str]| {
            let rule = Rule::parse(&["secret"], &["/app/*"], permissions).unwrap();
            let left = rule.within(TokenScopes::of(scopes))?;
            assert_eq!(left.resource_identities(), rule.resource_identities());
            Some(left.permissions().collect::<Vec<_>>().join(","))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(within(&["*"], &["api:write"]), text("*"));
        assert_eq!(within(&["*"], &["api:read"]), text("read,list"));
        assert_eq!(within(&["read", "update"], &["api:read"]), text("read"));
        assert_eq!(within(&["getSecretValue"], &["api:read"]), None);
        assert_eq!(within(&["*"], &["kubernetes"]), None);
    }

    #[test]
    fn a_rule_made_of_types_equals_the_one_that_is_written() {
        assert_eq!(
            Rule::on_types(
                &[ResourceType::Secret],
                &[Permission::Read, Permission::List]
            ),
            Rule::parse(&["secret"], &NONE, &["read", "list"]).unwrap()
        );
        assert_eq!(
            Rule::everything(),
            Rule::parse(&["*"], &NONE, &["*"]).unwrap()
        );
        assert_eq!(
            Rule::everything_on(&[ResourceType::KmsKey]),
            Rule::parse(&["kms_key"], &NONE, &["*"]).unwrap()
        );
    }
}
