//! Identities: 128 random bits with a prefix that says what they name.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use crate::Slug;

/// Text that is not an identity of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an identity of the form `{prefix}-` followed by 26 letters and digits")]
pub struct IdentityError {
    prefix: &'static str,
}

/// Characters of 16 bytes in base 32.
const DIGITS: usize = 26;

/// Crockford's base 32 in lower case: no letter that reads as another.
fn alphabet() -> &'static Encoding {
    static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
        let mut specification = Specification::new();
        specification
            .symbols
            .push_str("0123456789abcdefghjkmnpqrstvwxyz");
        // The specification is a constant, so the fall-back is never taken; it keeps this total.
        specification
            .encoding()
            .unwrap_or(data_encoding::BASE32HEX_NOPAD)
    });
    &ALPHABET
}

fn decode(prefix: &'static str, text: &str) -> Result<[u8; 16], IdentityError> {
    let wrong = || IdentityError { prefix };
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|digits| digits.len() == DIGITS)
        .ok_or_else(wrong)?;
    let mut bytes = [0; 16];
    match alphabet().decode_mut(digits.as_bytes(), &mut bytes) {
        Ok(16) => Ok(bytes),
        _ => Err(wrong()),
    }
}

macro_rules! identity {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What every identity of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// The identity made of these 16 bytes, which the caller draws at random.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, as stored.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // In one piece, so that a string of it is allocated once.
                let mut text = [0; concat!($prefix, "-").len() + DIGITS];
                let (prefix, digits) = text.split_at_mut(concat!($prefix, "-").len());
                prefix.copy_from_slice(concat!($prefix, "-").as_bytes());
                alphabet().encode_mut(&self.0, digits);
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdentityError;

            fn from_str(text: &str) -> Result<Self, IdentityError> {
                decode($prefix, text).map(Self)
            }
        }
    )*};
}

identity! {
    /// An organisation: the outermost scope.
    OrganisationId = "org";
    /// A project inside an organisation.
    ProjectId = "prj";
    /// A key of the key management service.
    KeyId = "kms";
    /// A person.
    UserId = "usr";
    /// A non-human principal.
    ServiceAccountId = "sa";
    /// A group of users.
    TeamId = "team";
    /// A role: rules that are bound to principals.
    RoleId = "role";
    /// One rule of a role.
    RuleId = "rule";
    /// A role given to a principal.
    BindingId = "bind";
    /// A personal access token (its name, never its value).
    TokenId = "tok";
    /// A service account's access credential (its name, never its secret).
    CredentialId = "cred";
    /// An issuer whose tokens an organisation trusts.
    FederatedProviderId = "fip";
    /// What subjects of such an issuer may act as a service account.
    FederatedIdentityId = "fid";
    /// One audit record.
    EventId = "evt";
    /// Somebody's request for rights that end.
    ElevationId = "elev";
    /// An invitation to become a member (its name, never the code that lets somebody in).
    InviteId = "inv";
}

/// How a request names a thing: by identity or by slug.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference<I> {
    /// Text that has the form of an identity of this kind.
    Identity(I),
    /// Any other slug.
    Slug(Slug),
}

impl<I: fmt::Display> fmt::Display for Reference<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(identity) => identity.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

impl<I: FromStr> FromStr for Reference<I> {
    type Err = crate::SlugError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(identity) => Ok(Self::Identity(identity)),
            Err(_) => text.parse().map(Self::Slug),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_identity_round_trips(bytes: [u8; 16]) {
            let text = KeyId::from_bytes(bytes).to_string();
            prop_assert!(text.starts_with("kms-"));
            prop_assert_eq!(text.len(), 30);
            prop_assert_eq!(text.parse::<KeyId>().unwrap(), KeyId::from_bytes(bytes));
        }
    }

    #[test]
    fn another_kind_is_refused() {
        let key = KeyId::from_bytes([7; 16]).to_string();
        assert!(key.parse::<ProjectId>().is_err());
        assert!("kms-".parse::<KeyId>().is_err());
        assert!("kms-ILOU".parse::<KeyId>().is_err());
        assert!(format!("{key}0").parse::<KeyId>().is_err());
    }

    #[test]
    fn a_reference_is_an_identity_or_a_slug() {
        let key = KeyId::from_bytes([7; 16]);
        assert_eq!(key.to_string().parse(), Ok(Reference::Identity(key)));
        assert_eq!(
            "primary".parse::<Reference<KeyId>>(),
            Ok(Reference::Slug("primary".parse().unwrap()))
        );
    }
}
