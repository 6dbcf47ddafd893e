//! Who gets in, and what they hold: changes count from the next request on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail loudly"
)]

mod common;

use std::time::Duration;

use common::{Ground, call, path, tenant, user};
use strongroom_authz::{Denied, ReadSecretValue};
use strongroom_engine::{
    Credential, EnterError, Entry, Gate, NewBinding, NewCredential, NewRole, NewRule, NewToken,
    PrincipalRef, RoleRef, TokenExtras,
};
use strongroom_types::Plaintext;

fn secret(text: &str) -> Plaintext {
    Plaintext::new(text.as_bytes().to_vec())
}

#[tokio::test]
async fn the_order_of_refusals_is_the_contracts() {
    let ground = Ground::new();
    let house = ground.open().await;
    let engine = &house.engine;
    let (acme, other) = (tenant(engine, "acme").await, tenant(engine, "other").await);
    let entry = |organisation, region, project| Entry {
        organisation,
        region: Some(region),
        project,
        gates: &[Gate::Secrets, Gate::Kms],
        anywhere: false,
    };
    let token = Credential::Token(acme.token.expose());
    let nothing = Credential::Token("tc_pat_nothing");
    let bad = ["x", "tc_at_x", ""].map(Credential::Token);
    // Everything is wrong; the first wrong thing decides.
    let wrong = entry(Some("nowhere"), "nowhere", Some("nowhere"));
    assert!(matches!(
        engine.enter(&call(), None, wrong).await,
        Err(EnterError::MissingCredential)
    ));
    for credential in bad.iter().chain([&nothing]) {
        let refused = engine.enter(&call(), Some(credential), wrong).await;
        assert!(matches!(refused, Err(EnterError::InvalidCredential)));
    }
    let enter = async |entry| engine.enter(&call(), Some(&token), entry).await;
    assert!(matches!(enter(wrong).await, Err(EnterError::NotAMember)));
    let elsewhere = other.organisation.to_string();
    let foreign = entry(Some(&elsewhere), "nowhere", None);
    assert!(matches!(enter(foreign).await, Err(EnterError::NotAMember)));
    for open in [&[][..], &[Gate::Kms], &[Gate::Secrets]] {
        engine
            .directory()
            .set_gates(acme.organisation, open)
            .await
            .unwrap();
        let refused = enter(entry(Some("acme"), "nowhere", Some("nowhere"))).await;
        match open.contains(&Gate::Secrets) {
            false => assert!(matches!(refused, Err(EnterError::SecretsOff))),
            true => assert!(matches!(refused, Err(EnterError::KmsOff))),
        }
    }
    engine
        .directory()
        .set_gates(
            acme.organisation,
            &[Gate::Secrets, Gate::Kms, Gate::Projects],
        )
        .await
        .unwrap();
    let region = enter(entry(Some("acme"), "nowhere", Some("nowhere"))).await;
    assert!(matches!(region, Err(EnterError::UnknownRegion)));
    let project = enter(entry(Some("acme"), "nl-01", Some("nowhere"))).await;
    assert!(matches!(project, Err(EnterError::UnknownProject)));
    // By slug, by identity, or left out where there is only one.
    let identity = acme.organisation.to_string();
    for organisation in [Some("acme"), Some(identity.as_str()), None] {
        let entered = enter(entry(organisation, "reg-nl-01", None)).await.unwrap();
        assert_eq!(entered.organisation, acme.organisation);
    }
    engine
        .directory()
        .add_member(other.organisation, acme.owner, false)
        .await
        .unwrap();
    let unclear = enter(entry(None, "nl-01", None)).await;
    assert!(matches!(unclear, Err(EnterError::OrganisationRequired)));
    house.close().await;
}

#[tokio::test]
async fn what_ends_ends_at_the_next_request() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let directory = engine.directory();
    let entry = Entry {
        organisation: Some("acme"),
        ..Entry::default()
    };

    let soon = strongroom_types::Clock::now(&*ground.clock)
        .checked_add(Duration::from_secs(60))
        .unwrap();
    let expires = NewToken {
        expires_at: Some(soon),
        ..NewToken::default()
    };
    let short = directory.create_token(acme.owner, expires).await.unwrap();
    let enter = async |token: &str| {
        engine
            .enter(&call(), Some(&Credential::Token(token)), entry)
            .await
    };
    assert!(enter(short.expose()).await.is_ok());
    ground.clock.turn(Duration::from_secs(60));
    assert!(matches!(
        enter(short.expose()).await,
        Err(EnterError::ExpiredCredential)
    ));

    assert!(enter(acme.token.expose()).await.is_ok());
    directory.revoke_token(&acme.token).await.unwrap();
    assert!(matches!(
        enter(acme.token.expose()).await,
        Err(EnterError::InvalidCredential)
    ));

    let bob = user(engine, acme.organisation, false).await;
    let token = directory
        .create_token(bob, NewToken::default())
        .await
        .unwrap();
    assert!(enter(token.expose()).await.is_ok());
    directory
        .remove_member(acme.organisation, bob)
        .await
        .unwrap();
    assert!(matches!(
        enter(token.expose()).await,
        Err(EnterError::NotAMember)
    ));
    house.close().await;
}

