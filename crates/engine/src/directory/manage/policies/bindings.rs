//! Who has which policy, and until when.

use std::sync::Arc;
use std::time::Duration;

use strongroom_authz::{
    Action, Caller, CreatePolicyBinding, DeletePolicyBinding, Grant, Level, ListPolicyBindings,
    UpdatePolicyBinding,
};
use strongroom_types::{BindingId, Description, Labels, OrganisationId, Timestamp};

use super::views::PolicyBindingView;
use super::{KIND, policy};
use crate::call::{Call, Recorded};
use crate::directory::manage::bindings::principal;
use crate::directory::manage::giving::Gift;
use crate::directory::manage::roles::Role;
use crate::directory::manage::{
    Grantee, ManageError, Management, NamingChange, Result, Thing, concern, days, user_of,
};
use crate::directory::view::OrganisationView;
use crate::rows::Changes;
use crate::rows::directory::{BindingRow, Described};
use crate::rows::keyspace::{self, DirectoryKind};

/// When something is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// At this time.
    At(Timestamp),
    /// So long after the call.
    For(Duration),
}

impl Until {
    /// The end, which lies in the future.
    pub(in super::super) fn end(self, now: Timestamp) -> Result<Timestamp> {
        let end = match self {
            Self::At(end) => end,
            // What no clock can show is for ever; the longest duration is far below that.
            Self::For(duration) => now.checked_add(duration).unwrap_or(Timestamp::MAX),
        };
        match now < end {
            true => Ok(end),
            false => Err(ManageError::Expired),
        }
    }

    /// The same, at most so many days ahead.
    pub(in super::super) fn end_within(self, most: u32, now: Timestamp) -> Result<Timestamp> {
        let end = self.end(now)?;
        let latest = now.checked_add(days(most)).unwrap_or(Timestamp::MAX);
        match end <= latest {
            true => Ok(end),
            false => Err(ManageError::TooLong { days: most }),
        }
    }
}

/// A policy to be given.
#[derive(Debug, Clone)]
pub struct NewPolicyBinding {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// To whom: a member or a service account.
    pub grantee: Grantee,
    /// When it ends, if it does.
    pub until: Option<Until>,
}

/// What a binding is to say differently; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PolicyBindingChange {
    /// What it says about itself.
    pub naming: NamingChange,
    /// When it ends; `Some(None)` is never.
    pub until: Option<Option<Until>>,
}

