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
    if route.template.starts_with("/v1/iam/roles/") {
        owner.post("/v1/iam/roles").json(&named).expect(201);
        let role = format!("/v1/iam/roles/{}", name_of(route));
        let bound = json!({"userIdentity": acme.user.to_string()});
        owner
            .post(&format!("{role}/bindings"))
            .json(&bound)
            .expect(201);
        owner
            .post(&format!("{role}/rules"))
            .json(&rule())
            .expect(201);
    }
}

/// A rule that whoever may change roles holds.
fn rule() -> Value {
    json!({"resources": ["iam_role"], "permissions": ["update"]})
}

/// What a call sends, which is nothing for most; `None` for a route of another kind.
pub(crate) fn body(acme: &Tenant<'_>, route: &Route) -> Option<Option<Value>> {
    Some(match route.name {
        "createServiceAccount" | "createRole" => Some(json!({"name": "new"})),
        "updateServiceAccount" => Some(json!({"description": "changed"})),
        "createAccessCredential" => Some(json!({"name": ""})),
        "addRoleRule" => Some(rule()),
        "createRoleBinding" => Some(json!({"userIdentity": acme.user.to_string()})),
        "listServiceAccounts"
        | "readServiceAccount"
        | "deleteServiceAccount"
        | "listAccessCredentials"
        | "deleteAccessCredential"
        | "listRoles"
        | "readRole"
        | "deleteRole"
        | "removeRoleRule"
        | "listRoleBindings"
        | "deleteRoleBinding" => None,
        _ => return None,
    })
}

/// The URL with the parts of things in it.
pub(crate) fn fill(acme: &Tenant<'_>, route: &Route, url: &str) -> String {
    let first = |of: &str| {
        let listed = acme.owner.get(of).expect(200).json();
        listed[0]["identity"].as_str().unwrap().to_owned()
    };
    let name = name_of(route);
    if url.contains("{cid}") {
        let credentials = format!("/v1/service-accounts/{name}/access-credentials");
        return url.replace("{cid}", &first(&credentials));
    }
    if url.contains("{bid}") {
        return url.replace("{bid}", &first(&format!("/v1/iam/roles/{name}/bindings")));
    }
    if url.contains("{rid}") {
        let role = acme.owner.get(&format!("/v1/iam/roles/{name}"));
        let role = role.expect(200).json();
        return url.replace("{rid}", role["rules"][0]["identity"].as_str().unwrap());
    }
    url.to_owned()
}

fn name_of(route: &Route) -> String {
    format!("of-{}", route.name.to_lowercase())
}
