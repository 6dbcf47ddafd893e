//! How calls about policies and access elevations are read.

use strongroom_api::{self as api, RequestError};
use strongroom_engine::{
    AccessFilter, NewElevation, NewPolicy, NewPolicyBinding, PolicyBindingChange, PolicyChange,
    Thing, Until,
};
use strongroom_types::ElevationId;

use super::super::asked::{Form, InUrl, Named};
use super::super::guard::Parts;
use super::super::refusal::Refusal;
use super::request::{grantee, naming, naming_change, segment};

/// The most values of one repeated parameter.
const MOST_VALUES: usize = 64;

/// `/v1/projects/iam/access-elevations/{id}`, and the caller's own in the same place.
impl InUrl for ElevationId {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 5, Thing::Elevation)
    }
}

impl Form for api::CreateIamPolicy {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body, parts.rules)
    }
}

impl Named for api::CreateIamPolicy {
    fn naming(&self) -> &api::Naming {
        &self.naming
    }
}

/// How the engine is told what a body says.
pub(super) fn new_policy(body: api::CreateIamPolicy) -> NewPolicy {
    NewPolicy {
        naming: naming(body.naming),
        replicates: body.replicates,
        conditionals: body.conditionals,
    }
}

impl Form for PolicyChange {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::UpdateIamPolicy::parse(parts.body, parts.rules)?;
        Ok(Self {
            naming: naming_change(body.change),
            replicates: body.replicates,
            conditionals: body.conditionals,
        })
    }
}

pub(super) fn until(until: api::Until) -> Until {
    match until {
        api::Until::At(at) => Until::At(at),
        api::Until::For(duration) => Until::For(duration),
    }
}

impl Form for NewPolicyBinding {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateIamPolicyBinding::parse(parts.body, parts.rules)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            grantee: grantee(body.grantee),
            until: body.until.map(until),
        })
    }
}

impl Form for PolicyBindingChange {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::UpdateIamPolicyBinding::parse(parts.body, parts.rules)?;
        Ok(Self {
            naming: naming_change(body.change),
            until: body.until.map(|end| end.map(until)),
        })
    }
}

impl Form for NewElevation {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateAccessElevation::parse(parts.body, parts.rules)?;
        Ok(Self {
            policy: body.policy,
            reason: body.reason,
            until: until(body.until),
            labels: body.labels,
            annotations: body.annotations,
        })
    }
}

impl Form for api::ReviewAccessElevation {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body)
    }
}

impl Form for AccessFilter {
    const IN_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let missing = |name| RequestError::Query {
            name,
            problem: "is required",
        };
        let several = |name| match parts.url.every(name) {
            values if values.len() > MOST_VALUES => Err(RequestError::Query {
                name,
                problem: "is given more than 64 times",
            }),
            values => Ok(values),
        };
        let resource_types = several("resourceType")?;
        if resource_types.is_empty() {
            return Err(missing("resourceType"));
        }
        let identity = parts.url.text("resourceIdentity")?;
        Ok(Self {
            resource_types,
            resource_identity: identity.ok_or_else(|| missing("resourceIdentity"))?,
            permissions: several("permissions")?,
            binding_types: several("bindingTypes")?,
        })
    }
}
