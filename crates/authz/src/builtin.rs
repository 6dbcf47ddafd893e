//! The roles and policies that every organisation and project has (contract 4.2).
//!
//! One catalogue serves both: bound as a role it counts in the whole organisation, bound as a
//! policy in one project. Nobody can change them.

use crate::permission::Permission::{
    self, Create, Decrypt, Delete, Encrypt, GetSecretValue, Hmac, List, PutSecretValue, Read, Sign,
    Update, Verify, VerifyHmac,
};
use crate::resource::ResourceType::{
    self, AuditLog, Billing, FederatedIdentity, FederatedIdentityProvider, IamPolicy, IamRole,
    KmsKey, Membership, Observability, Organisation, Project, Secret, ServiceAccount, Team,
};
use crate::rule::Rule;

/// A role or policy that comes with the service.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The name, by which requests bind it.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub description: &'static str,
    rules: &'static [Entry],
}

/// One of its rules.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Everything,
    All(&'static [ResourceType]),
    Some(&'static [ResourceType], &'static [Permission]),
}

impl BuiltIn {
    /// The identity by which requests can name it: eight zero bytes, which no identity that was drawn
    /// starts with, and the FNV-1a hash of the name. So it never changes, whatever else comes.
    pub fn identity(&self) -> [u8; 16] {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let hash = self.name.bytes().fold(OFFSET, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        });
        u128::from(hash).to_be_bytes()
    }

    /// The slug by which requests can name it, as in `secrets-readaccess`.
    pub fn slug(&self) -> String {
        self.name.to_ascii_lowercase().replace(':', "-")
    }

    /// Its rules.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = Rule> {
        self.rules.iter().map(|entry| match entry {
            Entry::Everything => Rule::everything(),
            Entry::All(resources) => Rule::everything_on(resources),
            Entry::Some(resources, permissions) => Rule::on_types(resources, permissions),
        })
    }
}

/// The built-in with this name.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|built_in| built_in.name == name)
}

/// The policy that whoever creates a project gets in it.
pub const PROJECT_CREATOR: &str = "org-admin";

/// Who may give rights, and to whom.
const IAM: &[ResourceType] = &[
    IamPolicy,
    IamRole,
    ServiceAccount,
    Team,
    Membership,
    FederatedIdentityProvider,
    FederatedIdentity,
];

const fn built_in(
    name: &'static str,
    description: &'static str,
    rules: &'static [Entry],
) -> BuiltIn {
    BuiltIn {
        name,
        description,
        rules,
    }
}

