//! KMS keys, through the engine's own door.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail loudly"
)]

mod common;

use std::time::Duration;

use common::{Ground, call, given, new_key, new_secret, path, tenant};
use strongroom_authz::{
    CancelKeyDeletion, ConfigureKeyRotation, CreateKey, CreateSecret, DecryptWithKey, DeleteKey,
    DisableKey, EnableKey, EncryptWithKey, Grant, KeyAction, ListKeys, PutSecretValue, ReadKey,
    RotateKey,
};
use strongroom_engine::{
    CreateKeyError, CreateSecretError, DecryptDataError, EncryptDataError, Engine, KeyChangeError,
    KeyFilter, KeyUnusable, NewKey, PutValueError, ReadKeyError, RevealError, RotationChange,
    ToDecrypt, ToEncrypt, UseKeyError,
};
use strongroom_types::{KeyStatus, Plaintext, Reference, Slug, Version};

async fn on<A: KeyAction>(acme: &common::Tenant, engine: &Engine) -> Grant<A> {
    acme.grant::<A>(engine, Reference::Identity(acme.key)).await
}

async fn encrypt(acme: &common::Tenant, engine: &Engine, bytes: &[u8]) -> String {
    let grant = on::<EncryptWithKey>(acme, engine).await;
    let encrypted = engine
        .keys()
        .encrypt(grant, &call(), what(bytes, None))
        .await;
    encrypted.unwrap().into_inner().ciphertext
}

fn what(bytes: &[u8], version: Option<Version>) -> ToEncrypt {
    ToEncrypt {
        plaintext: Plaintext::new(bytes.to_vec()),
        version,
        associated: Plaintext::new(Vec::new()),
    }
}

async fn decrypt(
    acme: &common::Tenant,
    engine: &Engine,
    ciphertext: &str,
) -> Result<Vec<u8>, DecryptDataError> {
    let grant = on::<DecryptWithKey>(acme, engine).await;
    let what = ToDecrypt {
        ciphertext: ciphertext.to_owned(),
        associated: Plaintext::new(Vec::new()),
    };
    let decrypted = engine.keys().decrypt(grant, &call(), what).await?;
    Ok(decrypted.into_inner().plaintext.expose().to_vec())
}

