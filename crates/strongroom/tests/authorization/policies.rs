//! Something for every route about policies and access elevations to work on.

use serde_json::{Value, json};
use strongroom_server::http::Route;
use strongroom_testkit::{Caller, Tenant};

use super::Sample;

const POLICIES: &str = "/v1/projects/iam/policies";
const MINE: &str = "/v1/projects/iam/my-access-elevations";
const ELEVATIONS: &str = "/v1/projects/iam/access-elevations";

/// Makes a policy named after the route, bound and asked for, which no other route touches.
pub(crate) fn furnish(acme: &Tenant<'_>, route: &Route) {
    if !route.template.starts_with("/v1/projects/iam/") || !route.template.contains("{id}") {
        return;
    }
    let (owner, name) = (&acme.owner, name_of(route));
    let policy = json!({"name": name});
    owner.post(POLICIES).json(&policy).expect(201);
    let one = format!("{POLICIES}/{name}");
    owner
        .post(&format!("{one}/rules"))
        .json(&rule())
        .expect(201);
    let oneself = json!({"userIdentity": acme.user.to_string()});
    let bindings = format!("{one}/bindings");
    owner.post(&bindings).json(&oneself).expect(201);
    owner.post(MINE).json(&request(&name)).expect(201);
    if route.name == "revokeElevation" {
        let other = acme.member(&[("iam_policy", &[], &["update"])]);
        let approval = format!("{ELEVATIONS}/{}/approve", elevation(owner, &name));
        other.post(&approval).json(&json!({})).expect(200);
    }
}

/// A rule that whoever may change policies holds.
fn rule() -> Value {
    json!({"resources": ["iam_policy"], "permissions": ["update"]})
}

fn request(policy: &str) -> Value {
    json!({"policyIdentity": policy, "reason": "the matrix", "duration": "24h"})
}

/// What a call sends, which is nothing for most; `None` for a route of another kind.
pub(crate) fn body(acme: &Tenant<'_>, route: &Route) -> Option<Option<Value>> {
    Some(match route.name {
        "createPolicy" => Some(json!({"name": "new"})),
        "updatePolicy" | "updatePolicyBinding" => Some(json!({"description": "changed"})),
        "addPolicyRule" => Some(rule()),
        "createPolicyBinding" => Some(json!({"userIdentity": acme.user.to_string()})),
        "requestElevation" => Some(request("secrets:ReadAccess")),
        "approveElevation" | "rejectElevation" | "revokeElevation" => {
            Some(json!({"reviewNote": "seen"}))
        }
        "listPolicies"
        | "listPolicyResources"
        | "listPolicyMembers"
        | "readPolicy"
        | "deletePolicy"
        | "removePolicyRule"
        | "listPolicyBindings"
        | "deletePolicyBinding"
        | "listAccessBindings"
        | "listOwnElevations"
        | "readOwnElevation"
        | "cancelElevation"
        | "listElevations"
        | "readElevation" => None,
        _ => return None,
    })
}

/// The URL with the parts of things in it.
pub(crate) fn fill(acme: &Tenant<'_>, route: &Route, url: &str) -> String {
    let name = name_of(route);
    let policy = || {
        let policy = acme.owner.get(&format!("{POLICIES}/{name}"));
        policy.expect(200).json()
    };
    if route.name == "listAccessBindings" {
        return format!("{url}?resourceType=secret&resourceIdentity=/a");
    }
    if url.contains("access-elevations/") {
        return url.replace(&name, &elevation(&acme.owner, &name));
    }
    if url.contains("{rid}") {
        return url.replace("{rid}", policy()["rules"][0]["identity"].as_str().unwrap());
    }
    if url.contains("{bid}") {
        let binding = &policy()["bindings"][0]["identity"];
        return url.replace("{bid}", binding.as_str().unwrap());
    }
    url.to_owned()
}

/// The owner's request for the policy of this name.
fn elevation(owner: &Caller, name: &str) -> String {
    let asked = owner.get(MINE).expect(200).json();
    let mut asked = asked.as_array().unwrap().iter();
    let found = asked.find(|each| each["iamPolicy"]["name"] == name);
    found.unwrap()["identity"].as_str().unwrap().to_owned()
}

/// A request about something of the caller's own, where that is what the route is about.
pub(crate) fn own(caller: &Caller, route: &Route) -> Option<Sample> {
    if !route.template.contains("/my-access-elevations/{id}") {
        return None;
    }
    let made = caller.post(MINE).json(&request("secrets:ReadAccess"));
    let made = made.expect(201).json();
    Some(Sample {
        url: route
            .template
            .replace("{id}", made["identity"].as_str().unwrap()),
        body: None,
    })
}

fn name_of(route: &Route) -> String {
    format!("of-{}", route.name.to_lowercase())
}
