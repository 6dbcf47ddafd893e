//! Rotation by period, and the oldest version that still decrypts (contract 2.7).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::key;
use strongroom_testkit::{Caller, House, Reply, b64};

use super::{ask, input, make, text, with};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn configure(caller: &Caller, id: &str, body: &Value, status: u16) -> Reply {
    let url = format!("{}/rotation", key(id));
    caller
        .call(reqwest::Method::PATCH, &url)
        .json(body)
        .expect(status)
}

fn rotate_due(house: &House) -> usize {
    house.wait(house.engine().rotate_due_keys_once()).unwrap()
}

fn latest(caller: &Caller, id: &str) -> Value {
    caller.get(&key(id)).expect(200).json()["latestVersion"].clone()
}

#[test]
fn a_key_rotates_when_its_period_is_over_and_once() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = acme.owner.clone();
    let project = acme.project("web").to_string();
    let body = json!({"name": "due", "keyRotationEnabled": true, "rotationPeriodInDays": 30});
    let id = owner.make_key_of(&body);
    let inside = owner.in_project(&project).make_key_of(&body);
    let idle = owner.make_key_of(&json!({
        "name": "idle", "keyRotationEnabled": true, "rotationPeriodInDays": 30,
    }));
    owner.change_key(&idle, "disable").expect(200);
    house.turn(DAY * 30 - Duration::from_secs(1));
    assert_eq!(rotate_due(&house), 0);
    house.turn(Duration::from_secs(1));
    assert_eq!(rotate_due(&house), 2);
    assert_eq!(rotate_due(&house), 0);
    assert_eq!(latest(&owner, &id), 2);
    assert_eq!(latest(&owner.in_project(&project), &inside), 2);
    assert_eq!(latest(&owner, &idle), 1);
    assert_eq!(latest(&owner, &acme.key), 1);

    let events = owner.audit("action=kms.rotate.scheduled&includeSystemServices=true");
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["context"]["keyVersion"], 2);
    assert_eq!(events[0]["context"]["because"], "period");
    assert!(owner.audit("action=kms.rotate").is_empty());

    // A rotation by hand begins the period anew; a restart does not.
    house.turn(DAY * 20);
    owner.change_key(&id, "rotate").expect(200);
    house.turn(DAY * 20);
    let house = house.reopen(|_| {});
    let owner = owner.at(&house.web);
    // Whoever is first, this call or the new server's own job: it happens once.
    rotate_due(&house);
    assert_eq!(latest(&owner.in_project(&project), &inside), 3);
    assert_eq!(latest(&owner, &id), 3);
    house.turn(DAY * 10);
    assert_eq!(rotate_due(&house), 1);
    assert_eq!(latest(&owner, &id), 4);
}

#[test]
fn versions_below_the_oldest_do_nothing_until_it_is_lowered() {
    let house = House::new();
    let acme = house.tenant("acme");
    let signing = make(&acme.owner, "signing", "ed25519");
    acme.owner.create("/a", &acme.key, "kept").expect(201);
    let body = json!({"plaintext": b64("x")});
    let sealed = text(
        &ask(&acme.owner, &acme.key, "encrypt", &body, 200),
        "ciphertext",
    );
    let sealed = json!({"ciphertext": sealed});
    let signed = text(
        &ask(&acme.owner, &signing, "sign", &input("x"), 200),
        "signature",
    );
    let verify = with(input("x"), "signature", json!(signed));
    let oldest = |version: u64| json!({"minDecryptionVersion": version});
    for id in [&acme.key, &signing] {
        configure(&acme.owner, id, &oldest(2), 400);
        acme.owner.change_key(id, "rotate").expect(200);
        let changed = configure(&acme.owner, id, &oldest(2), 200).json();
        assert_eq!(changed["minDecryptionVersion"], 2);
        assert_eq!(changed["keyRotationEnabled"], false);
        for wrong in [json!(0), json!(3), json!("2"), json!(1.5)] {
            let body = json!({"minDecryptionVersion": wrong});
            let refused = configure(&acme.owner, id, &body, 400);
            assert!(
                refused.message().contains("minDecryptionVersion"),
                "{wrong}"
            );
        }
    }
    let refused = ask(&acme.owner, &acme.key, "decrypt", &sealed, 400);
    assert_eq!(refused.code(), "invalid_ciphertext");
    let old = with(body, "keyVersion", json!(1));
    ask(&acme.owner, &acme.key, "encrypt", &old, 404);
    assert_eq!(
        ask(&acme.owner, &signing, "verify", &verify, 200).json()["valid"],
        false
    );
    assert_eq!(
        acme.owner.reveal("/a").expect(400).code(),
        "kms_key_unusable"
    );
    configure(&acme.owner, &acme.key, &oldest(1), 200);
    configure(&acme.owner, &signing, &oldest(1), 200);
    ask(&acme.owner, &acme.key, "decrypt", &sealed, 200);
    assert_eq!(
        ask(&acme.owner, &signing, "verify", &verify, 200).json()["valid"],
        true
    );
    assert_eq!(acme.owner.value_of("/a"), "kept");
}
