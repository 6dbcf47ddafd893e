//! An organisation as access decisions see it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::DefaultHashBuilder;
use quick_cache::sync::Cache;
use strongroom_store::Revision;
use strongroom_types::{
    CredentialId, ElevationId, FederatedIdentityId, FederatedProviderId, InviteId, OrganisationId,
    ProjectId, Reference, RoleId, ServiceAccountId, Slug, TeamId, UserId,
};

use super::rights::{PrincipalId, Rights};
use crate::engine::Inner;
use crate::rows::directory::{
    BindingRow, CredentialRow, Epoch, MemberRow, OrganisationRow, OrganisationSlug, ProjectRow,
    RoleRow, ServiceAccountRow, TeamRow,
};
use crate::rows::elevation::ElevationRow;
use crate::rows::federation::{FederatedIdentityRow, FederatedProviderRow};
use crate::rows::invite::InviteRow;
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::{Changes, CommitFault, RowFault, Vault};

/// Organisations whose views are kept.
const CAPACITY: usize = 1024;

/// What principals hold, in a project or at the organisation's own level.
type RightsByPlace = HashMap<(PrincipalId, Option<ProjectId>), Arc<Rights>, DefaultHashBuilder>;

/// Everything that decides access in one organisation, as of one epoch.
pub(crate) struct OrganisationView {
    pub(crate) epoch: Option<Revision>,
    pub(crate) organisation: OrganisationRow,
    pub(crate) members: HashMap<UserId, MemberRow>,
    pub(crate) projects: HashMap<ProjectId, ProjectRow>,
    pub(crate) service_accounts: HashMap<ServiceAccountId, ServiceAccountRow>,
    pub(crate) credentials: HashMap<CredentialId, CredentialRow>,
    pub(crate) teams: HashMap<TeamId, TeamRow>,
    pub(crate) roles: HashMap<RoleId, RoleRow>,
    pub(crate) bindings: Vec<BindingRow>,
    pub(crate) providers: HashMap<FederatedProviderId, FederatedProviderRow>,
    pub(crate) federated: HashMap<FederatedIdentityId, FederatedIdentityRow>,
    pub(crate) elevations: HashMap<ElevationId, ElevationRow>,
    pub(crate) invites: HashMap<InviteId, InviteRow>,
    /// Worked out when first needed.
    pub(super) rights: Mutex<RightsByPlace>,
}

impl OrganisationView {
    pub(super) fn empty(organisation: OrganisationRow, epoch: Option<Revision>) -> Self {
        Self {
            epoch,
            organisation,
            members: HashMap::new(),
            projects: HashMap::new(),
            service_accounts: HashMap::new(),
            credentials: HashMap::new(),
            teams: HashMap::new(),
            roles: HashMap::new(),
            bindings: Vec::new(),
            providers: HashMap::new(),
            federated: HashMap::new(),
            elevations: HashMap::new(),
            invites: HashMap::new(),
            rights: Mutex::default(),
        }
    }

    /// The project that a request names.
    pub(crate) fn project(&self, reference: &Reference<ProjectId>) -> Option<&ProjectRow> {
        match reference {
            Reference::Identity(id) => self.projects.get(id),
            Reference::Slug(slug) => self.projects.values().find(|row| row.slug == *slug),
        }
    }

    /// The service account that a request names.
    pub(crate) fn service_account(
        &self,
        reference: &Reference<ServiceAccountId>,
    ) -> Option<&ServiceAccountRow> {
        match reference {
            Reference::Identity(id) => self.service_accounts.get(id),
            Reference::Slug(slug) => self.service_accounts.values().find(|row| row.slug == *slug),
        }
    }

    /// The team that a request names.
    pub(crate) fn team(&self, reference: &Reference<TeamId>) -> Option<&TeamRow> {
        match reference {
            Reference::Identity(id) => self.teams.get(id),
            Reference::Slug(slug) => self.teams.values().find(|row| row.slug == *slug),
        }
    }

    /// Whether a slug is used by a service account.
    pub(crate) fn has_service_account(&self, slug: &Slug) -> bool {
        self.service_accounts.values().any(|row| row.slug == *slug)
    }
}

/// The views in use.
pub(crate) struct Views {
    views: Cache<OrganisationId, Arc<OrganisationView>>,
}

impl Views {
    pub(crate) fn new() -> Self {
        Self {
            views: Cache::new(CAPACITY),
        }
    }

    /// The organisation as it is now; none if it does not exist.
    pub(crate) async fn current(
        &self,
        vault: &Vault,
        id: OrganisationId,
    ) -> Result<Option<Arc<OrganisationView>>, RowFault> {
        let epoch = epoch(vault, id).await?;
        if let Some(view) = self.views.get(&id)
            && view.epoch == epoch
        {
            return Ok(Some(view));
        }
        // Seldom needed and large: in a box it takes no room in every call's future.
        Box::pin(self.renew(vault, id, epoch)).await
    }

