//! A server in this process, on a real socket, with the engine in hand.
//!
//! Organisations, rights and tokens are made through the engine's directory: HTTP has no back
//! door for tests. The clock stands until a test turns it.

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::Journal;
use strongroom_crypto::{Keyring, SystemEntropy, random};
use strongroom_engine::{
    Engine, EngineParts, Gate, NewBinding, NewCredential, NewOrganisation, NewRole, NewRule,
    NewToken, NewUser, PrincipalRef, RoleRef,
};
use strongroom_server::config::{Config, Region};
use strongroom_server::http::App;
use strongroom_server::outbound::Fetcher;
use strongroom_server::serving::{Bound, OnAir};
use strongroom_server::settings;
use strongroom_server::telemetry::Metrics;
use strongroom_store::Store;
use strongroom_types::{
    Clock, OrganisationId, ProjectId, ServiceAccountId, Slug, Timestamp, UserId,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::TurnedClock;
use crate::http::{Caller, Web};

/// A rule of a role: resource type, names or patterns (none means all), permissions.
pub type Rule<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// A server in this process. It stops when this value goes away.
///
/// It serves the regions `nl-01` and `nl-02`, and `no-kms`, which has no keys. Their identities
/// are their slugs behind `reg-`.
pub struct House {
    /// A client without credentials.
    pub web: Web,
    /// The clock of the server and of its engine.
    pub clock: Arc<TurnedClock>,
    engine: Option<Engine>,
    store: Store,
    journal: Journal,
    runtime: Runtime,
    on_air: Option<OnAir>,
    stop: CancellationToken,
    jobs: JoinHandle<()>,
    keyring: Arc<Keyring>,
    config: Config,
    directory: Option<TempDir>,
}

impl House {
    /// A server with the default configuration.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A server with a configuration that is not the default one.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::new().unwrap();
        let mut config = configuration(&directory);
        change(&mut config);
        let keyring = Arc::new(Keyring::generate(&SystemEntropy).unwrap());
        Self::open(directory, keyring, Arc::new(TurnedClock::new()), config)
    }

    /// Stops the server and starts another one on its data, with a changed configuration. Callers
    /// of the old one go on with [`Caller::at`].
    pub fn reopen(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let directory = self.directory.take().expect("the house still stands");
        let (keyring, clock) = (self.keyring.clone(), self.clock.clone());
        let mut config = self.config.clone();
        drop(self);
        change(&mut config);
        Self::open(directory, keyring, clock, config)
    }

    fn open(
        directory: TempDir,
        keyring: Arc<Keyring>,
        clock: Arc<TurnedClock>,
        config: Config,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let installation = random(&SystemEntropy).unwrap();
        let store = Store::open_embedded(settings::store(&config, installation)).unwrap();
        let journal = Journal::open(settings::journal(&config), keyring.clone(), clock.clone());
        let journal = journal.unwrap();
        let engine = runtime.block_on(Engine::start(EngineParts {
            store: store.clone(),
            keyring: keyring.clone(),
            journal: journal.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(Fetcher::new(&config.federation).unwrap()),
            settings: settings::engine(&config).unwrap(),
        }));
        let engine = engine.unwrap();
        let jobs = {
            let engine = engine.clone();
            runtime.spawn(async move { engine.run_jobs().await })
        };
        let metrics = Arc::new(Metrics::new());
        let stop = CancellationToken::new();
        let bound = runtime.block_on(Bound::bind(&config, metrics.clone(), false));
        let bound = bound.unwrap();
        let web = Web::new(&bound.endpoint());
        let app = App {
            engine: engine.clone(),
            settings: settings::http(&config),
            metrics,
        };
        let on_air = {
            let _inside = runtime.enter();
            bound.serve(app, &stop).unwrap()
        };
        Self {
            web,
            clock,
            engine: Some(engine),
            store,
            journal,
            runtime,
            on_air: Some(on_air),
            stop,
            jobs,
            keyring,
            config,
            directory: Some(directory),
        }
    }

    /// The engine behind the server.
    pub fn engine(&self) -> &Engine {
        self.engine
            .as_ref()
            .expect("the house stands until it is dropped")
    }

    /// Waits for something that the engine does.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Lets time pass, for server and engine.
    pub fn turn(&self, by: Duration) {
        self.clock.turn(by);
    }

    /// What the clock shows after some time.
    pub fn later(&self, by: Duration) -> Timestamp {
        self.clock.now().checked_add(by).unwrap()
    }

    /// Removes the keys whose time has come, as the engine's job does every hour.
    pub fn remove_due_keys(&self) -> usize {
        self.wait(self.engine().remove_due_keys_once()).unwrap()
    }

    /// Makes an organisation with an owner and a key `primary`.
    pub fn tenant(&self, slug: &str) -> Tenant<'_> {
        let new = NewOrganisation {
            name: slug.parse().unwrap(),
            slug: slug.parse().unwrap(),
        };
        let organisation = self
            .wait(self.engine().directory().create_organisation(new))
            .unwrap();
        let user = self.user(organisation, "owner@example.org", true);
        let owner = self.caller(organisation, user, NewToken::default());
        Tenant {
            house: self,
            organisation,
            slug: slug.to_owned(),
            user,
            key: owner.make_key("primary"),
            owner,
        }
    }

    fn user(&self, organisation: OrganisationId, email: &str, owner: bool) -> UserId {
        let new = NewUser {
            name: "Ann".parse().unwrap(),
            email: email.to_owned(),
            owner,
        };
        self.wait(self.engine().directory().create_user(organisation, new))
            .unwrap()
    }

    fn caller(&self, organisation: OrganisationId, user: UserId, token: NewToken) -> Caller {
        let token = self.wait(self.engine().directory().create_token(user, token));
        self.web
            .with(token.unwrap().expose(), &organisation.to_string())
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
        // What a failing test leaves behind goes away with the directory.
        if let Some(on_air) = self.on_air.take() {
            let _stopped = self.runtime.block_on(on_air.stopped());
        }
        self.jobs.abort();
        if let Some(engine) = self.engine.take() {
            let _stopped = self.runtime.block_on(engine.stop());
        }
        let _closed = self.journal.clone().close();
        self.runtime.block_on(self.store.shutdown());
    }
}