#[tokio::test]
async fn old_versions_go_on_decrypting_after_a_rotation() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"under one").await;
    let first = encrypt(&acme, engine, b"first").await;
    assert!(first.starts_with("thalassa:v1:"));
    let rotated = engine
        .keys()
        .rotate(on::<RotateKey>(&acme, engine).await, &call())
        .await;
    assert_eq!(rotated.unwrap().into_inner().latest_version.get(), 2);
    let second = encrypt(&acme, engine, b"second").await;
    assert!(second.starts_with("thalassa:v2:"));
    assert_eq!(decrypt(&acme, engine, &first).await.unwrap(), b"first");
    assert_eq!(decrypt(&acme, engine, &second).await.unwrap(), b"second");
    assert_eq!(acme.reveal(engine, "/a", None).await.unwrap(), b"under one");

    let put = acme.grant::<PutSecretValue>(engine, path("/a")).await;
    let put = engine
        .secrets()
        .put(put, &call(), given(b"under two"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((put.version.get(), put.key_version.get()), (2, 2));

    for wrong in ["thalassa:v3:", "thalassa:v1:", "x"] {
        let text = first.replace("thalassa:v1:", wrong);
        let outcome = decrypt(&acme, engine, &text).await;
        if text != first {
            assert!(
                matches!(outcome, Err(DecryptDataError::Ciphertext(_))),
                "{text}"
            );
        }
    }
    let moved = first.replace("thalassa:v1:", "thalassa:v2:");
    assert!(matches!(
        decrypt(&acme, engine, &moved).await,
        Err(DecryptDataError::Ciphertext(_))
    ));
    let grant = on::<EncryptWithKey>(&acme, engine).await;
    let version = Some(Version::new(7).unwrap());
    let missing = engine
        .keys()
        .encrypt(grant, &call(), what(&[1], version))
        .await;
    assert!(matches!(
        missing,
        Err(EncryptDataError::Use(UseKeyError::VersionNotFound(_)))
    ));
    house.close().await;
}

#[tokio::test]
async fn a_key_that_is_not_active_does_nothing_and_loses_nothing() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"kept").await;
    let ciphertext = encrypt(&acme, engine, b"kept too").await;
    for status in [KeyStatus::Disabled, KeyStatus::PendingDeletion] {
        let done = match status {
            KeyStatus::Disabled => {
                engine
                    .keys()
                    .disable(on::<DisableKey>(&acme, engine).await, &call())
                    .await
            }
            _ => {
                engine
                    .keys()
                    .delete(on::<DeleteKey>(&acme, engine).await, &call())
                    .await
            }
        };
        assert_eq!(done.unwrap().into_inner().status, status);
        assert!(matches!(
            acme.reveal(engine, "/a", None).await,
            Err(RevealError::Key(KeyUnusable::NotActive { .. }))
        ));
        let grant = acme.grant::<PutSecretValue>(engine, path("/a")).await;
        let put = engine.secrets().put(grant, &call(), given(b"x")).await;
        assert!(matches!(
            put,
            Err(PutValueError::Key(KeyUnusable::NotActive { .. }))
        ));
        let grant = acme.grant::<CreateSecret>(engine, path("/b")).await;
        let made = engine
            .secrets()
            .create(grant, &call(), new_secret(acme.key, b"x"))
            .await;
        assert!(matches!(
            made,
            Err(CreateSecretError::Key(KeyUnusable::NotActive { .. }))
        ));
        assert!(matches!(
            decrypt(&acme, engine, &ciphertext).await,
            Err(DecryptDataError::Use(UseKeyError::NotActive(_)))
        ));
        let rotated = engine
            .keys()
            .rotate(on::<RotateKey>(&acme, engine).await, &call())
            .await;
        assert!(matches!(rotated, Err(KeyChangeError::NotActive { .. })));
    }
    // Pending: neither enable nor disable, a second delete keeps the time, cancel brings it back.
    let enable = engine
        .keys()
        .enable(on::<EnableKey>(&acme, engine).await, &call())
        .await;
    assert!(matches!(enable, Err(KeyChangeError::PendingDeletion)));
    let cancel = on::<CancelKeyDeletion>(&acme, engine).await;
    let back = engine
        .keys()
        .cancel_deletion(cancel, &call())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (back.status, back.deletion_scheduled_at),
        (KeyStatus::Active, None)
    );
    assert_eq!(acme.reveal(engine, "/a", None).await.unwrap(), b"kept");
    assert_eq!(
        decrypt(&acme, engine, &ciphertext).await.unwrap(),
        b"kept too"
    );
    let cancel = on::<CancelKeyDeletion>(&acme, engine).await;
    let again = engine.keys().cancel_deletion(cancel, &call()).await;
    assert!(matches!(again, Err(KeyChangeError::NotPending)));
    house.close().await;
}

#[tokio::test]
async fn a_key_is_removed_when_its_time_has_come_and_not_before() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"lost").await;
    let kept = acme.new_key(engine, "nl-01", "kept").await;
    let pending = engine
        .keys()
        .delete(on::<DeleteKey>(&acme, engine).await, &call())
        .await;
    let due = pending.unwrap().into_inner().deletion_scheduled_at.unwrap();
    ground
        .clock
        .turn(Duration::from_secs(30 * 24 * 60 * 60 - 1));
    let again = engine
        .keys()
        .delete(on::<DeleteKey>(&acme, engine).await, &call())
        .await;
    assert_eq!(again.unwrap().into_inner().deletion_scheduled_at, Some(due));
    assert_eq!(engine.remove_due_keys_once().await.unwrap(), 0);
    ground.clock.turn(Duration::from_secs(1));
    assert_eq!(engine.remove_due_keys_once().await.unwrap(), 1);
    assert_eq!(engine.remove_due_keys_once().await.unwrap(), 0);

    let read = engine
        .keys()
        .read(on::<ReadKey>(&acme, engine).await, &call())
        .await;
    assert!(matches!(read, Err(ReadKeyError::Resolve(_))));
    assert!(matches!(
        acme.reveal(engine, "/a", None).await,
        Err(RevealError::Key(KeyUnusable::Missing))
    ));
    // The name is free again, and the other key is untouched.
    acme.new_key(engine, "nl-01", "primary").await;
    let grant = acme.grant::<ListKeys>(engine, ()).await;
    let keys = engine
        .keys()
        .list(grant, &call(), KeyFilter::default())
        .await
        .unwrap();
    assert!(keys.into_inner().iter().any(|key| key.identity == kept));
    house.close().await;
}

