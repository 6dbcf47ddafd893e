//! Permissions: what a rule lets a caller do (contract 4.1).

use std::fmt;
use std::str::FromStr;

/// A permission's name that this service does not check anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown permission; known are: {}",
    Permission::ALL.map(Permission::as_str).join(", ")
)]
pub struct UnknownPermission;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One thing that a rule can permit on a resource.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// All of them.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// The word in rules.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

permissions! {
    /// Make a new resource.
    Create = "create",
    /// See what is said about a resource; never a secret's value.
    Read = "read",
    /// Change a resource; on a key also every cryptographic operation (contract 6.14).
    Update = "update",
    /// Remove a resource, or take it out of use.
    Delete = "delete",
    /// List resources. What appears is decided by `read`.
    List = "list",
    /// Read a secret's value.
    GetSecretValue = "getSecretValue",
    /// Write a secret's value.
    PutSecretValue = "putSecretValue",
    /// Encrypt with a key.
    Encrypt = "encrypt",
    /// Decrypt with a key.
    Decrypt = "decrypt",
    /// Sign with a key.
    Sign = "sign",
    /// Verify a signature with a key.
    Verify = "verify",
    /// Compute a keyed hash.
    Hmac = "hmac",
    /// Verify a keyed hash.
    VerifyHmac = "verifyHmac",
}

impl Permission {
    /// A bit of its own, for sets.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(UnknownPermission)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_parses_to_its_permission_and_case_matters() {
        for known in Permission::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
        }
        assert_eq!(
            "getsecretvalue".parse::<Permission>(),
            Err(UnknownPermission)
        );
        assert_eq!("*".parse::<Permission>(), Err(UnknownPermission));
    }

    #[test]
    fn bits_are_distinct() {
        let all = Permission::ALL.iter().fold(0u32, |set, p| set | p.bit());
        assert_eq!(all.count_ones() as usize, Permission::ALL.len());
    }
}
