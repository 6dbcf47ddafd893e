//! Projects.

use std::collections::HashSet;
use std::sync::Arc;

use strongroom_authz::{
    Action, Caller, CreateProject, DeleteProject, Grant, ListProjects, Principal, ReadProject,
    ResourceType, UpdateProject, builtin,
};
use strongroom_store::Scan;
use strongroom_types::{BindingId, OrganisationId, ProjectId, Reference, Timestamp};

use super::giving::Gift;
use super::views::{DescribedView, NamedView};
use super::{
    ListFilter, ManageError, Management, Naming, NamingChange, Result, Thing, admitted, concern,
};
use crate::call::{Call, Recorded};
use crate::directory::levels::Place;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, BoundRole, Described, ProjectRow};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::Project;

/// A project.
#[derive(Debug, Clone)]
pub struct ProjectView {
    /// Its identity.
    pub identity: ProjectId,
    /// What it says about itself.
    pub described: DescribedView,
    /// What it is part of, if it is.
    pub parent: Option<NamedView>,
}

/// A project that is part of another.
pub type ProjectParent = Reference<ProjectId>;

impl Management<'_> {
    /// The projects that the caller may read, in order of their slugs.
    pub async fn list_projects(
        &self,
        grant: Grant<ListProjects>,
        call: &Arc<Call>,
        filter: ListFilter,
    ) -> Result<Recorded<Vec<ProjectView>>> {
        let view = self.view(*grant.scope()).await?;
        let mut rows: Vec<_> = view.projects.values().collect();
        rows.retain(|row| grant.shows(&[&row.identity.to_string(), row.slug.as_str()]));
        rows.sort_by(|one, other| one.slug.cmp(&other.slug));
        let shown = rows.into_iter().map(|row| view.project_view(row));
        let shown = shown.filter(|shown| filter.admits(&shown.identity, &shown.described));
        self.shown(call, shown.collect()).await
    }

    /// A project.
    pub async fn read_project(
        &self,
        grant: Grant<ReadProject>,
        call: &Arc<Call>,
    ) -> Result<Recorded<ProjectView>> {
        let view = self.view(*grant.scope()).await?;
        let row = project(&view, &grant, grant.target())?;
        concern(call, KIND, &row.identity);
        self.shown(call, view.project_view(row)).await
    }

    /// Makes a project. Whoever makes it may do everything in it (contract 4.2).
    pub async fn create_project(
        &self,
        grant: Grant<CreateProject>,
        call: &Arc<Call>,
        naming: Naming,
        parent: Option<ProjectParent>,
    ) -> Result<Recorded<ProjectView>> {
        let (organisation, slug) = (*grant.scope(), grant.target().clone());
        let thing = Thing::Project;
        if slug.as_str().parse::<ProjectId>().is_ok() {
            return Err(ManageError::LooksLikeIdentity(thing));
        }
        let mut row = ProjectRow {
            identity: ProjectId::from_bytes(self.0.vault.draw()?),
            slug: slug.clone(),
            name: naming.name.clone(),
            description: naming.description.clone(),
            created_at: self.now(),
            described: self.described(grant.caller(), &naming),
            parent: None,
        };
        let rights = self.creators_rights(grant.caller().principal(), row.identity)?;
        concern(call, KIND, &row.identity);
        self.change(call, organisation, |view, changes| {
            if view.project(&Reference::Slug(slug.clone())).is_some() {
                let slug = slug.clone();
                return Err(ManageError::SlugTaken { thing, slug });
            }
            row.parent = parent_of(view, parent.as_ref())?;
            changes.create(place(organisation, row.identity), &row)?;
            if let Some(rights) = &rights {
                let kind = DirectoryKind::Binding;
                let identity = rights.identity.as_bytes();
                changes.create(
                    keyspace::directory_entry(organisation, kind, identity),
                    rights,
                )?;
            }
            Ok(view.project_view(&row))
        })
        .await
    }

    fn creators_rights(
        &self,
        creator: &Principal,
        project: ProjectId,
    ) -> Result<Option<BindingRow>> {
        let principal = match creator {
            Principal::User { id, .. } => BoundPrincipal::User(*id),
            Principal::ServiceAccount { id, .. } => BoundPrincipal::ServiceAccount(*id),
            Principal::System { .. } => return Ok(None),
        };
        Ok(Some(BindingRow {
            identity: BindingId::from_bytes(self.0.vault.draw()?),
            role: BoundRole::BuiltIn(builtin::PROJECT_CREATOR.to_owned()),
            principal,
            project: Some(project),
            expires_at: None,
            name: String::new(),
            created_at: self.now(),
            described: Described::default(),
            scopes: Vec::new(),
            policy: true,
        }))
    }

    /// Changes what is said about a project and, where `parent` is given, what it is part of. Its slug
    /// stays.
    pub async fn update_project(
        &self,
        grant: Grant<UpdateProject>,
        call: &Arc<Call>,
        change: NamingChange,
        parent: Option<Option<ProjectParent>>,
    ) -> Result<Recorded<ProjectView>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let mut row = project(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            if let Some(name) = &change.name {
                row.name = name.clone();
            }
            if let Some(description) = &change.description {
                row.description = description.clone();
            }
            if let Some(parent) = &parent {
                row.parent = parent_of(view, parent.as_ref())?;
                no_cycle(view, &row)?;
                may_move(view, grant.caller(), &row, self.now())?;
            }
            row.described.change(&change, self.now());
            changes.put(place(organisation, row.identity), &row)?;
            Ok(view.project_view(&row))
        })
        .await
    }

    /// Removes a project that holds no secrets, keys and projects, with its policies and all that was
    /// given in it. What is put into it at the same moment is out of reach.
    pub async fn delete_project(
        &self,
        grant: Grant<DeleteProject>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        let view = self.view(organisation).await?;
        let identity = project(&view, &grant, grant.target())?.identity;
        concern(call, KIND, &identity);
        self.holds_nothing(organisation, identity).await?;
        self.change(call, organisation, |view, changes| {
            project(view, &grant, &Reference::Identity(identity))?;
            let mut projects = view.projects.values();
            if projects.any(|row| row.parent == Some(identity)) {
                return Err(ManageError::InUse("other projects"));
            }
            changes.erase(place(organisation, identity));
            changes.erase_bindings(view, |binding| binding.project == Some(identity));
            changes.erase_elevations(view, |elevation| elevation.project == Some(identity));
            for role in view.roles.values() {
                if role.project == Some(identity) {
                    let kind = DirectoryKind::Role;
                    let role = role.identity.as_bytes();
                    changes.erase(keyspace::directory_entry(organisation, kind, role));
                }
            }
            Ok(())
        })
        .await
    }

    async fn holds_nothing(&self, organisation: OrganisationId, project: ProjectId) -> Result<()> {
        for (rows, what) in [
            (keyspace::project_secrets(organisation, project), "secrets"),
            (keyspace::project_keys(organisation, project), "KMS keys"),
        ] {
            let found = self.0.vault.scan_keys(Scan::prefix(rows).limit(1)).await;
            if !found.map_err(ManageError::Row)?.is_empty() {
                return Err(ManageError::InUse(what));
            }
        }
        Ok(())
    }
}

