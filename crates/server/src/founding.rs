//! What a new installation begins with.

use std::sync::Arc;

use strongroom_authz::{CreateKey, Denied, authorize};
use strongroom_crypto::{AccessCredential, PlainToken};
use strongroom_engine::{
    Arrival, Call, CreateKeyError, Credential, DirectoryError, Engine, EnterError, Entry, Gate,
    NewBinding, NewCredential, NewKey, NewOrganisation, NewToken, NewUser, PrincipalRef, RoleRef,
};
use strongroom_types::{
    Description, DisplayName, KeyId, KeyType, Labels, OrganisationId, ProjectId, Slug,
};

/// What the service account of `dev` may do.
const DEV_ROLES: [&str; 2] = ["secrets:FullAccess", "kms:FullAccess"];

/// An organisation with somebody to begin with.
pub struct Founded {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its owner's token. It cannot be shown again.
    pub token: PlainToken,
}

/// Makes the first organisation, its owner and the owner's token.
pub async fn found(
    engine: &Engine,
    name: DisplayName,
    slug: Slug,
    owner: &str,
) -> Result<Founded, DirectoryError> {
    let directory = engine.directory();
    let user_name = name.clone();
    let organisation = directory
        .create_organisation(NewOrganisation { name, slug })
        .await?;
    // Until the owner has a name, they go by their organisation's.
    let user = NewUser {
        name: user_name,
        email: owner.to_owned(),
        owner: true,
    };
    let user = directory.create_user(organisation, user).await?;
    let token = NewToken {
        name: "first owner token".to_owned(),
        ..NewToken::default()
    };
    let token = directory.create_token(user, token).await?;
    Ok(Founded {
        organisation,
        token,
    })
}

/// What `dev` adds, so that there is something to try at once.
pub struct Playground {
    /// A service account's credentials.
    pub client: AccessCredential,
    /// A project.
    pub project: ProjectId,
    /// An active key.
    pub key: KeyId,
}

/// The playground cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// Somebody in it.
    #[error("the service account or the project cannot be made")]
    Directory(#[from] DirectoryError),
    /// The owner cannot enter.
    #[error("the new owner's token does not open the organisation")]
    Enter(#[from] EnterError),
    /// The owner may not.
    #[error("the new owner may not make a key")]
    Denied(#[from] Denied),
    /// No key.
    #[error("the key cannot be made")]
    Key(#[from] CreateKeyError),
    /// The region was not found again.
    #[error("the region `{0}` is not served")]
    Region(String),
}

/// The names of what `dev` makes.
pub struct PlaygroundNames {
    /// The service account.
    pub service_account: (DisplayName, Slug),
    /// The project.
    pub project: (DisplayName, Slug),
    /// The key.
    pub key: (DisplayName, Slug),
}

/// Makes a service account, a project and a key, the last by the owner's own right.
pub async fn furnish(
    engine: &Engine,
    founded: &Founded,
    region: &str,
    names: PlaygroundNames,
) -> Result<Playground, PlaygroundError> {
    let directory = engine.directory();
    let organisation = founded.organisation;
    let (name, slug) = names.service_account;
    let account = directory
        .create_service_account(organisation, name, slug)
        .await?;
    for role in DEV_ROLES {
        let binding = NewBinding {
            role: RoleRef::BuiltIn(role),
            principal: PrincipalRef::ServiceAccount(account),
            project: None,
            expires_at: None,
        };
        directory.bind(organisation, binding).await?;
    }
    let (_, client) = directory
        .create_credential(organisation, account, NewCredential::default())
        .await?;
    let (name, slug) = names.project;
    let project = directory.create_project(organisation, name, slug).await?;
    let key = create_key(engine, founded, region, names.key).await?;
    Ok(Playground {
        client,
        project,
        key,
    })
}

async fn create_key(
    engine: &Engine,
    founded: &Founded,
    region: &str,
    (name, slug): (DisplayName, Slug),
) -> Result<KeyId, PlaygroundError> {
    let call = Call::arrived(
        engine.clock(),
        Arrival {
            method: "SYSTEM".to_owned(),
            path: "dev.create_key".to_owned(),
            success_status: 201,
            system: true,
            ..Arrival::default()
        },
    );
    let organisation = founded.organisation.to_string();
    let entry = Entry {
        organisation: Some(&organisation),
        region: Some(region),
        project: None,
        gates: &[Gate::Kms],
        anywhere: false,
    };
    let credential = Credential::Token(founded.token.expose());
    let entered = engine.enter(&call, Some(&credential), entry).await?;
    let scope = entered
        .scope()
        .ok_or_else(|| PlaygroundError::Region(region.to_owned()))?;
    let grant = authorize::<CreateKey>(Arc::clone(&entered.caller), scope, slug)?;
    let new = NewKey {
        name,
        key_type: KeyType::Aes256Gcm96,
        description: Description::default(),
        labels: Labels::default(),
        annotations: Labels::default(),
        export_allowed: false,
        rotation_enabled: false,
        rotation_period_days: None,
        import: None,
    };
    let made = engine.keys().create(grant, &call, new).await?;
    Ok(made.into_inner().identity)
}
