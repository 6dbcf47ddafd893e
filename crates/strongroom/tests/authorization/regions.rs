//! What stands in one region is not there in another.

use serde_json::Value;
use strongroom_server::http::{Route, routes};
use strongroom_testkit::api::key;
use strongroom_testkit::{Caller, House};

use super::{Sample, Scene, key_of, knock, refused};

/// What a route says of something that it does not find; nothing if it names no secret and no key.
fn not_found(route: &Route) -> Option<&'static str> {
    let template = route.template;
    if template.starts_with("/v1/secrets/{region}/secret{path}") {
        Some("secret_not_found")
    } else if template.starts_with("/v1/kms/{region}/keys/{id}") {
        Some("kms_key_not_found")
    } else {
        None
    }
}

/// The same thing by its slug and by its identity, in a region that exists and does not have it.
fn elsewhere(owner: &Caller, route: &Route, sample: &Sample) -> Vec<Sample> {
    let by_slug = sample.url.replace("/nl-01/", "/nl-02/");
    assert_ne!(by_slug, sample.url, "{}", route.name);
    let mut urls = vec![by_slug.clone()];
    if route.template.contains("{id}") {
        let found = owner.get(&key(&key_of(route))).expect(200).json();
        let identity = found["identity"].as_str().unwrap();
        let slug = format!("/keys/{}", key_of(route));
        urls.push(by_slug.replace(&slug, &format!("/keys/{identity}")));
        assert_ne!(urls[0], urls[1], "{}", route.name);
    }
    let body = || sample.body.clone();
    let samples = urls.into_iter().map(|url| Sample { url, body: body() });
    samples.collect()
}

#[test]
fn another_region_has_nothing_of_this_one() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = &scene.acme.owner;
    // Both kinds of things, by whoever may do everything.
    let all = ["secret", "kms_key"].map(|kind| (kind, [].as_slice(), ["*"].as_slice()));
    let member = scene.acme.member(&all);
    let mut tried = 0;
    for (route, _, sample) in scene.guarded() {
        let Some(code) = not_found(&route) else {
            continue;
        };
        tried += 1;
        for caller in [owner, &member] {
            for there in elsewhere(owner, &route, &sample) {
                refused(knock(caller, &route, &there), 404, code, &route);
            }
        }
        // The request was a good one, and the refusals changed nothing of what it works on.
        knock(owner, &route, &sample).expect(route.success.as_u16());
    }
    // All that the table has, so that no rename of a URL can empty the loop.
    let named = |route: &&Route| {
        let template = route.template;
        template.contains("{region}") && (template.contains("{path}") || template.contains("{id}"))
    };
    assert_eq!(tried, routes().table().filter(named).count());
    assert!(tried > 20, "{tried} routes");
    for list in [
        "/v1/secrets/nl-02/secrets?pathPrefix=/",
        "/v1/kms/nl-02/keys",
    ] {
        let list = owner.get(list).expect(200).json();
        assert_eq!(list, Value::Array(Vec::new()));
    }
}
