//! Something for every route of the directory to work on.

use serde_json::{Value, json};
use strongroom_server::http::Route;
use strongroom_testkit::Tenant;

const TOKENS: &str = "/v1/me/personal-access-tokens";
const INVITES: &str = "/v1/invites";
const INVITE: &str = "/v1/invites/{invite}";

/// Whether the route works on something that only the owner of it can find.
pub(crate) fn is_personal(route: &Route) -> bool {
    route.template.contains("{tid}")
}

/// Makes what the route works on: things named after it, which no other route touches.
pub(crate) fn furnish(acme: &Tenant<'_>, route: &Route) {
    let owner = &acme.owner;
    let named = json!({"name": name_of(route)});
    if route.template.starts_with("/v1/service-accounts/") {
        owner.post("/v1/service-accounts").json(&named).expect(201);
        let credentials = format!("/v1/service-accounts/{}/access-credentials", name_of(route));
        owner.post(&credentials).expect(201);
    }
    if route.template.starts_with("/v1/teams/") {
        owner.post("/v1/teams").json(&named).expect(201);
        let members = format!("/v1/teams/{}/members", name_of(route));
        owner.post(&members).json(&oneself(acme)).expect(201);
    }
    if route.template.starts_with("/v1/memberships/") {
        acme.user(&email_of(route));
    }
    if route.template == INVITE {
        let invited = json!({"email": email_of(route)});
        owner.post(INVITES).json(&invited).expect(201);
    }
    if is_personal(route) {
        owner.post(TOKENS).json(&named).expect(201);
    }
    crate::policies::furnish(acme, route);
    if route.template.starts_with("/v1/projects/{id}") {
        owner.post("/v1/projects").json(&named).expect(201);
    }
    if route.template.starts_with("/v1/iam/roles/") {
        owner.post("/v1/iam/roles").json(&named).expect(201);
        let role = format!("/v1/iam/roles/{}", name_of(route));
        owner
            .post(&format!("{role}/bindings"))
            .json(&oneself(acme))
            .expect(201);
        owner
            .post(&format!("{role}/rules"))
            .json(&rule())
            .expect(201);
    }
}

/// The owner, as one to be given something.
fn oneself(acme: &Tenant<'_>) -> Value {
    json!({"userIdentity": acme.user.to_string()})
}

fn email_of(route: &Route) -> String {
    format!("{}@example.org", name_of(route))
}

/// A rule that whoever may change roles holds.
fn rule() -> Value {
    json!({"resources": ["iam_role"], "permissions": ["update"]})
}

/// What a call sends, which is nothing for most; `None` for a route of another kind.
pub(crate) fn body(acme: &Tenant<'_>, route: &Route) -> Option<Option<Value>> {
    Some(match route.name {
        "createServiceAccount" | "createRole" | "createTeam" | "createProject" => {
            Some(json!({"name": "new"}))
        }
        "createOwnToken" => Some(json!({"name": ""})),
        "updateServiceAccount" | "updateTeam" | "updateProject" => {
            Some(json!({"description": "changed"}))
        }
        "createAccessCredential" => Some(json!({"name": ""})),
        "addRoleRule" => Some(rule()),
        "createRoleBinding" | "addTeamMember" => Some(oneself(acme)),
        "explainRights" => Some(json!({"resource": "secret", "permission": "list"})),
        "updateMember" => Some(json!({"role": "MEMBER"})),
        "createInvite" => Some(json!({"email": "new@example.org"})),
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
        | "deleteRoleBinding"
        | "listTeams"
        | "readTeam"
        | "deleteTeam"
        | "removeTeamMember"
        | "listMembers"
        | "deleteMember"
        | "listInvites"
        | "withdrawInvite"
        | "listOwnMemberships"
        | "listOwnTokens"
        | "revokeOwnToken"
        | "endOwnSignIns"
        | "endMemberSignIns"
        | "listProjects"
        | "readProject"
        | "deleteProject" => None,
        _ => return crate::policies::body(acme, route),
    })
}

/// The URL with the parts of things in it.
pub(crate) fn fill(acme: &Tenant<'_>, route: &Route, url: &str) -> String {
    let first = |of: &str| {
        let listed = acme.owner.get(of).expect(200).json();
        listed[0]["identity"].as_str().unwrap().to_owned()
    };
    let name = name_of(route);
    if url.starts_with("/v1/projects/iam/") {
        return crate::policies::fill(acme, route, url);
    }
    if url.contains("{cid}") {
        let credentials = format!("/v1/service-accounts/{name}/access-credentials");
        return url.replace("{cid}", &first(&credentials));
    }
    if url.starts_with("/v1/teams/") {
        return url.replace("{mid}", &acme.user.to_string());
    }
    if route.template == INVITE {
        let invites = acme.owner.get(INVITES).expect(200).json();
        let mut invites = invites.as_array().unwrap().iter();
        let invite = invites.find(|each| each["email"] == email_of(route));
        return url.replace("{invite}", invite.unwrap()["inviteCode"].as_str().unwrap());
    }
    if url.contains("{tid}") {
        let tokens = acme.owner.get(TOKENS).expect(200).json();
        let mut tokens = tokens.as_array().unwrap().iter();
        let token = tokens.find(|each| each["name"] == name);
        return url.replace("{tid}", token.unwrap()["identity"].as_str().unwrap());
    }
    if url.contains("{mid}") {
        let members = acme.owner.get("/v1/memberships").expect(200).json();
        let mut members = members.as_array().unwrap().iter();
        let member = members.find(|each| each["user"]["email"] == email_of(route));
        return url.replace("{mid}", member.unwrap()["identity"].as_str().unwrap());
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
