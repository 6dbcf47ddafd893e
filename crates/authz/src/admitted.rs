//! Values stand behind a second door: the secret's own access policy (contract 1.11).

use std::fmt;
use std::sync::Arc;

use strongroom_types::{Scope, SecretPath, Timestamp};

use crate::action::{Action, KeyAction, PutSecretValue, ReadSecretValue};
use crate::caller::Caller;
use crate::denied::Denied;
use crate::grant::Grant;
use crate::key_grant::KeyNames;
use crate::policy::{AccessPolicy, PolicyAction, PolicyDenied};

/// An action on a secret's value, which the secret's access policy can refuse.
pub trait GatedByPolicy: Action<Scope = Scope, Target = SecretPath> {
    /// What the action is in the words of a policy.
    const POLICY_ACTION: PolicyAction;
}

impl GatedByPolicy for ReadSecretValue {
    const POLICY_ACTION: PolicyAction = PolicyAction::Reveal;
}

impl GatedByPolicy for PutSecretValue {
    const POLICY_ACTION: PolicyAction = PolicyAction::Put;
}

/// The permission to do `A` once, which the secret's access policy has let through too.
#[must_use = "a grant that no operation consumes permits nothing"]
pub struct Admitted<A: GatedByPolicy> {
    grant: Grant<A>,
}

impl<A: GatedByPolicy> Grant<A> {
    /// Asks the secret's access policy, if it has one.
    ///
    /// # Errors
    ///
    /// [`PolicyDenied`]: which part of the policy refused.
    pub fn admit(
        self,
        policy: Option<&AccessPolicy>,
        now: Timestamp,
    ) -> Result<Admitted<A>, PolicyDenied> {
        if let Some(policy) = policy {
            policy.decide(A::POLICY_ACTION, self.caller(), now)?;
        }
        Ok(Admitted { grant: self })
    }
}

impl<A: GatedByPolicy> Admitted<A> {
    /// Where it may be done.
    pub const fn scope(&self) -> &Scope {
        self.grant.scope()
    }

    /// The secret's path.
    pub const fn target(&self) -> &SecretPath {
        self.grant.target()
    }

    /// Decides again, on a policy that may have changed while the operation was under way.
    ///
    /// # Errors
    ///
    /// [`PolicyDenied`], as for [`Grant::admit`].
    pub fn readmit(
        self,
        policy: Option<&AccessPolicy>,
        now: Timestamp,
    ) -> Result<Self, PolicyDenied> {
        self.grant.admit(policy, now)
    }

    /// Whether the caller may also do `K` with this key, as operators can demand (contract 6.11).
    ///
    /// # Errors
    ///
    /// [`Denied`], as for [`Grant::also_permits`].
    pub fn also_permits<K: KeyAction>(&self, names: &KeyNames) -> Result<(), Denied> {
        self.grant.also_permits::<K>(names)
    }

    /// Who may do it.
    pub const fn caller(&self) -> &Arc<Caller> {
        self.grant.caller()
    }
}

impl<A: GatedByPolicy> fmt::Debug for Admitted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Admitted").field(&self.grant).finish()
    }
}
