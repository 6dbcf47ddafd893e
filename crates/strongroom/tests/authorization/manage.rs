//! Something for every route of the directory to work on.

use serde_json::{Value, json};
use strongroom_server::http::Route;
use strongroom_testkit::Tenant;

/// Makes what the route works on: things named after it, which no other route touches.
pub(crate) fn furnish(acme: &Tenant<'_>, route: &Route) {
    let owner = &acme.owner;
    let named = json!({"name": name_of(route)});
    if route.template.starts_with("/v1/service-accounts/") {
        owner.post("/v1/service-accounts").json(&named).expect(201);
        let credentials = format!("/v1/service-accounts/{}/access-credentials", name_of(route));
        owner.post(&credentials).expect(201);
    }
}

/// What a call sends, which is nothing for most; `None` for a route of another kind.
pub(crate) fn body(route: &Route) -> Option<Option<Value>> {
    Some(match route.name {
        "createServiceAccount" => Some(json!({"name": "new"})),
        "updateServiceAccount" => Some(json!({"description": "changed"})),
        "createAccessCredential" => Some(json!({"name": ""})),
        "listServiceAccounts"
        | "readServiceAccount"
        | "deleteServiceAccount"
        | "listAccessCredentials"
        | "deleteAccessCredential" => None,
        _ => return None,
    })
}

/// The URL with the parts of things in it.
pub(crate) fn fill(acme: &Tenant<'_>, route: &Route, url: &str) -> String {
    let first = |of: &str| {
        let listed = acme.owner.get(of).expect(200).json();
        listed[0]["identity"].as_str().unwrap().to_owned()
    };
    if !url.contains("{cid}") {
        return url.to_owned();
    }
    let credentials = format!("/v1/service-accounts/{}/access-credentials", name_of(route));
    url.replace("{cid}", &first(&credentials))
}

fn name_of(route: &Route) -> String {
    format!("of-{}", route.name.to_lowercase())
}
