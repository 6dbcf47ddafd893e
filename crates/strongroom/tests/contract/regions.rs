//! `GET /v1/regions`.

use serde_json::json;
use strongroom_testkit::House;

#[test]
fn every_member_sees_every_region() {
    let house = House::new();
    let acme = house.tenant("acme");
    let expected = json!([
        {"identity": "reg-nl-01", "name": "NL-01", "slug": "nl-01", "kmsAvailable": true},
        {"identity": "reg-nl-02", "name": "NL-02", "slug": "nl-02", "kmsAvailable": true},
        {"identity": "reg-no-kms", "name": "NO-KMS", "slug": "no-kms", "kmsAvailable": false},
    ]);
    for caller in [acme.owner.clone(), acme.member(&[])] {
        assert_eq!(caller.get("/v1/regions").expect(200).json(), expected);
    }
    house.web.get("/v1/regions").expect(401);
}

#[test]
fn a_region_without_kms_has_secrets_in_name_only() {
    let house = House::new();
    let acme = house.tenant("acme");
    let list = acme.owner.get("/v1/secrets/no-kms/secrets?pathPrefix=/");
    assert_eq!(list.expect(200).json(), json!([]));
    acme.owner.get("/v1/secrets/no-kms/secrets").expect(200);
    acme.owner.get("/v1/secrets/no-kms/secret/a").expect(404);
    assert_eq!(
        acme.owner.get("/v1/kms/no-kms/keys").expect(200).json(),
        json!([])
    );
    let key = acme
        .owner
        .post("/v1/kms/no-kms/keys")
        .json(&json!({"name": "k"}));
    assert_eq!(key.expect(503).code(), "kms_unavailable");
    let body = json!({"path": "/a", "kmsKeyIdentity": acme.key, "generateSecret": {}});
    let secret = acme.owner.post("/v1/secrets/no-kms/secrets").json(&body);
    assert_eq!(secret.expect(503).code(), "kms_unavailable");
}
