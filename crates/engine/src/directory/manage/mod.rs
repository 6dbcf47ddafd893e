//! Managing a directory by one's own right (contract 4.4).
//!
//! As [`super::admin`], which the installation itself uses, but every operation consumes the grant
//! of its caller and is recorded as theirs. Each change is made to the directory as one epoch shows
//! it and commits only if that epoch still stands, so that what was checked is what was changed.

mod accounts;
mod bindings;
mod credentials;
mod elevations;
mod error;
mod explain;
mod giving;
mod invites;
mod members;
mod policies;
mod projects;
mod role_views;
mod roles;
mod sign_ins;
mod teams;
mod tokens;
mod views;

pub use bindings::{Grantee, NewRoleBinding};
pub use credentials::{IssuedCredential, NewAccessCredential};
pub use elevations::{ElevationStatus, ElevationView, NewElevation, ReviewView};
pub use error::{ManageError, Thing};
pub use explain::{
    Cut, ExplainError, Explanation, Ground, PolicyFinding, RightsQuestion, Source, Subject, Verdict,
};
#[cfg(test)]
pub(super) use explain::{On, Wanted};
pub(super) use giving::may_hand_over;
use giving::{giver, may_give, may_still_promise};
pub use invites::{InviteView, IssuedInvite, NewInvite};
pub use members::{MemberView, OrganisationSummary};
pub use policies::{
    AccessFilter, AccessView, BindingSource, HeldView, Holder, MemberHolding, NewPolicy,
    NewPolicyBinding, PolicyBindingChange, PolicyBindingView, PolicyChange, PolicyMemberView,
    PolicyView, Until,
};
pub use projects::{ProjectParent, ProjectView};
pub use role_views::{BindingView, GranteeView, RoleView, RuleView};
pub use teams::{NewTeamMember, TeamMemberView, TeamView};
pub use tokens::{IssuedPersonalToken, TokenView};
pub use views::{CredentialView, DescribedView, NamedView, ServiceAccountView, UserView};

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::Resource;
use strongroom_authz::{Action, Caller, Grant, Principal, RegionlessScope, ResourceType};
use strongroom_types::{Description, DisplayName, Labels, OrganisationId, Timestamp, UserId};

use super::view::OrganisationView;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::rows::Changes;
use crate::rows::directory::{BindingRow, Described};
use crate::rows::elevation::ElevationRow;
use crate::rows::keyspace::{self, DirectoryKind};

/// How people describe a thing of a directory.
#[derive(Debug, Clone)]
pub struct Naming {
    /// Its name.
    pub name: DisplayName,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// How people describe it differently; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct NamingChange {
    /// Its name.
    pub name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<Description>,
    /// Labels.
    pub labels: Option<Labels>,
    /// Annotations.
    pub annotations: Option<Labels>,
}

/// What a list is limited to; the default lists all.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only the thing with this identity.
    pub identity: Option<String>,
    /// Only things of exactly this name.
    pub name: Option<String>,
    /// Only the thing with this slug.
    pub slug: Option<String>,
    /// Only things with all of these labels.
    pub labels: Vec<(String, String)>,
}

impl ListFilter {
    /// Whether the list shows this.
    fn admits(&self, identity: &impl ToString, described: &DescribedView) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        is(&self.identity, &identity.to_string())
            && is(&self.name, &described.name)
            && is(&self.slug, &described.slug)
            && self
                .labels
                .iter()
                .all(|(name, value)| described.labels.get(name) == Some(value))
    }
}

/// The operations on an organisation's directory.
pub struct Management<'e>(pub(crate) &'e Arc<Inner>);

type Result<T> = std::result::Result<T, ManageError>;

impl Management<'_> {
    async fn view(&self, organisation: OrganisationId) -> Result<Arc<OrganisationView>> {
        let view = self.0.views.current(&self.0.vault, organisation).await;
        let view = view.map_err(ManageError::Row)?;
        // Whoever holds a grant in an organisation entered it.
        view.ok_or(ManageError::NotFound(Thing::Organisation))
    }

    /// Shows what was read, once the call is on record.
    async fn shown<T>(&self, call: &Arc<Call>, value: T) -> Result<Recorded<T>> {
        let recorded = self.0.trail.recorded(call, value).await;
        recorded.map_err(ManageError::Audit)
    }

    /// Lets `edit` look at the directory and add rows, and commits.
    async fn change<T>(
        &self,
        call: &Arc<Call>,
        organisation: OrganisationId,
        edit: impl FnMut(&OrganisationView, &mut Changes<'_>) -> Result<T>,
    ) -> Result<Recorded<T>> {
        self.0.change_directory(call, organisation, edit).await
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What a new thing says about itself.
    fn described(&self, caller: &Caller, naming: &Naming) -> Described {
        Described {
            description: naming.description.clone(),
            labels: naming.labels.clone(),
            annotations: naming.annotations.clone(),
            created_by: user_of(caller),
            ..Described::default()
        }
    }
}

impl Described {
    /// Takes over what a change says.
    fn change(&mut self, change: &NamingChange, at: Timestamp) {
        if let Some(description) = &change.description {
            self.description = description.clone();
        }
        if let Some(labels) = &change.labels {
            self.labels = labels.clone();
        }
        if let Some(annotations) = &change.annotations {
            self.annotations = annotations.clone();
        }
        self.changed(at);
    }
}

impl Changes<'_> {
    /// Takes away what these bindings gave.
    fn erase_bindings(&mut self, view: &OrganisationView, which: impl Fn(&BindingRow) -> bool) {
        let bindings = view.bindings.iter();
        for binding in bindings.filter(|binding| which(binding)) {
            self.erase(keyspace::directory_entry(
                view.organisation.identity,
                DirectoryKind::Binding,
                binding.identity.as_bytes(),
            ));
        }
    }

    /// Forgets these requests for rights.
    fn erase_elevations(&mut self, view: &OrganisationView, which: impl Fn(&ElevationRow) -> bool) {
        for row in view.elevations.values().filter(|row| which(row)) {
            let organisation = view.organisation.identity;
            self.erase(elevations::place(organisation, row.identity));
        }
    }
}

/// The thing that a grant's caller named, if the grant holds on it. Of things that it does not hold
/// on nobody learns whether they exist.
fn admitted<A, T>(
    grant: &Grant<A>,
    found: Option<T>,
    asked: &str,
    names: impl Fn(&T) -> [String; 2],
    thing: Thing,
) -> Result<T>
where
    A: Action<Scope: RegionlessScope>,
{
    match found {
        Some(found) => {
            let [identity, slug] = names(&found);
            grant
                .confirm(&[&identity, &slug])
                .map_err(ManageError::Denied)?;
            Ok(found)
        }
        None => {
            grant.confirm(&[asked]).map_err(ManageError::Denied)?;
            Err(ManageError::NotFound(thing))
        }
    }
}

fn days(count: u32) -> Duration {
    Duration::from_secs(24 * 60 * 60).saturating_mul(count)
}

/// Says in the record what a call is about.
fn concern(call: &Call, kind: ResourceType, identity: &impl ToString) {
    call.concerns(Resource {
        kind: kind.as_str().into(),
        identity: identity.to_string().into(),
    });
}

pub(super) fn user_of(caller: &Caller) -> Option<UserId> {
    match caller.principal() {
        Principal::User { id, .. } => Some(*id),
        Principal::ServiceAccount { .. } | Principal::System { .. } => None,
    }
}