#[tokio::test]
async fn rights_come_and_go_with_their_bindings() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let directory = engine.directory();
    let bob = user(engine, acme.organisation, false).await;
    let token = directory
        .create_token(bob, NewToken::default())
        .await
        .unwrap();
    let team = directory
        .create_team(acme.organisation, "ops".parse().unwrap(), vec![bob])
        .await;
    let project = directory
        .create_project(
            acme.organisation,
            "Web".parse().unwrap(),
            "web".parse().unwrap(),
        )
        .await
        .unwrap();
    let rules = vec![NewRule {
        resources: vec!["secret".into()],
        resource_identities: vec!["/app/*".into()],
        permissions: vec!["getSecretValue".into()],
        note: String::new(),
    }];
    let role = NewRole {
        name: "reader".into(),
        project: None,
        rules,
    };
    let role = directory
        .create_role(acme.organisation, role)
        .await
        .unwrap();

    let may = async |at: &str, inside: Option<&str>| {
        let entered = acme.enter(engine, &token, "nl-01", inside).await.unwrap();
        let scope = entered.scope().unwrap();
        match strongroom_authz::authorize::<ReadSecretValue>(entered.caller, scope, path(at)) {
            Ok(_) => true,
            Err(Denied::Forbidden { .. }) => false,
            Err(other) => panic!("{other}"),
        }
    };
    let soon = strongroom_types::Clock::now(&*ground.clock)
        .checked_add(Duration::from_secs(60))
        .unwrap();
    assert!(!may("/app/a", None).await);
    let bind = |principal, project, expires_at| {
        let role = RoleRef::Own(role);
        directory.bind(
            acme.organisation,
            NewBinding {
                role,
                principal,
                project,
                expires_at,
            },
        )
    };
    let binding = bind(PrincipalRef::Team(team.unwrap()), None, Some(soon))
        .await
        .unwrap();
    assert!(may("/app/a", None).await && may("/app/a", Some("web")).await);
    assert!(!may("/other", None).await);
    ground.clock.turn(Duration::from_secs(60));
    assert!(!may("/app/a", None).await, "the binding has ended");
    directory.unbind(acme.organisation, binding).await.unwrap();

    bind(PrincipalRef::User(bob), Some(project), None)
        .await
        .unwrap();
    assert!(!may("/app/a", None).await && may("/app/a", Some("web")).await);
    house.close().await;
}

#[tokio::test]
async fn client_credentials_give_tokens_that_die_with_them() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let directory = engine.directory();
    let account = directory
        .create_service_account(
            acme.organisation,
            "App".parse().unwrap(),
            "app".parse().unwrap(),
        )
        .await
        .unwrap();
    let (id, credential) = directory
        .create_credential(acme.organisation, account, NewCredential::default())
        .await
        .unwrap();
    let issue = async |key: &str, value: &str| {
        engine
            .tokens()
            .issue(&call(), key, secret(value), &TokenExtras::default())
            .await
            .map(|done| done.into_inner())
    };
    assert!(issue(&credential.access_key, "wrong").await.is_err());
    assert!(
        issue("TCAKNOBODY", credential.access_secret.expose())
            .await
            .is_err()
    );
    let issued = issue(&credential.access_key, credential.access_secret.expose())
        .await
        .unwrap();
    assert_eq!(issued.expires_in, Duration::from_secs(3600));

    let enter = async |token: &str| {
        engine
            .enter(&call(), Some(&Credential::Token(token)), Entry::default())
            .await
    };
    assert_eq!(
        enter(issued.token.expose()).await.unwrap().organisation,
        acme.organisation
    );
    // Until now the keyring's own key sealed them; what it made counts on.
    assert_eq!(engine.rotate_token_keys_once().await.unwrap(), 1);
    assert_eq!(engine.rotate_token_keys_once().await.unwrap(), 0);
    assert!(enter(issued.token.expose()).await.is_ok());
    let basic = |value: &str| Credential::Basic {
        id: &credential.access_key,
        secret: secret(value),
    };
    let right = basic(credential.access_secret.expose());
    assert!(
        engine
            .enter(&call(), Some(&right), Entry::default())
            .await
            .is_ok()
    );
    let wrong = engine
        .enter(&call(), Some(&basic("wrong")), Entry::default())
        .await;
    assert!(matches!(wrong, Err(EnterError::InvalidCredential)));
    let elsewhere = tenant(engine, "other").await.organisation.to_string();
    let entry = Entry {
        organisation: Some(&elsewhere),
        ..Entry::default()
    };
    let foreign = engine
        .enter(
            &call(),
            Some(&Credential::Token(issued.token.expose())),
            entry,
        )
        .await;
    assert!(matches!(foreign, Err(EnterError::NotAMember)));

    ground.clock.turn(Duration::from_secs(3600));
    assert!(matches!(
        enter(issued.token.expose()).await,
        Err(EnterError::ExpiredCredential)
    ));
    let fresh = issue(&credential.access_key, credential.access_secret.expose())
        .await
        .unwrap();
    assert!(enter(fresh.token.expose()).await.is_ok());
    directory
        .delete_credential(acme.organisation, id)
        .await
        .unwrap();
    assert!(matches!(
        enter(fresh.token.expose()).await,
        Err(EnterError::InvalidCredential)
    ));
    assert!(
        issue(&credential.access_key, credential.access_secret.expose())
            .await
            .is_err()
    );
    house.close().await;
}