impl Management<'_> {
    /// Who has a policy on the level, oldest binding first. What has ended is not there any more.
    pub async fn list_policy_bindings(
        &self,
        grant: Grant<ListPolicyBindings>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<PolicyBindingView>>> {
        let level = *grant.scope();
        let view = self.view(level.organisation).await?;
        let policy = policy(&view, &grant, grant.target())?;
        concern(call, KIND, &policy.identity());
        let bindings = view.policy_bindings(&policy, level.project, self.now());
        self.shown(call, bindings).await
    }

    /// Gives a policy. It counts at the next request; nobody gives what they do not hold there for as
    /// long.
    pub async fn create_policy_binding(
        &self,
        grant: Grant<CreatePolicyBinding>,
        call: &Arc<Call>,
        new: NewPolicyBinding,
    ) -> Result<Recorded<PolicyBindingView>> {
        let (level, now) = (*grant.scope(), self.now());
        let expires_at = new.until.map(|until| until.end(now)).transpose()?;
        let identity = BindingId::from_bytes(self.0.vault.draw()?);
        self.change(call, level.organisation, |view, changes| {
            let policy = policy(view, &grant, grant.target())?;
            concern(call, KIND, &policy.identity());
            let row = BindingRow {
                identity,
                role: policy.bound(),
                principal: principal(view, &new.grantee)?,
                project: level.project,
                expires_at,
                name: new.name.clone(),
                created_at: now,
                described: Described {
                    description: new.description.clone(),
                    labels: new.labels.clone(),
                    annotations: new.annotations.clone(),
                    created_by: user_of(grant.caller()),
                    ..Described::default()
                },
                scopes: Vec::new(),
                policy: true,
            };
            give(view, changes, grant.caller(), &row, now)?;
            Ok(view.policy_binding_view(&row, level.project))
        })
        .await
    }

    /// Changes what is said about a binding, and when it ends; later only by whoever could give it
    /// anew.
    pub async fn update_policy_binding(
        &self,
        grant: Grant<UpdatePolicyBinding>,
        call: &Arc<Call>,
        change: PolicyBindingChange,
    ) -> Result<Recorded<PolicyBindingView>> {
        let (level, now) = (*grant.scope(), self.now());
        let end = |until: Option<Until>| until.map(|until| until.end(now)).transpose();
        let expires_at = change.until.map(end).transpose()?;
        self.change(call, level.organisation, |view, changes| {
            let mut row = bound(view, &grant, call, now)?.clone();
            if let Some(expires_at) = expires_at {
                let is_later = match (row.expires_at, expires_at) {
                    (None, _) => false,
                    (Some(before), Some(after)) => before < after,
                    (Some(_), None) => true,
                };
                row.expires_at = expires_at;
                if is_later {
                    gift(view, grant.caller(), &row, now)?;
                }
            }
            if let Some(name) = &change.naming.name {
                row.name = name.as_str().to_owned();
            }
            row.described.change(&change.naming, now);
            changes.put(place(level.organisation, row.identity), &row)?;
            Ok(view.policy_binding_view(&row, level.project))
        })
        .await
    }

    /// Takes a policy away; what it allowed is refused at the next request.
    pub async fn delete_policy_binding(
        &self,
        grant: Grant<DeletePolicyBinding>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = grant.scope().organisation;
        self.change(call, organisation, |view, changes| {
            let row = bound(view, &grant, call, self.now())?;
            changes.erase(place(organisation, row.identity));
            Ok(())
        })
        .await
    }
}

fn place(organisation: OrganisationId, identity: BindingId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Binding, identity.as_bytes())
}

/// The binding that a grant's caller names, if the grant holds on its policy.
fn bound<'v, A>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    call: &Call,
    now: Timestamp,
) -> Result<&'v BindingRow>
where
    A: Action<
            Scope = Level,
            Target = (
                strongroom_types::Reference<strongroom_types::RoleId>,
                BindingId,
            ),
        >,
{
    let (of, identity) = grant.target();
    let policy = policy(view, grant, of)?;
    concern(call, KIND, &policy.identity());
    let level = grant.scope().project;
    let mut bindings = view.bindings_of_policy(&policy, now);
    match bindings.find(|row| row.identity == *identity) {
        Some(row) if row.project == level => Ok(row),
        Some(row) if view.reaches(row, level) => Err(ManageError::ReadOnly),
        Some(_) | None => Err(ManageError::NotFound(Thing::Binding)),
    }
}

/// Whether the caller may give what this binding gives.
fn gift(view: &OrganisationView, caller: &Caller, row: &BindingRow, now: Timestamp) -> Result<()> {
    let gift = Gift {
        place: view.place_of(row),
        rules: &view.rules_given(row),
        until: row.expires_at,
    };
    gift.may_come_from(view, caller, now)
}

/// Adds a binding that the caller may give, and clears away those whose time is over.
pub(in super::super) fn give(
    view: &OrganisationView,
    changes: &mut Changes<'_>,
    caller: &Caller,
    row: &BindingRow,
    now: Timestamp,
) -> Result<()> {
    gift(view, caller, row, now)?;
    view.has_room_for_bindings()?;
    changes.erase_bindings(view, |each| each.is_policy() && !each.is_alive(now));
    let organisation = view.organisation.identity;
    changes.create(place(organisation, row.identity), row)?;
    Ok(())
}

impl OrganisationView {
    /// What gives a policy now, on whatever level.
    pub(super) fn bindings_of_policy(
        &self,
        policy: &Role<'_>,
        now: Timestamp,
    ) -> impl Iterator<Item = &BindingRow> {
        let bound = policy.bound();
        let bindings = self.bindings.iter();
        bindings.filter(move |row| row.role == bound && row.is_policy() && row.is_alive(now))
    }
}
