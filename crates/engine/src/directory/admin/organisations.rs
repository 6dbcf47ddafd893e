//! Organisations, what is switched on in them, and their projects.

use strongroom_types::{Description, DisplayName, OrganisationId, ProjectId, Slug};

use super::{Directory, DirectoryError, Result};
use crate::directory::Gate;
use crate::directory::view::epoch_row;
use crate::rows::directory::{Described, OrganisationRow, OrganisationSlug, ProjectRow};
use crate::rows::keyspace::{self, DirectoryKind};

/// An organisation to be made.
#[derive(Debug, Clone)]
pub struct NewOrganisation {
    /// Its name for people.
    pub name: DisplayName,
    /// Its short name, unique in the installation.
    pub slug: Slug,
}

impl Directory<'_> {
    /// All organisations.
    pub async fn organisations(&self) -> Result<Vec<(OrganisationId, Slug)>> {
        let rows = self
            .0
            .vault
            .all::<OrganisationRow>(keyspace::all_organisations())
            .await;
        let rows = rows.map_err(DirectoryError::Row)?;
        Ok(rows
            .into_iter()
            .map(|(_, row)| (row.row.identity, row.row.slug))
            .collect())
    }

    /// Makes an organisation.
    pub async fn create_organisation(&self, new: NewOrganisation) -> Result<OrganisationId> {
        let identity = OrganisationId::from_bytes(self.0.vault.draw()?);
        let row = OrganisationRow {
            identity,
            slug: new.slug.clone(),
            name: new.name,
            created_at: self.0.clock.now(),
            secrets_off: false,
            kms_off: false,
            projects_off: false,
        };
        let mut changes = self.0.vault.changes();
        changes.create(
            keyspace::organisation_slug(&new.slug),
            &OrganisationSlug { identity },
        )?;
        changes.create(keyspace::organisation(identity), &row)?;
        changes.create(keyspace::epoch(identity), &epoch_row(self.0.clock.now()))?;
        match self
            .record(identity, "directory.create_organisation", changes)
            .await
        {
            Err(DirectoryError::Contended) => Err(DirectoryError::SlugTaken(new.slug)),
            done => done.map(|()| identity),
        }
    }

    /// Switches these features of an organisation on, and all others off (contract 3.5).
    pub async fn set_gates(&self, id: OrganisationId, open: &[Gate]) -> Result<()> {
        let view = self.view(id).await?;
        let mut row = view.organisation.clone();
        row.secrets_off = !open.contains(&Gate::Secrets);
        row.kms_off = !open.contains(&Gate::Kms);
        row.projects_off = !open.contains(&Gate::Projects);
        let mut changes = self.guarded(&view)?;
        changes.put(keyspace::organisation(id), &row)?;
        self.record(id, "directory.set_gates", changes).await
    }

    /// Makes a project.
    pub async fn create_project(
        &self,
        organisation: OrganisationId,
        name: DisplayName,
        slug: Slug,
    ) -> Result<ProjectId> {
        let view = self.view(organisation).await?;
        if view.projects.values().any(|row| row.slug == slug) {
            return Err(DirectoryError::SlugTaken(slug));
        }
        let identity = ProjectId::from_bytes(self.0.vault.draw()?);
        let row = ProjectRow {
            identity,
            slug,
            name,
            description: Description::default(),
            created_at: self.0.clock.now(),
            described: Described::default(),
            parent: None,
        };
        let what = "directory.create_project";
        self.enlist(
            &view,
            DirectoryKind::Project,
            identity.as_bytes(),
            &row,
            what,
        )
        .await?;
        Ok(identity)
    }
}
