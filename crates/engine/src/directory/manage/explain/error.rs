//! Why rights were not explained.

use strongroom_authz::{Denied, Permission, ResourceType};
use strongroom_types::PathError;

use super::super::Thing;
use crate::rows::RowFault;
use crate::trail::AuditUnavailable;

/// Why rights were not explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Somebody or something that the question names is not there.
    #[error("there is no such {0} in this organisation; list what there is")]
    NotFound(Thing),
    /// The caller may not see what the answer is made of.
    #[error(transparent)]
    Denied(Denied),
    /// No call of this service asks for it, so that there is nothing to be explained.
    #[error(
        "no call asks for the permission `{permission}` on the resource type `{resource}`; \
         GET /openapi.json says what each call needs"
    )]
    NothingAsks {
        /// The type.
        resource: ResourceType,
        /// The permission.
        permission: Permission,
    },
    /// There are several regions, or none, and the question names none.
    #[error("`region` is required: say where the secret or key is")]
    RegionRequired,
    /// No such region is served.
    #[error("there is no region as `region` says; GET /v1/regions lists them")]
    UnknownRegion,
    /// The secret is not named by a path.
    #[error("`resourceIdentity` must be the secret's path: {0}")]
    Path(#[source] PathError),
    /// A row could not be read.
    #[error("the directory or the secret could not be read")]
    Row(#[source] RowFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<Thing> for ExplainError {
    fn from(thing: Thing) -> Self {
        Self::NotFound(thing)
    }
}