/// The catalogue.
///
/// Of `iam:FullAccess`, `observability:RemoteWriteAccess`, `org:financial`, `org-admin` and
/// `org-auditor` the sources give the name and at most a hint; their content is our choice, as
/// narrow as the name allows.
pub const ALL: &[BuiltIn] = &[
    built_in(
        "secrets:ReadAccess",
        "See secrets' metadata and list them; never their values.",
        &[Entry::Some(&[Secret], &[Read, List])],
    ),
    built_in(
        "secrets:FullAccess",
        "Everything on secrets, values included.",
        &[Entry::Some(
            &[Secret],
            &[
                Create,
                Read,
                Update,
                Delete,
                List,
                GetSecretValue,
                PutSecretValue,
            ],
        )],
    ),
    built_in(
        "kms:ReadAccess",
        "See keys, their versions and public halves; no cryptographic operation.",
        &[Entry::Some(&[KmsKey], &[Read, List])],
    ),
    built_in(
        "kms:FullAccess",
        "Everything on keys: create, use, rotate, export, disable and delete them.",
        &[Entry::Some(
            &[KmsKey],
            &[
                Create, Read, Update, Delete, List, Encrypt, Decrypt, Sign, Verify, Hmac,
                VerifyHmac,
            ],
        )],
    ),
    built_in(
        "kms:Encrypt",
        "Encrypt with keys.",
        &[Entry::Some(&[KmsKey], &[Encrypt])],
    ),
    built_in(
        "kms:Decrypt",
        "Decrypt with keys.",
        &[Entry::Some(&[KmsKey], &[Decrypt])],
    ),
    built_in(
        "kms:Sign",
        "Sign with keys.",
        &[Entry::Some(&[KmsKey], &[Sign])],
    ),
    built_in(
        "kms:Verify",
        "Verify signatures with keys.",
        &[Entry::Some(&[KmsKey], &[Verify])],
    ),
    built_in(
        "kms:Hmac",
        "Compute keyed hashes.",
        &[Entry::Some(&[KmsKey], &[Hmac])],
    ),
    built_in(
        "kms:VerifyHmac",
        "Verify keyed hashes.",
        &[Entry::Some(&[KmsKey], &[VerifyHmac])],
    ),
    built_in(
        "iam:FullAccess",
        "Manage roles, policies, members, teams, service accounts and federated identities. \
         Nobody can give on what they do not hold themselves.",
        &[
            Entry::All(IAM),
            Entry::Some(&[Organisation, Project], &[Read, List]),
        ],
    ),
    built_in("org-admin", "Everything.", &[Entry::Everything]),
    built_in(
        "org-auditor",
        "Read the audit log, and see who holds which rights.",
        &[
            Entry::Some(&[AuditLog], &[Read, List]),
            Entry::Some(IAM, &[Read, List]),
            Entry::Some(&[Organisation, Project], &[Read, List]),
        ],
    ),
    built_in(
        "org:financial",
        "Billing. Nothing in this service has a price; the name lets bindings carry over.",
        &[Entry::All(&[Billing])],
    ),
    built_in(
        "observability:RemoteWriteAccess",
        "Send metrics and logs. Nothing in this service takes any; the name lets bindings carry over.",
        &[Entry::Some(&[Observability], &[Create, Update])],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule_set::RuleSet;

    fn set(name: &str) -> RuleSet {
        find(name).unwrap().rules().collect()
    }

    /// The permissions that the built-in gives on every resource of this type, in their order.
    fn permissions(name: &str, resource: ResourceType) -> String {
        let set = set(name);
        let held: Vec<_> = Permission::ALL
            .into_iter()
            .filter(|permission| set.allows(resource, *permission, &[]))
            .map(Permission::as_str)
            .collect();
        held.join(" ")
    }

    #[test]
    fn the_catalogue_gives_what_its_names_say() {
        let everything = Permission::ALL.map(Permission::as_str).join(" ");
        for (name, resource, expected) in [
            ("secrets:ReadAccess", Secret, "read list"),
            ("secrets:ReadAccess", KmsKey, ""),
            (
                "secrets:FullAccess",
                Secret,
                "create read update delete list getSecretValue putSecretValue",
            ),
            ("secrets:FullAccess", AuditLog, ""),
            ("kms:ReadAccess", KmsKey, "read list"),
            (
                "kms:FullAccess",
                KmsKey,
                "create read update delete list encrypt decrypt sign verify hmac verifyHmac",
            ),
            ("kms:FullAccess", Secret, ""),
            ("kms:Encrypt", KmsKey, "encrypt"),
            ("kms:Decrypt", KmsKey, "decrypt"),
            ("kms:Sign", KmsKey, "sign"),
            ("kms:Verify", KmsKey, "verify"),
            ("kms:Hmac", KmsKey, "hmac"),
            ("kms:VerifyHmac", KmsKey, "verifyHmac"),
            ("iam:FullAccess", IamPolicy, &everything),
            ("iam:FullAccess", Secret, ""),
            ("org-admin", AuditLog, &everything),
            ("org-admin", Secret, &everything),
            ("org-auditor", AuditLog, "read list"),
            ("org-auditor", IamRole, "read list"),
            ("org-auditor", Secret, ""),
            ("org:financial", Billing, &everything),
            ("org:financial", AuditLog, ""),
            (
                "observability:RemoteWriteAccess",
                Observability,
                "create update",
            ),
            ("observability:RemoteWriteAccess", Secret, ""),
        ] {
            assert_eq!(
                permissions(name, resource),
                expected,
                "{name} on {resource}"
            );
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for built_in in ALL {
            assert_eq!(
                ALL.iter().filter(|each| each.name == built_in.name).count(),
                1
            );
            let same = |each: &&BuiltIn| each.identity() == built_in.identity();
            assert_eq!(ALL.iter().filter(same).count(), 1);
            assert!(built_in.rules().len() > 0, "{}", built_in.name);
        }
        assert!(find("kms:encrypt").is_none());
        assert!(find(PROJECT_CREATOR).is_some());
    }
}
