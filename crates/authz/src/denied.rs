//! How a refusal reads.

use crate::action::{Action, DeniedAs, Kind};
use crate::permission::Permission;
use crate::resource::ResourceType;

/// Why a caller may not. Messages name no resource, so that none is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A permission is missing, and the caller may know it (403).
    #[error(
        "this call needs the permission {} on the resource type `{resource}`, which your roles and policies do not give you here",
        one_of(permissions)
    )]
    Forbidden {
        /// The type.
        resource: ResourceType,
        /// The permissions of which any one would do.
        permissions: &'static [Permission],
    },
    /// A permission is missing, and the answer is that of a thing that does not exist (404).
    #[error("there is no such resource of the type `{resource}` here, or you may not use it so")]
    Hidden {
        /// The type.
        resource: ResourceType,
        /// The permissions of which any one would do; for the audit record, not for the caller.
        permissions: &'static [Permission],
    },
    /// The credential's own scopes exclude the call (403).
    #[error("this call needs a credential with the scope {}", match needed {
        Kind::Reads => "`api:read` or `api:write`",
        Kind::Uses | Kind::Writes => "`api:write`",
    })]
    TokenScope {
        /// What kind of call it was.
        needed: Kind,
    },
    /// The caller's rights were looked up for another organisation or project (403).
    #[error("your credential was not admitted to this organisation and project")]
    Elsewhere,
}

fn one_of(permissions: &[Permission]) -> String {
    let quoted: Vec<_> = permissions.iter().map(|p| format!("`{p}`")).collect();
    quoted.join(" or ")
}

impl Denied {
    /// How this action says no.
    pub(crate) fn of<A: Action>() -> Self {
        let (resource, permissions) = (A::RESOURCE, A::PERMISSIONS);
        match A::DENIED {
            DeniedAs::Forbidden => Denied::Forbidden {
                resource,
                permissions,
            },
            DeniedAs::NotFound | DeniedAs::LeftOut => Denied::Hidden {
                resource,
                permissions,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{EncryptWithKey, ReadSecretValue};
    use crate::grant::authorize;
    use crate::tests::{caller, path, scope};

    #[test]
    fn refusals_tell_what_is_missing_and_not_what_exists() {
        let message = |held: &[&str]| {
            let decision = authorize::<ReadSecretValue>(caller(held), scope(), path("/app/x"));
            decision.unwrap_err().to_string()
        };
        assert_eq!(
            message(&[]),
            "this call needs the permission `getSecretValue` on the resource type `secret`, \
             which your roles and policies do not give you here"
        );
        let key = "primary".parse().unwrap();
        let hidden = authorize::<EncryptWithKey>(caller(&[]), scope(), key).unwrap_err();
        assert_eq!(
            hidden.to_string(),
            "there is no such resource of the type `kms_key` here, or you may not use it so"
        );
        assert_eq!(
            Denied::TokenScope { needed: Kind::Uses }.to_string(),
            "this call needs a credential with the scope `api:write`"
        );
    }
}
