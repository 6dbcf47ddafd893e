//! Types of resources that rules speak of (contract 4.1).

use std::fmt;
use std::str::FromStr;

/// A resource type's name that this service does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown resource type; known are: {}",
    ResourceType::ALL.map(ResourceType::as_str).join(", ")
)]
pub struct UnknownResourceType;

macro_rules! resource_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of resource.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResourceType { $($(#[$doc])* $name,)* }

        impl ResourceType {
            /// All of them.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// The word in rules and audit records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

resource_types! {
    /// A secret; its identity is its path.
    Secret = "secret",
    /// A key of the key management service; rules name it by identity or slug.
    KmsKey = "kms_key",
    /// The audit log.
    AuditLog = "audit_log",
    /// A policy that gives rights within a project.
    IamPolicy = "iam_policy",
    /// A role that gives rights in the whole organisation.
    IamRole = "iam_role",
    /// A project.
    Project = "project",
    /// A non-human principal and its credentials.
    ServiceAccount = "service_account",
    /// A group of users.
    Team = "team",
    /// A person's membership of the organisation.
    Membership = "membership",
    /// An issuer of foreign tokens.
    FederatedIdentityProvider = "federated_identity_provider",
    /// A foreign subject that may act as a service account.
    FederatedIdentity = "federated_identity",
    /// The organisation itself.
    Organisation = "organisation",
    /// Invoices and payment. Nothing here uses it; policies that name it carry over.
    Billing = "billing",
    /// Metrics and logs sent from outside. Nothing here uses it; policies that name it carry over.
    Observability = "observability",
}

impl ResourceType {
    /// A bit of its own, for sets.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl FromStr for ResourceType {
    type Err = UnknownResourceType;

    fn from_str(text: &str) -> Result<Self, UnknownResourceType> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(UnknownResourceType)
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_parses_to_its_type() {
        for known in ResourceType::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
        }
        assert_eq!(
            "cloud_vpc".parse::<ResourceType>(),
            Err(UnknownResourceType)
        );
        assert_eq!("Secret".parse::<ResourceType>(), Err(UnknownResourceType));
    }

    #[test]
    fn bits_are_distinct() {
        let all = ResourceType::ALL.iter().fold(0u32, |set, r| set | r.bit());
        assert_eq!(all.count_ones() as usize, ResourceType::ALL.len());
    }
}
