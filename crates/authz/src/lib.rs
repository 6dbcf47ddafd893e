//! Who may do what: callers, rules, access policies and decisions.
//!
//! This room decides and nothing else: it reads no file, no clock and no network, so that every
//! decision is a function of its arguments. Its result is a [`Grant`], which only this room can
//! make and which the engine consumes: an operation that nobody permitted does not compile.
//!
//! ```text
//! credential ─ engine ─▶ Caller ─ authorize::<A> ─▶ Grant<A> ─┬▶ operation
//!                                                             ├ admit(policy, now) ─▶ Admitted<A> (values)
//!                                                             └ resolve(names) ─▶ Resolved<A> (keys)
//! ```
//!
//! Rights come from rules, which only ever allow (contract 4.1); a secret's own [`AccessPolicy`]
//! can take them away again for its values, depending on address, time and principal
//! (contract 1.11 and 6.1).

mod action;
mod admitted;
pub mod builtin;
mod caller;
mod compiled;
mod decision;
mod denied;
mod grant;
mod key_grant;
mod pattern;
mod permission;
pub mod policy;
mod reader;
mod resource;
mod rule;
mod rule_set;
#[cfg(test)]
mod tests;

pub use action::*;
pub use admitted::{Admitted, GatedByPolicy};
pub use caller::{Caller, CallerParts, Principal, ProjectRights, TeamMembership, TokenScopes};
pub use decision::Reach;
pub use denied::Denied;
pub use grant::{Grant, authorize, system_grant};
pub use key_grant::{KeyNames, Resolved};
pub use pattern::{Pattern, PatternError};
pub use permission::{Permission, UnknownPermission};
pub use policy::{
    AccessPolicy, Conditionals, PolicyAction, PolicyDenied, PolicyError, PolicyPassed,
    PolicyRefused, StatementsMode,
};
pub use reader::{KeyReader, Reader};
pub use resource::{ResourceType, UnknownResourceType};
pub use rule::{Rule, RuleError};
pub use rule_set::RuleSet;