#[tokio::test]
async fn names_are_unique_but_a_dying_key_does_not_hold_its_own() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let make = |new: NewKey| async {
        let slug = Slug::of_name(new.name.as_str()).unwrap();
        let grant = acme.grant::<CreateKey>(engine, slug).await;
        engine
            .keys()
            .create(grant, &call(), new)
            .await
            .map(|made| made.into_inner())
    };
    assert!(matches!(
        make(new_key("primary")).await,
        Err(CreateKeyError::SlugTaken(_))
    ));
    let _ = engine
        .keys()
        .delete(on::<DeleteKey>(&acme, engine).await, &call())
        .await
        .unwrap();
    assert_eq!(
        make(new_key("primary")).await.unwrap().slug.as_str(),
        "primary-2"
    );

    let impostor = new_key(&acme.key.to_string());
    assert!(matches!(
        make(impostor).await,
        Err(CreateKeyError::LooksLikeIdentity)
    ));
    let rotating = NewKey {
        rotation_enabled: true,
        ..new_key("r")
    };
    assert!(matches!(
        make(rotating.clone()).await,
        Err(CreateKeyError::PeriodMissing)
    ));
    let never = NewKey {
        rotation_period_days: Some(3651),
        ..rotating
    };
    assert!(matches!(
        make(never).await,
        Err(CreateKeyError::PeriodRange)
    ));
    house.close().await;
}

#[tokio::test]
async fn rotation_settings_change_only_what_is_said() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    for (enabled, period_days, expected) in [
        (None, None, Ok((false, None))),
        (Some(true), None, Err(())),
        (Some(true), Some(30), Ok((true, Some(30)))),
        (None, None, Ok((true, Some(30)))),
        (None, Some(60), Ok((true, Some(60)))),
        (Some(true), None, Ok((true, Some(60)))),
        (None, Some(0), Err(())),
        (Some(false), None, Ok((false, None))),
    ] {
        let grant = on::<ConfigureKeyRotation>(&acme, engine).await;
        let change = RotationChange {
            enabled,
            period_days,
            min_decryption_version: None,
        };
        let changed = engine
            .keys()
            .configure_rotation(grant, &call(), change)
            .await;
        let changed = changed
            .map(|view| view.into_inner())
            .map(|view| (view.rotation_enabled, view.rotation_period_days))
            .map_err(|error| {
                assert!(matches!(
                    error,
                    KeyChangeError::PeriodMissing | KeyChangeError::PeriodRange
                ));
            });
        assert_eq!(changed, expected, "{enabled:?} {period_days:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_region_without_the_service_does_no_cryptography() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let entered = acme
        .enter(engine, &acme.token, "no-kms", None)
        .await
        .unwrap();
    let (caller, scope) = (entered.caller.clone(), entered.scope().unwrap());
    let slug = "primary".parse().unwrap();
    let grant = strongroom_authz::authorize::<CreateKey>(caller, scope, slug).unwrap();
    let made = engine
        .keys()
        .create(grant, &call(), new_key("primary"))
        .await;
    assert!(matches!(made, Err(CreateKeyError::NoService)));
    house.close().await;
}