fn configuration(directory: &TempDir) -> Config {
    let region = |slug: &str, kms| Region {
        identity: Some(format!("reg-{slug}")),
        name: Some(slug.to_uppercase()),
        kms,
        ..Region::of_slug(slug)
    };
    let mut config = Config::default();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.server.stop_grace_seconds = 5;
    config.store.data = directory.path().to_owned();
    config.audit.segment_mebibytes = 1;
    // Tests fail on purpose, all from one address, and the clock stands. The one of this limit sets it.
    config.limits.failed_attempts = 0;
    config.regions = vec![
        region("nl-01", true),
        region("nl-02", true),
        region("no-kms", false),
    ];
    config
}

/// An organisation, and the means to fill it.
pub struct Tenant<'h> {
    /// Where it lives.
    pub house: &'h House,
    /// Its identity.
    pub organisation: OrganisationId,
    /// Its slug.
    pub slug: String,
    /// Its owner.
    pub user: UserId,
    /// Its owner, as a caller.
    pub owner: Caller,
    /// The identity of its key in `nl-01`.
    pub key: String,
}

impl Tenant<'_> {
    /// A member with a role of these rules; without any, a member who may nothing.
    pub fn member(&self, rules: &[Rule<'_>]) -> Caller {
        let user = self.user("member@example.org");
        self.permit(PrincipalRef::User(user), rules, None);
        self.caller(user, NewToken::default())
    }

    /// A user without any rights.
    pub fn user(&self, email: &str) -> UserId {
        self.house.user(self.organisation, email, false)
    }

    /// A token of a user, as a caller.
    pub fn caller(&self, user: UserId, token: NewToken) -> Caller {
        self.house.caller(self.organisation, user, token)
    }

    /// A token of the owner that ends some time from now.
    pub fn owner_for(&self, lifetime: Duration) -> Caller {
        let token = NewToken {
            expires_at: Some(self.house.later(lifetime)),
            ..NewToken::default()
        };
        self.caller(self.user, token)
    }

    /// Gives a role with these rules, in a project or in the whole organisation.
    pub fn permit(&self, principal: PrincipalRef, rules: &[Rule<'_>], project: Option<ProjectId>) {
        let directory = self.house.engine().directory();
        let rules = rules.iter().map(|(resource, names, permissions)| NewRule {
            resources: vec![(*resource).to_owned()],
            resource_identities: names.iter().map(|name| (*name).to_owned()).collect(),
            permissions: permissions.iter().map(|each| (*each).to_owned()).collect(),
            note: String::new(),
        });
        let role = NewRole {
            name: "role".to_owned(),
            project,
            rules: rules.collect(),
        };
        let role = self
            .house
            .wait(directory.create_role(self.organisation, role));
        self.bind(principal, RoleRef::Own(role.unwrap()), project);
    }

    /// Gives a role.
    pub fn bind(&self, principal: PrincipalRef, role: RoleRef, project: Option<ProjectId>) {
        let binding = NewBinding {
            role,
            principal,
            project,
            expires_at: None,
        };
        let directory = self.house.engine().directory();
        self.house
            .wait(directory.bind(self.organisation, binding))
            .unwrap();
    }

    /// Makes a project whose slug is this.
    pub fn project(&self, slug: &str) -> ProjectId {
        let directory = self.house.engine().directory();
        let slug: Slug = slug.parse().unwrap();
        let name = slug.as_str().parse().unwrap();
        self.house
            .wait(directory.create_project(self.organisation, name, slug))
            .unwrap()
    }

    /// Makes a service account whose slug is this.
    pub fn service_account(&self, slug: &str) -> ServiceAccountId {
        let directory = self.house.engine().directory();
        let slug: Slug = slug.parse().unwrap();
        let name = slug.as_str().parse().unwrap();
        self.house
            .wait(directory.create_service_account(self.organisation, name, slug))
            .unwrap()
    }

    /// A client id and secret of a service account.
    pub fn credential(&self, account: ServiceAccountId) -> (String, String) {
        let directory = self.house.engine().directory();
        let new = NewCredential::default();
        let made = self
            .house
            .wait(directory.create_credential(self.organisation, account, new));
        let (_, made) = made.unwrap();
        (
            made.access_key.clone(),
            made.access_secret.expose().to_owned(),
        )
    }

    /// Switches these features on, and all others off.
    pub fn set_gates(&self, open: &[Gate]) {
        let directory = self.house.engine().directory();
        self.house
            .wait(directory.set_gates(self.organisation, open))
            .unwrap();
    }
}
