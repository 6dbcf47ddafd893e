//! Where a secret or key lives.

use crate::{OrganisationId, ProjectId, Region};

/// Organisation, region and optional project: paths and slugs are unique within one scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The region.
    pub region: Region,
    /// The project; none means the organisation's own level.
    pub project: Option<ProjectId>,
}
