//! Keys, which requests and rules name by identity or by slug.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use strongroom_types::{KeyId, Reference, Scope, Slug};

use crate::action::{Action, KeyAction};
use crate::caller::Caller;
use crate::decision::decide_named;
use crate::denied::Denied;
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
            return Err(Denied::of::<A>());
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

    /// Whether the caller may also do `K` to another key of the same scope.
    ///
    /// # Errors
    ///
    /// The caller may not, and learns nothing of that key.
    pub fn also_permits<K: KeyAction>(&self, key: &KeyNames) -> Result<(), Denied> {
        self.grant.also_permits::<K>(key)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{
        DecryptWithKey, DeleteKey, EncryptWithKey, ExportKey, HmacWithKey, ListKeys, ReadKey,
        ReadSecretValue, RotateKey, SignWithKey, VerifyHmacWithKey, VerifyWithKey,
    };
    use crate::grant::{authorize, system_grant};
    use crate::tests::{caller, owner, path, scope};

    fn key(number: u8) -> KeyId {
        KeyId::from_bytes([number; 16])
    }

    fn primary() -> KeyNames {
        KeyNames {
            identity: key(1),
            slug: "primary".parse().unwrap(),
        }
    }

    /// Where the answer falls: at the reference, at the key, or never.
    fn outcome<A: KeyAction>(held: &[&str], reference: &str) -> &'static str {
        let reference = reference.parse().unwrap();
        match authorize::<A>(caller(held), scope(), reference) {
            Err(Denied::Hidden { .. }) => "hidden at once",
            Err(_) => "other",
            Ok(grant) => match grant.resolve(primary()) {
                Ok(_) => "yes",
                Err(Denied::Hidden { .. }) => "hidden",
                Err(_) => "other",
            },
        }
    }

    #[test]
    fn rules_name_keys_by_identity_or_slug_whatever_the_request_does() {
        let identity = key(1).to_string();
        let by_identity = format!("kms_key|{identity}|encrypt");
        let other = format!("kms_key|{}|encrypt", key(2));
        for (held, expected) in [
            ("kms_key||encrypt", "yes"),
            ("kms_key|primary|encrypt", "yes"),
            ("kms_key|prim*|encrypt", "yes"),
            (by_identity.as_str(), "yes"),
            (other.as_str(), "hidden"),
            ("kms_key|secondary|encrypt", "hidden"),
            ("kms_key|primary|read", "hidden at once"),
            ("secret||*", "hidden at once"),
        ] {
            for reference in ["primary", &identity] {
                let decision = outcome::<EncryptWithKey>(&[held], reference);
                assert_eq!(decision, expected, "{held} asked by {reference}");
            }
        }
    }

    #[test]
    fn update_or_the_single_action_opens_cryptography() {
        type Ask = fn(&[&str], &str) -> &'static str;
        let asks: [(&str, Ask); 6] = [
            ("encrypt", outcome::<EncryptWithKey>),
            ("decrypt", outcome::<DecryptWithKey>),
            ("sign", outcome::<SignWithKey>),
            ("verify", outcome::<VerifyWithKey>),
            ("hmac", outcome::<HmacWithKey>),
            ("verifyHmac", outcome::<VerifyHmacWithKey>),
        ];
        for (needed, ask) in asks {
            for permission in ["encrypt", "decrypt", "sign", "verify", "hmac", "verifyHmac"] {
                let expected = if permission == needed {
                    "yes"
                } else {
                    "hidden at once"
                };
                let held = format!("kms_key||{permission}");
                assert_eq!(
                    ask(&[&held], "primary"),
                    expected,
                    "{permission} for {needed}"
                );
            }
            assert_eq!(ask(&["kms_key||update"], "primary"), "yes");
            assert_eq!(
                ask(&["kms_key||read,list,create,delete"], "primary"),
                "hidden at once"
            );
        }
        for ask in [outcome::<RotateKey> as Ask, outcome::<ExportKey>] {
            assert_eq!(ask(&["kms_key||update"], "primary"), "yes");
            assert_eq!(
                ask(&["kms_key||encrypt,decrypt"], "primary"),
                "hidden at once"
            );
        }
        assert_eq!(outcome::<ReadKey>(&["kms_key||read"], "primary"), "yes");
        assert_eq!(outcome::<DeleteKey>(&["kms_key||delete"], "primary"), "yes");
        assert_eq!(
            outcome::<DeleteKey>(&["kms_key||update"], "primary"),
            "hidden at once"
        );
    }

    #[test]
    fn a_grant_resolves_only_to_the_key_that_was_asked_for() {
        let identity = key(1).to_string();
        for (reference, expected) in [
            ("primary", true),
            (identity.as_str(), true),
            ("secondary", false),
            (&key(2).to_string(), false),
        ] {
            let grant =
                authorize::<DeleteKey>(owner(), scope(), reference.parse().unwrap()).unwrap();
            assert_eq!(grant.resolve(primary()).is_ok(), expected, "{reference}");
        }
    }

    #[test]
    fn a_slug_dressed_as_another_keys_identity_opens_nothing() {
        let dressed = KeyNames {
            identity: key(2),
            slug: key(1).to_string().parse().unwrap(),
        };
        let held = format!("kms_key|{}|read", key(1));
        let reference = Reference::Identity(key(2));
        let grant = authorize::<ReadKey>(caller(&[&held]), scope(), reference).unwrap();
        assert!(matches!(grant.resolve(dressed), Err(Denied::Hidden { .. })));
    }

    #[test]
    fn a_value_call_can_be_asked_for_the_right_on_its_key() {
        let ask = |held: &[&str]| {
            let grant = authorize::<ReadSecretValue>(caller(held), scope(), path("/a")).unwrap();
            grant.also_permits::<DecryptWithKey>(&primary())
        };
        assert_eq!(ask(&["secret||*", "kms_key|primary|decrypt"]), Ok(()));
        assert_eq!(ask(&["secret||*", "kms_key||update"]), Ok(()));
        assert!(matches!(
            ask(&["secret||*", "kms_key||encrypt"]),
            Err(Denied::Hidden { .. })
        ));
        assert!(matches!(ask(&["secret||*"]), Err(Denied::Hidden { .. })));
    }

    #[test]
    fn what_was_resolved_is_kept() {
        let grant = system_grant::<RotateKey>(scope(), Reference::Identity(key(1)), "rotation");
        let resolved = grant.resolve(primary()).unwrap();
        assert_eq!(resolved.key(), key(1));
        assert_eq!(resolved.names(), &primary());
        assert_eq!(resolved.scope(), &scope());
        assert_eq!(resolved.target(), &Reference::Identity(key(1)));
        assert_eq!(
            resolved.caller().principal().to_string(),
            "system (rotation)"
        );
    }

    #[test]
    fn a_list_of_keys_shows_what_may_be_listed_and_read() {
        for (held, shown) in [
            (&[][..], false),
            (&["kms_key||list"], false),
            (&["kms_key||read"], false),
            (&["kms_key||read,list"], true),
            (&["kms_key|primary|read", "kms_key||list"], true),
            (&["kms_key|other|read", "kms_key||list"], false),
        ] {
            let reader = authorize::<ListKeys>(caller(held), scope(), ())
                .unwrap()
                .reader();
            assert_eq!(reader.can_read(&primary()), shown, "{held:?}");
            let lists = held.iter().any(|rule| rule.contains("list"));
            assert_eq!(reader.reads_nothing(), !lists, "{held:?}");
        }
        let reader = authorize::<ListKeys>(owner(), scope(), ())
            .unwrap()
            .reader();
        assert!(reader.reads_everything() && reader.can_read(&primary()));
    }
}
