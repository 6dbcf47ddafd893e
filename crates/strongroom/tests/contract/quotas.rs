//! How many secrets an organisation may have (contract 1.14).

use strongroom_testkit::House;
use strongroom_testkit::api::secret;

#[test]
fn secrets_may_be_limited() {
    let house = House::with(|config| config.quotas.secrets_per_organisation = 2);
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "one").expect(201);
    owner.create("/b", &acme.key, "two").expect(201);
    let refused = owner.create("/c", &acme.key, "three").expect(429);
    assert_eq!(refused.code(), "quota_exceeded");
    assert_eq!(
        refused.message(),
        "an organisation has at most 2 secrets here; delete some that are not needed, or ask the \
         operator for a higher limit"
    );
    owner.get(&secret("/c")).expect(404);
    // A path that is taken is no matter of room, and neither is a new version.
    let taken = owner.create("/a", &acme.key, "three").expect(409);
    assert_eq!(taken.code(), "secret_exists");
    owner.put_value("/a", "three").expect(200);

    // It is on record as the call that it was: no secret was made.
    let made = owner.audit("action=secret.create&resourceIdentity=/c");
    assert!(made.is_empty(), "{made:?}");
    assert_eq!(owner.audit("responseStatus=429").len(), 1);

    owner.delete(&secret("/b")).expect(204);
    owner.create("/c", &acme.key, "three").expect(201);
}