fn place(organisation: OrganisationId, identity: ProjectId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Project, identity.as_bytes())
}

fn project<'v, A: Action<Scope = OrganisationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<ProjectId>,
) -> Result<&'v ProjectRow> {
    let names = |row: &&ProjectRow| [row.identity.to_string(), row.slug.to_string()];
    let found = view.project(asked);
    admitted(grant, found, &asked.to_string(), names, Thing::Project)
}

fn parent_of(view: &OrganisationView, parent: Option<&ProjectParent>) -> Result<Option<ProjectId>> {
    let Some(parent) = parent else {
        return Ok(None);
    };
    let found = view.project(parent);
    let found = found.ok_or(ManageError::NotFound(Thing::Project))?;
    Ok(Some(found.identity))
}

/// Whether the way up from a project ends.
fn no_cycle(view: &OrganisationView, row: &ProjectRow) -> Result<()> {
    let (mut seen, mut next) = (HashSet::from([row.identity]), row.parent);
    while let Some(parent) = next {
        if !seen.insert(parent) {
            return Err(ManageError::Cycle);
        }
        next = view.projects.get(&parent).and_then(|row| row.parent);
    }
    Ok(())
}

/// Whether the caller may let a project become part of another: policies from above count in it
/// then, and nobody gives what they do not hold there.
fn may_move(
    view: &OrganisationView,
    caller: &Caller,
    moved: &ProjectRow,
    now: Timestamp,
) -> Result<()> {
    let Some(parent) = moved.parent else {
        return Ok(());
    };
    let above: HashSet<_> = view.ancestors(parent).chain([parent]).collect();
    let is_new = |level: Option<ProjectId>| {
        level.is_some_and(|level| above.contains(&level))
            && !view.is_above(level, Some(moved.identity))
    };
    let coming = view.bindings.iter().filter(|binding| {
        is_new(binding.project) && binding.is_alive(now) && view.replicates(&binding.role)
    });
    for binding in coming {
        let gift = Gift {
            place: Place::Level {
                project: Some(moved.identity),
                below: true,
            },
            rules: &view.rules_given(binding),
            until: binding.expires_at,
        };
        gift.may_come_from(view, caller, now)?;
    }
    Ok(())
}

impl OrganisationView {
    fn project_view(&self, row: &ProjectRow) -> ProjectView {
        let described = Described {
            description: row.description.clone(),
            ..row.described.clone()
        };
        let (name, slug) = (row.name.as_str(), row.slug.as_str());
        let parent = row.parent.and_then(|parent| self.projects.get(&parent));
        ProjectView {
            identity: row.identity,
            described: self.described_view(name, slug, row.created_at, &described),
            parent: parent.map(|parent| NamedView {
                identity: parent.identity.to_string(),
                name: parent.name.as_str().to_owned(),
                slug: parent.slug.to_string(),
            }),
        }
    }
}
