//! The decision itself: the one function behind every grant.

use crate::action::{Action, ActionScope, DeniedAs, Extent, Kind};
use crate::caller::Caller;
use crate::permission::Permission;
use crate::resource::ResourceType;

/// Whose rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The organisation's roles only.
    Organisation,
    /// The organisation's roles and the policies of the project that the caller named.
    Project,
}

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

/// The first decision of an action, before anything is read.
pub(crate) fn decide<A: Action>(
    caller: &Caller,
    scope: &A::Scope,
    target: &A::Target,
) -> Result<(), Denied> {
    admit_call::<A>(caller, scope)?;
    let reach = <A::Scope as ActionScope>::REACH;
    let held = A::PERMISSIONS.is_empty()
        || A::DENIED == DeniedAs::LeftOut
        || match A::extent(target) {
            Extent::Named(name) => caller.holds(reach, A::RESOURCE, A::PERMISSIONS, &[name]),
            Extent::Some => caller.holds_some(reach, A::RESOURCE, A::PERMISSIONS),
            Extent::Every => caller.holds(reach, A::RESOURCE, A::PERMISSIONS, &[]),
        };
    if held { Ok(()) } else { Err(denied::<A>()) }
}

/// The decision about the thing with these names, once it is known.
pub(crate) fn decide_named<A: Action>(
    caller: &Caller,
    scope: &A::Scope,
    names: &[&str],
) -> Result<(), Denied> {
    admit_call::<A>(caller, scope)?;
    let reach = <A::Scope as ActionScope>::REACH;
    if caller.holds(reach, A::RESOURCE, A::PERMISSIONS, names) {
        Ok(())
    } else {
        Err(denied::<A>())
    }
}

/// What holds whatever the permissions: the caller is here, and the credential permits the call.
fn admit_call<A: Action>(caller: &Caller, scope: &A::Scope) -> Result<(), Denied> {
    let here = caller.organisation() == scope.organisation()
        && match <A::Scope as ActionScope>::REACH {
            Reach::Organisation => true,
            Reach::Project => caller.project() == scope.project(),
        };
    if !here {
        return Err(Denied::Elsewhere);
    }
    if !caller.scopes().permit(A::KIND) {
        return Err(Denied::TokenScope { needed: A::KIND });
    }
    Ok(())
}

/// How this action says no.
pub(crate) fn denied<A: Action>() -> Denied {
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
