//! An engine in a temporary directory, with a clock that the tests turn.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use strongroom_audit::{Journal, JournalOptions};
use strongroom_authz::{Action, Denied, Grant, authorize};
use strongroom_crypto::{Keyring, PlainToken, SystemEntropy, random};
use strongroom_engine::{
    Arrival, Call, Credential, Engine, EngineParts, EnterError, Entered, Entry, NewBinding, NewKey,
    NewOrganisation, NewRole, NewRule, NewSecret, NewToken, NewUser, NewValue, NoOutbound,
    PrincipalRef, RegionSettings, RoleRef, Settings,
};
use strongroom_store::{EmbeddedOptions, Store};
use strongroom_types::{
    Clock, Description, KeyId, KeyType, Labels, OrganisationId, Plaintext, Reference, Scope,
    SecretPath, SecretValue, Slug, Timestamp, UserId,
};

/// A clock that stands until it is turned.
pub struct TurnedClock(Mutex<Timestamp>);

impl TurnedClock {
    pub fn turn(&self, by: Duration) {
        let mut now = self.0.lock();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

/// Where a house stands; opening it again finds what was left.
pub struct Ground {
    pub directory: tempfile::TempDir,
    pub keyring: Arc<Keyring>,
    pub clock: Arc<TurnedClock>,
    pub settings: Settings,
}

impl Ground {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            regions: vec![
                region("nl-01", true),
                region("nl-02", true),
                region("no-kms", false),
            ],
            ..Settings::default()
        };
        change(&mut settings);
        Self {
            directory: tempfile::tempdir().unwrap(),
            keyring: Arc::new(Keyring::generate(&SystemEntropy).unwrap()),
            clock: Arc::new(TurnedClock(Mutex::new(
                "2026-07-01T12:00:00Z".parse().unwrap(),
            ))),
            settings,
        }
    }

    pub fn store(&self) -> Store {
        let installation = random(&SystemEntropy).unwrap();
        let options = EmbeddedOptions::new(self.directory.path().join("store"), installation);
        Store::open_embedded(options).unwrap()
    }

    pub fn journal(&self) -> Journal {
        let options = JournalOptions {
            segment_bytes: 1 << 20,
            ..JournalOptions::usual(self.directory.path().join("audit"))
        };
        let keyring = Arc::clone(&self.keyring);
        Journal::open(options, keyring, self.clock.clone()).unwrap()
    }

    pub async fn open(&self) -> Opened {
        let (store, journal) = (self.store(), self.journal());
        let engine = Engine::start(EngineParts {
            store: store.clone(),
            keyring: Arc::clone(&self.keyring),
            journal: journal.clone(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(NoOutbound),
            settings: self.settings.clone(),
        })
        .await
        .unwrap();
        Opened {
            engine,
            store,
            journal,
        }
    }
}

/// An engine with what it stands on, so that it can be closed in order.
pub struct Opened {
    pub engine: Engine,
    pub store: Store,
    pub journal: Journal,
}

impl Opened {
    pub async fn close(self) {
        self.engine.stop().await.unwrap();
        self.drop_hard().await;
    }

    /// Leaves as a crash would: nothing that is gathered in memory is written.
    pub async fn drop_hard(self) {
        drop(self.engine);
        self.journal.close().unwrap();
        self.store.shutdown().await;
    }
}

pub fn region(slug: &str, kms: bool) -> RegionSettings {
    RegionSettings {
        identity: format!("reg-{slug}"),
        slug: slug.parse().unwrap(),
        name: slug.to_uppercase(),
        kms,
    }
}

pub fn call() -> Arc<Call> {
    call_from(None)
}

pub fn call_from(client_ip: Option<IpAddr>) -> Arc<Call> {
    struct Now;
    impl Clock for Now {
        fn now(&self) -> Timestamp {
            "2026-07-01T12:00:00Z".parse().unwrap()
        }
    }
    let arrival = Arrival {
        request_id: "request".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/test".to_owned(),
        client_ip,
        success_status: 200,
        ..Arrival::default()
    };
    Call::arrived(&Now, arrival)
}

/// An organisation with an owner and a key.
pub struct Tenant {
    pub organisation: OrganisationId,
    pub owner: UserId,
    pub token: PlainToken,
    pub key: KeyId,
}

pub async fn tenant(engine: &Engine, slug: &str) -> Tenant {
    let directory = engine.directory();
    let new = NewOrganisation {
        name: slug.parse().unwrap(),
        slug: slug.parse().unwrap(),
    };
    let organisation = directory.create_organisation(new).await.unwrap();
    let owner = user(engine, organisation, true).await;
    let token = directory
        .create_token(owner, NewToken::default())
        .await
        .unwrap();
    let mut tenant = Tenant {
        organisation,
        owner,
        token,
        key: KeyId::from_bytes([0; 16]),
    };
    tenant.key = tenant.new_key(engine, "nl-01", "primary").await;
    tenant
}

pub async fn user(engine: &Engine, organisation: OrganisationId, owner: bool) -> UserId {
    let new = NewUser {
        name: "Ann".parse().unwrap(),
        email: "ann@example.org".into(),
        owner,
    };
    engine
        .directory()
        .create_user(organisation, new)
        .await
        .unwrap()
}

impl Tenant {
    pub async fn enter(
        &self,
        engine: &Engine,
        token: &PlainToken,
        region: &str,
        project: Option<&str>,
    ) -> Result<Entered, EnterError> {
        let organisation = self.organisation.to_string();
        let entry = Entry {
            organisation: Some(&organisation),
            region: Some(region),
            project,
            gates: &[
                strongroom_engine::Gate::Secrets,
                strongroom_engine::Gate::Kms,
            ],
            anywhere: false,
        };
        engine
            .enter(&call(), Some(&Credential::Token(token.expose())), entry)
            .await
    }