    async fn renew(
        &self,
        vault: &Vault,
        id: OrganisationId,
        mut epoch: Option<Revision>,
    ) -> Result<Option<Arc<OrganisationView>>, RowFault> {
        while let Some(view) = load(vault, id, epoch).await? {
            // A change between the first row and the last would leave a view of no moment.
            let latest = self::epoch(vault, id).await?;
            if latest == epoch {
                let view = Arc::new(view);
                self.views.insert(id, Arc::clone(&view));
                return Ok(Some(view));
            }
            epoch = latest;
        }
        Ok(None)
    }
}

async fn epoch(vault: &Vault, id: OrganisationId) -> Result<Option<Revision>, RowFault> {
    Ok(vault
        .get_sealed(&keyspace::epoch(id))
        .await?
        .map(|row| row.revision))
}

async fn load(
    vault: &Vault,
    id: OrganisationId,
    epoch: Option<Revision>,
) -> Result<Option<OrganisationView>, RowFault> {
    let Some(stored) = vault
        .get::<OrganisationRow>(&keyspace::organisation(id))
        .await?
    else {
        return Ok(None);
    };
    let mut view = OrganisationView::empty(stored.row, epoch);
    for (key, row) in vault.all_sealed(keyspace::directory(id)).await? {
        match keyspace::directory_kind(&key) {
            Some(DirectoryKind::Member) => {
                let member: MemberRow = vault.open(&key, &row)?.row;
                view.members.insert(member.user, member);
            }
            Some(DirectoryKind::Project) => {
                let project: ProjectRow = vault.open(&key, &row)?.row;
                view.projects.insert(project.identity, project);
            }
            Some(DirectoryKind::ServiceAccount) => {
                let account: ServiceAccountRow = vault.open(&key, &row)?.row;
                view.service_accounts.insert(account.identity, account);
            }
            Some(DirectoryKind::Credential) => {
                let credential: CredentialRow = vault.open(&key, &row)?.row;
                view.credentials.insert(credential.identity, credential);
            }
            Some(DirectoryKind::Team) => {
                let team: TeamRow = vault.open(&key, &row)?.row;
                view.teams.insert(team.identity, team);
            }
            Some(DirectoryKind::Role) => {
                let role: RoleRow = vault.open(&key, &row)?.row;
                view.roles.insert(role.identity, role);
            }
            Some(DirectoryKind::Binding) => view.bindings.push(vault.open(&key, &row)?.row),
            Some(DirectoryKind::FederatedProvider) => {
                let provider: FederatedProviderRow = vault.open(&key, &row)?.row;
                view.providers.insert(provider.identity, provider);
            }
            Some(DirectoryKind::FederatedIdentity) => {
                let identity: FederatedIdentityRow = vault.open(&key, &row)?.row;
                view.federated.insert(identity.identity, identity);
            }
            Some(DirectoryKind::Elevation) => {
                let elevation: ElevationRow = vault.open(&key, &row)?.row;
                view.elevations.insert(elevation.identity, elevation);
            }
            Some(DirectoryKind::Invite) => {
                let invite: InviteRow = vault.open(&key, &row)?.row;
                view.invites.insert(invite.identity, invite);
            }
            // A kind that a later release knows: it gives nobody a right here.
            None => {}
        }
    }
    Ok(Some(view))
}

/// The organisation that a request names.
pub(crate) async fn find_organisation(
    vault: &Vault,
    reference: &Reference<OrganisationId>,
) -> Result<Option<OrganisationId>, RowFault> {
    match reference {
        Reference::Identity(id) => Ok(Some(*id)),
        Reference::Slug(slug) => {
            let row = vault
                .get::<OrganisationSlug>(&keyspace::organisation_slug(slug))
                .await?;
            Ok(row.map(|stored| stored.row.identity))
        }
    }
}

impl Inner {
    /// A batch that starts a new epoch, if the view still is what it is based on.
    pub(super) fn new_epoch(&self, view: &OrganisationView) -> Result<Changes<'_>, CommitFault> {
        let mut changes = self.vault.changes();
        let row = keyspace::epoch(view.organisation.identity);
        let epoch = epoch_row(self.clock.now());
        match view.epoch {
            Some(revision) => changes.replace(row, revision, &epoch)?,
            None => changes.create(row, &epoch)?,
        }
        Ok(changes)
    }
}

/// The revision row that every change of an organisation's directory writes.
pub(crate) fn epoch_row(now: strongroom_types::Timestamp) -> Epoch {
    Epoch { changed_at: now }
}
