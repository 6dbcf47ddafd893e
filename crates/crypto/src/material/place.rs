//! Where a KMS key version lives, which its wrapped material is bound to.

use strongroom_types::{KeyId, OrganisationId, ProjectId, Region, Version};

use crate::binding::Binding;

const PURPOSE: &str = "strongroom/key-material/1";

/// The place of one KMS key version. Material wrapped for one place unwraps nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialPlace {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The region.
    pub region: Region,
    /// The project; none means the organisation's own level.
    pub project: Option<ProjectId>,
    /// The key.
    pub key: KeyId,
    /// The version of the key.
    pub version: Version,
}

impl MaterialPlace {
    pub(super) fn binding(&self) -> Binding {
        Binding::new(PURPOSE)
            .field(self.organisation.as_bytes())
            .field(self.region.as_str().as_bytes())
            .optional(self.project.as_ref().map(|project| &project.as_bytes()[..]))
            .field(self.key.as_bytes())
            .number(self.version.get())
    }
}
