//! A policy's decision together with what decided it, for explanations.

use super::PolicyDenied;

/// Which parts of a policy let a call through. Both count from 0; none where the policy restricts
/// nothing there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyPassed {
    /// The condition that allowed it, among `conditions`, then `conditionals.allowed`, then
    /// `conditionals.denied`.
    pub condition: Option<usize>,
    /// The statement that allowed it, among `statements`.
    pub statement: Option<usize>,
}

/// Which part of a policy refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRefused {
    /// How.
    pub why: PolicyDenied,
    /// The condition or statement that did, counted as in [`PolicyPassed`]; none where no single
    /// one did.
    pub by: Option<usize>,
}

impl PolicyDenied {
    pub(super) const fn by(self, element: usize) -> PolicyRefused {
        PolicyRefused {
            why: self,
            by: Some(element),
        }
    }
}

impl From<PolicyDenied> for PolicyRefused {
    fn from(why: PolicyDenied) -> Self {
        Self { why, by: None }
    }
}