    pub async fn grant<A: Action<Scope = Scope>>(
        &self,
        engine: &Engine,
        target: A::Target,
    ) -> Grant<A> {
        self.grant_as::<A>(engine, &self.token, target)
            .await
            .unwrap()
    }

    pub async fn grant_as<A: Action<Scope = Scope>>(
        &self,
        engine: &Engine,
        token: &PlainToken,
        target: A::Target,
    ) -> Result<Grant<A>, Denied> {
        let entered = self.enter(engine, token, "nl-01", None).await.unwrap();
        let scope = entered.scope().unwrap();
        authorize::<A>(entered.caller, scope, target)
    }

    pub async fn new_key(&self, engine: &Engine, region: &str, name: &str) -> KeyId {
        let entered = self.enter(engine, &self.token, region, None).await.unwrap();
        let scope = entered.scope().unwrap();
        let slug: Slug = name.parse().unwrap();
        let grant = authorize::<strongroom_authz::CreateKey>(entered.caller, scope, slug).unwrap();
        let made = engine
            .keys()
            .create(grant, &call(), new_key(name))
            .await
            .unwrap();
        made.into_inner().identity
    }

    /// A member with these rules and a token.
    pub async fn member(&self, engine: &Engine, rules: &[(&str, &[&str], &[&str])]) -> PlainToken {
        let directory = engine.directory();
        let user = user(engine, self.organisation, false).await;
        let rules = rules.iter().map(|(resource, names, permissions)| NewRule {
            resources: vec![(*resource).to_owned()],
            resource_identities: names.iter().map(|name| (*name).to_owned()).collect(),
            permissions: permissions.iter().map(|each| (*each).to_owned()).collect(),
            note: String::new(),
        });
        let role = NewRole {
            name: "role".into(),
            project: None,
            rules: rules.collect(),
        };
        let role = directory
            .create_role(self.organisation, role)
            .await
            .unwrap();
        let binding = NewBinding {
            role: RoleRef::Own(role),
            principal: PrincipalRef::User(user),
            project: None,
            expires_at: None,
        };
        directory.bind(self.organisation, binding).await.unwrap();
        directory
            .create_token(user, NewToken::default())
            .await
            .unwrap()
    }

    pub async fn create(&self, engine: &Engine, path: &str, value: &[u8]) {
        let grant = self.grant::<strongroom_authz::CreateSecret>(engine, path.parse().unwrap());
        let new = new_secret(self.key, value);
        let _ = engine
            .secrets()
            .create(grant.await, &call(), new)
            .await
            .unwrap();
    }

    pub async fn put(&self, engine: &Engine, path: &str, value: &[u8]) -> u64 {
        let grant = self.grant::<strongroom_authz::PutSecretValue>(engine, path.parse().unwrap());
        let put = engine
            .secrets()
            .put(grant.await, &call(), given(value))
            .await
            .unwrap();
        put.into_inner().version.get()
    }

    pub async fn reveal(
        &self,
        engine: &Engine,
        path: &str,
        version: Option<u64>,
    ) -> Result<Vec<u8>, strongroom_engine::RevealError> {
        let grant = self.grant::<strongroom_authz::ReadSecretValue>(engine, path.parse().unwrap());
        let version = version.map(|number| strongroom_types::Version::new(number).unwrap());
        let revealed = engine
            .secrets()
            .reveal(grant.await, &call(), version)
            .await?;
        match revealed.into_inner().value {
            SecretValue::String(bytes) => Ok(bytes.expose().to_vec()),
            SecretValue::KeyValue(_) => panic!("a string was put"),
        }
    }
}

pub fn new_key(name: &str) -> NewKey {
    NewKey {
        name: name.parse().unwrap(),
        key_type: KeyType::Aes256Gcm96,
        description: Description::default(),
        labels: Labels::default(),
        annotations: Labels::default(),
        export_allowed: false,
        rotation_enabled: false,
        rotation_period_days: None,
        import: None,
    }
}

pub fn new_secret(key: KeyId, value: &[u8]) -> NewSecret {
    NewSecret {
        key: Reference::Identity(key),
        description: "what for".parse().unwrap(),
        labels: Labels::from_stored(BTreeMap::from([("team".into(), "a".into())])),
        annotations: Labels::default(),
        policy: None,
        value: Some(given(value)),
    }
}

pub fn given(value: &[u8]) -> NewValue {
    let value = SecretValue::String(Plaintext::new(value.to_vec()));
    NewValue::Given {
        value,
        taken_raw: false,
    }
}

pub fn path(text: &str) -> SecretPath {
    text.parse().unwrap()
}
