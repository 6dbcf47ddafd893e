//! The lives of keys: rotation, off and on, deletion (contract 2.7, 2.8).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::{KEYS, key, secret};
use strongroom_testkit::{Caller, House, Tenant};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn status(acme: &Tenant<'_>) -> String {
    read(&acme.owner, &acme.key)["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn read(caller: &Caller, id: &str) -> Value {
    caller.get(&key(id)).expect(200).json()
}

#[test]
fn a_rotation_adds_a_version_and_keeps_the_old_ones() {
    let house = House::new();
    let acme = house.tenant("acme");
    house.turn(DAY);
    let rotated = acme
        .owner
        .change_key(&acme.key, "rotate")
        .expect(200)
        .json();
    assert_eq!(
        (&rotated["latestVersion"], &rotated["objectVersion"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(rotated["versions"][0]["createdAt"], "2026-07-01T12:00:00Z");
    assert_eq!(rotated["versions"][1]["createdAt"], "2026-07-02T12:00:00Z");
    assert_eq!(rotated["minDecryptionVersion"], 1);
    assert_eq!(read(&acme.owner, &acme.key), rotated);
}

#[test]
fn rotation_is_configured_and_nothing_is_no_change() {
    let house = House::new();
    let acme = house.tenant("acme");
    let url = format!("{}/rotation", key(&acme.key));
    let patch = |body: Value, status| acme.owner.patch(&url).json(&body).expect(status).json();
    let before = read(&acme.owner, &acme.key);
    assert_eq!(patch(json!({}), 200), before);
    assert_eq!(
        patch(json!({"keyRotationEnabled": true}), 400)["code"],
        "rotation_period_required"
    );
    let on = patch(
        json!({"keyRotationEnabled": true, "rotationPeriodInDays": 30}),
        200,
    );
    assert_eq!(
        (&on["keyRotationEnabled"], &on["rotationPeriodInDays"]),
        (&json!(true), &json!(30))
    );
    let longer = patch(json!({"rotationPeriodInDays": 3650}), 200);
    assert_eq!(
        (
            &longer["keyRotationEnabled"],
            &longer["rotationPeriodInDays"]
        ),
        (&json!(true), &json!(3650))
    );
    assert_eq!(patch(json!({}), 200), longer);
    for period in [json!(0), json!(3651), json!(-1), json!("30")] {
        patch(json!({"rotationPeriodInDays": period}), 400);
    }
    patch(json!({"keyRotationEnabled": "yes"}), 400);
    let off = patch(json!({"keyRotationEnabled": false}), 200);
    assert_eq!(off["keyRotationEnabled"], false);
    assert_eq!(off.get("rotationPeriodInDays"), None);
    // Disabled is no obstacle, pending deletion is.
    acme.owner.change_key(&acme.key, "disable").expect(200);
    patch(
        json!({"keyRotationEnabled": true, "rotationPeriodInDays": 7}),
        200,
    );
    acme.owner.delete_key(&acme.key, "").expect(200);
    assert_eq!(
        patch(json!({"rotationPeriodInDays": 8}), 400)["code"],
        "kms_key_state"
    );
}

#[test]
fn a_key_goes_off_and_on_and_is_idempotent() {
    let house = House::new();
    let acme = house.tenant("acme");
    let change = |what: &str, status| acme.owner.change_key(&acme.key, what).expect(status).json();
    assert_eq!(change("enable", 200)["status"], "active");
    assert_eq!(change("disable", 200)["status"], "disabled");
    assert_eq!(change("disable", 200)["objectVersion"], 2);
    assert_eq!(change("rotate", 400)["code"], "kms_key_not_active");
    assert_eq!(change("enable", 200)["status"], "active");
    acme.owner
        .delete_key(&acme.key, "/cancel-deletion")
        .expect(400);
}

#[test]
fn a_deletion_waits_thirty_days_and_can_be_called_off() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let doomed = acme.owner.delete_key(&acme.key, "").expect(200).json();
    assert_eq!(doomed["status"], "pending_deletion");
    assert_eq!(doomed["deletionScheduledAt"], "2026-07-31T12:00:00Z");
    house.turn(DAY);
    let again = acme.owner.delete_key(&acme.key, "").expect(200).json();
    assert_eq!(again["deletionScheduledAt"], "2026-07-31T12:00:00Z");
    for what in ["enable", "disable"] {
        assert_eq!(
            acme.owner.change_key(&acme.key, what).expect(400).code(),
            "kms_key_state"
        );
    }
    assert_eq!(
        acme.owner
            .change_key(&acme.key, "rotate")
            .expect(400)
            .code(),
        "kms_key_not_active"
    );
    assert_eq!(read(&acme.owner, &acme.key)["status"], "pending_deletion");
    acme.owner.reveal("/a").expect(400);
    let saved = acme
        .owner
        .delete_key(&acme.key, "/cancel-deletion")
        .expect(200)
        .json();
    assert_eq!(
        (&saved["status"], saved.get("deletionScheduledAt")),
        (&json!("active"), None)
    );
    assert_eq!(acme.owner.value_of("/a"), "v");

    acme.owner.delete_key(&acme.key, "").expect(200);
    house.turn(30 * DAY - Duration::from_secs(1));
    assert_eq!(
        (house.remove_due_keys(), status(&acme).as_str()),
        (0, "pending_deletion")
    );
    house.turn(Duration::from_secs(2));
    assert_eq!(house.remove_due_keys(), 1);
    acme.owner.get(&key(&acme.key)).expect(404);
    acme.owner
        .delete_key(&acme.key, "/cancel-deletion")
        .expect(404);
    // What it protected is lost, and still can be seen and removed.
    assert_eq!(
        acme.owner.reveal("/a").expect(404).code(),
        "kms_key_not_found"
    );
    assert_eq!(
        acme.owner.put_value("/a", "w").expect(404).code(),
        "kms_key_not_found"
    );
    let metadata = acme.owner.metadata("/a");
    assert_eq!(
        (&metadata["kmsKeyIdentity"], metadata.get("kmsKey")),
        (&json!(acme.key), None)
    );
    assert_eq!(acme.owner.paths("/"), ["/a"]);
    acme.owner.destroy("/a", 1).expect(204);
    acme.owner.delete(&secret("/a")).expect(204);
}

#[test]
fn a_deletion_cannot_be_called_off_once_the_slug_is_another_keys() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.delete_key(&acme.key, "").expect(200);
    let heir = acme
        .owner
        .post(KEYS)
        .json(&json!({"name": "primary"}))
        .expect(201)
        .json();
    // The old key kept its slug, so the heir got another one and both can live.
    assert_ne!(heir["slug"], "primary");
    let back = acme
        .owner
        .delete_key(&acme.key, "/cancel-deletion")
        .expect(200)
        .json();
    assert_eq!(back["slug"], "primary");
}
