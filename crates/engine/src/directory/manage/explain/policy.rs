//! The second door of a secret's value, explained: its own access policy, and where the operator
//! demands it the right on its key.

use std::sync::Arc;

use strongroom_authz::{
    Caller, DecryptWithKey, Denied, EncryptWithKey, GatedByPolicy, Permission, PolicyAction,
    PolicyDenied, PutSecretValue, ReadSecret, ReadSecretValue, ResourceType, authorize,
};
use strongroom_types::{Scope, SecretPath, Timestamp};

use super::{ExplainError, Verdict};
use crate::engine::Inner;
use crate::keys::names;
use crate::rows::keyspace;
use crate::rows::secret::SecretHead;
use crate::secrets::stored_policy;

/// What a secret's access policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyFinding {
    /// Whether it lets the call through; so does one that is not there.
    pub passes: bool,
    /// Why it does not. Without the right to read the secret nobody learns more than that.
    pub why: Option<PolicyDenied>,
    /// The condition that decided: counted from 0 among `conditions`, then `conditionals.allowed`,
    /// then `conditionals.denied`.
    pub condition: Option<usize>,
    /// The statement that decided: counted from 0.
    pub statement: Option<usize>,
}

/// A value call to be explained.
pub(super) struct ValueCall {
    pub(super) scope: Scope,
    pub(super) path: SecretPath,
    pub(super) action: PolicyAction,
    /// Whoever would make it.
    pub(super) subject: Arc<Caller>,
    /// Whoever asks, where the secret is.
    pub(super) asker: Arc<Caller>,
    /// Whether it is about what the asker could try out here and now.
    pub(super) own_call: bool,
    pub(super) at: Timestamp,
}

/// What of a value call is asked for, in the words of a policy; none where no policy is asked.
pub(super) fn gated(resource: ResourceType, permission: Permission) -> Option<PolicyAction> {
    match (resource, permission) {
        (ResourceType::Secret, Permission::GetSecretValue) => Some(ReadSecretValue::POLICY_ACTION),
        (ResourceType::Secret, Permission::PutSecretValue) => Some(PutSecretValue::POLICY_ACTION),
        _ => None,
    }
}

impl Inner {
    /// What the policy says, and what the whole call comes to. The rules allow it already.
    pub(super) async fn weigh(
        &self,
        call: ValueCall,
        verdict: Verdict,
    ) -> Result<(PolicyFinding, Verdict), ExplainError> {
        let (scope, path) = (call.scope.clone(), call.path.clone());
        let reads = authorize::<ReadSecret>(Arc::clone(&call.asker), scope, path).is_ok();
        if !reads && !call.own_call {
            // A policy that can be asked about any time and address is as good as read.
            return Err(ExplainError::Denied(Denied::Forbidden {
                resource: ResourceType::Secret,
                permissions: &[Permission::Read],
            }));
        }
        let row = keyspace::secret(&call.scope, &call.path);
        let stored = self.vault.get::<SecretHead>(&row).await;
        let Some(head) = stored.map_err(ExplainError::Row)?.map(|stored| stored.row) else {
            return Ok((PolicyFinding::NOTHING, verdict));
        };
        let policy = stored_policy(head.policy.as_deref(), self.settings.statements);
        let finding = match policy.map(|policy| policy.weigh(call.action, &call.subject, call.at)) {
            None => PolicyFinding::NOTHING,
            Some(Ok(passed)) => PolicyFinding {
                condition: passed.condition,
                statement: passed.statement,
                ..PolicyFinding::NOTHING
            },
            Some(Err(refused)) => PolicyFinding::refused(refused.why, refused.by),
        };
        let verdict = if !finding.passes {
            Verdict::AccessPolicy
        } else if self.settings.require_key_permission && !self.may_use_key(&call, &head).await? {
            Verdict::KeyPermission
        } else {
            verdict
        };
        let finding = match reads {
            true => finding,
            false => finding.without_detail(),
        };
        Ok((finding, verdict))
    }

    /// Whether whoever makes the call may use the secret's key for it (contract 6.11).
    async fn may_use_key(&self, call: &ValueCall, head: &SecretHead) -> Result<bool, ExplainError> {
        let found = self.key_by_id(&call.scope, head.key).await;
        let Some(key) = found.map_err(ExplainError::Row)? else {
            return Ok(false);
        };
        let (scope, path) = (call.scope.clone(), call.path.clone());
        let (subject, names) = (Arc::clone(&call.subject), names(&key.head));
        let permitted = match call.action {
            PolicyAction::Reveal => authorize::<ReadSecretValue>(subject, scope, path)
                .and_then(|grant| grant.also_permits::<DecryptWithKey>(&names)),
            PolicyAction::Put => authorize::<PutSecretValue>(subject, scope, path)
                .and_then(|grant| grant.also_permits::<EncryptWithKey>(&names)),
        };
        Ok(permitted.is_ok())
    }
}

impl PolicyFinding {
    /// Nothing restricts the call.
    const NOTHING: Self = Self {
        passes: true,
        why: None,
        condition: None,
        statement: None,
    };

    fn refused(why: PolicyDenied, by: Option<usize>) -> Self {
        let (condition, statement) = match why {
            PolicyDenied::Condition | PolicyDenied::NoCondition => (by, None),
            PolicyDenied::Statement | PolicyDenied::NoStatement => (None, by),
            PolicyDenied::Unreadable => (None, None),
        };
        Self {
            passes: false,
            why: Some(why),
            condition,
            statement,
        }
    }

    const fn without_detail(self) -> Self {
        Self {
            why: None,
            condition: None,
            statement: None,
            ..self
        }
    }
}
