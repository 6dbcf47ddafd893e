//! Grants: the proof that a caller was permitted to do one thing to one target.

use std::fmt;
use std::sync::Arc;

use strongroom_types::Scope;

use crate::action::{
    Action, ActionScope, BrowseSecrets, KeyAction, ListKeys, ListSecrets, RegionlessScope,
};
use crate::caller::{Caller, CallerParts, Principal, ProjectRights, TokenScopes};
use crate::decision::{decide, decide_named};
use crate::denied::Denied;
use crate::key_grant::{KeyNames, Resolved};
use crate::permission::Permission;
use crate::reader::{KeyReader, Reader};
use crate::resource::ResourceType;
use crate::rule_set::RuleSet;

/// The permission to do `A` once, to this target, in this scope.
///
/// Only [`authorize`] and [`system_grant`] make one. It cannot be copied, and the operation that
/// it permits takes it by value: what was granted once is done at most once.
#[must_use = "a grant that no operation consumes permits nothing"]
pub struct Grant<A: Action> {
    caller: Arc<Caller>,
    scope: A::Scope,
    target: A::Target,
}

/// Asks whether `caller` may do `A` to `target` in `scope`.
///
/// # Errors
///
/// [`Denied`]: the caller is admitted elsewhere, the credential's scopes exclude the call, or no
/// rule gives one of [`Action::PERMISSIONS`] on the target.
pub fn authorize<A: Action>(
    caller: Arc<Caller>,
    scope: A::Scope,
    target: A::Target,
) -> Result<Grant<A>, Denied> {
    decide::<A>(&caller, &scope, &target)?;
    Ok(Grant {
        caller,
        scope,
        target,
    })
}

/// A grant for one of the service's own jobs, which nobody decided upon. `reason` names the job
/// and appears in the audit record. Never call this on behalf of a request.
pub fn system_grant<A: Action>(
    scope: A::Scope,
    target: A::Target,
    reason: &'static str,
) -> Grant<A> {
    let caller = Caller::vouched(CallerParts {
        principal: Principal::System { reason },
        organisation: scope.organisation(),
        owner: true,
        teams: Vec::new(),
        organisation_rules: Arc::default(),
        project: scope.project().map(|id| ProjectRights {
            id,
            rules: Arc::new(RuleSet::default()),
        }),
        own_level: Arc::default(),
        scopes: TokenScopes::UNRESTRICTED,
        client_ip: None,
    });
    Grant {
        caller: Arc::new(caller),
        scope,
        target,
    }
}

impl<A: Action> Grant<A> {
    /// Where it may be done.
    pub const fn scope(&self) -> &A::Scope {
        &self.scope
    }

    /// To what it may be done.
    pub const fn target(&self) -> &A::Target {
        &self.target
    }

    /// Who may do it.
    pub const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }
}

impl<A: Action<Scope: RegionlessScope>> Grant<A> {
    /// Decides about the thing of an organisation's directory that bears all of these names: its
    /// identity and slug, or, where there is no such thing, what the request called it. So a caller
    /// who may only touch things of other names does not learn which exist.
    ///
    /// # Errors
    ///
    /// [`Denied::Forbidden`]: no rule gives the permission on it.
    pub fn confirm(&self, names: &[&str]) -> Result<(), Denied> {
        match A::PERMISSIONS {
            [] => Ok(()),
            _ => decide_named::<A>(&self.caller, &self.scope, names),
        }
    }

    /// Whether the caller may read the thing of this action's type with these names: what a list
    /// shows.
    pub fn shows(&self, names: &[&str]) -> bool {
        self.sees(A::RESOURCE, names)
    }

    /// Whether the caller may read the thing of another type with these names in the whole
    /// organisation; without names, every thing of the type.
    pub fn sees(&self, resource: ResourceType, names: &[&str]) -> bool {
        self.holds(resource, Permission::Read, names)
    }

    /// Whether the caller also has this permission on the thing of another type with these names in
    /// the whole organisation; without names, on every thing of the type.
    pub fn holds(&self, resource: ResourceType, permission: Permission, names: &[&str]) -> bool {
        let reach = <A::Scope as ActionScope>::REACH;
        self.caller.holds(reach, resource, &[permission], names)
    }
}

impl<A: Action<Scope = Scope>> Grant<A> {
    /// Whether the caller of this grant may also do `K` to the key with these names: for value
    /// calls where the installation asks for rights on the key too (contract 6.11).
    ///
    /// # Errors
    ///
    /// [`Denied`], as if the caller had asked for `K` itself.
    pub fn also_permits<K: KeyAction>(&self, names: &KeyNames) -> Result<(), Denied> {
        names.with(|each| decide_named::<K>(&self.caller, &self.scope, each))
    }
}

impl<A: KeyAction> Grant<A> {
    /// Decides about the key that the grant's reference was found to name.
    ///
    /// # Errors
    ///
    /// [`Denied::Hidden`] if no rule gives the permission on this key, or if these are not the
    /// names of the key that was asked for.
    pub fn resolve(self, names: KeyNames) -> Result<Resolved<A>, Denied> {
        Resolved::decide(self, names)
    }
}

impl Grant<BrowseSecrets> {
    /// What of the directory the caller may see.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.caller))
    }
}

impl Grant<ListSecrets> {
    /// Which secrets under the prefix the caller may see.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.caller))
    }
}

impl Grant<ListKeys> {
    /// Which keys the caller may see.
    pub fn reader(&self) -> KeyReader {
        KeyReader::new(Arc::clone(&self.caller))
    }
}

impl<A: Action> fmt::Debug for Grant<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("action", &A::NAME)
            .field("scope", &self.scope)
            .field("target", &self.target)
            .field("principal", &self.caller.principal().to_string())
            .finish_non_exhaustive()
    }
}
