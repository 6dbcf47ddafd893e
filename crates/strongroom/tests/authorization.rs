//! Who gets in where: every route of the table beside everybody who might knock.
//!
//! The table is the server's own. A route without a sample request fails the test, so that no
//! call can be added without an answer to the question who may make it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "authorization/federation.rs"]
mod federation;
#[path = "authorization/manage.rs"]
mod manage;
#[path = "authorization/policies.rs"]
mod policies;
#[path = "authorization/regions.rs"]
mod regions;

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_authz::{ActionFacts, DeniedAs, Kind};
use strongroom_engine::{Gate, PrincipalRef};
use strongroom_server::http::{Route, routes};
use strongroom_testkit::{Call, Caller, House, Reply, Rule, Tenant, b64};

/// What it takes to make a call that succeeds for the owner.
struct Sample {
    url: String,
    body: Option<Value>,
}

/// A house with something for every route to work on, which no other route touches.
struct Scene<'h> {
    acme: Tenant<'h>,
    other: Tenant<'h>,
    event: String,
    federation: federation::Federation,
}

/// The routes that need no credential.
const PUBLIC: [&str; 8] = [
    "acceptInvite",
    "listSignInProviders",
    "issueToken",
    "discoverIssuer",
    "listIssuerKeys",
    "health",
    "readiness",
    "describe",
];

impl<'h> Scene<'h> {
    fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        acme.project("web");
        for route in routes().table() {
            acme.owner
                .create(&secret_of(route), &acme.key, "v")
                .expect(201);
            let key = acme.owner.make_key_of(&key_for(route));
            if route.name == "cancelKeyDeletion" {
                acme.owner.delete_key(&key, "").expect(200);
            }
            manage::furnish(&acme, route);
        }
        let event = acme.owner.audit("action=secret.create")[0]["eventID"].clone();
        Self {
            federation: federation::Federation::new(&acme),
            other: house.tenant("other"),
            event: event.as_str().unwrap().to_owned(),
            acme,
        }
    }

    /// A request that works, for a caller who may make it.
    fn sample(&self, route: &Route) -> Option<Sample> {
        let body = match route.name {
            "listSecrets"
            | "browseSecrets"
            | "readSecret"
            | "getSecretValue"
            | "destroySecretVersion"
            | "deleteSecret"
            | "summariseKeys"
            | "listKeys"
            | "readKey"
            | "readWrappingKey"
            | "readPublicKeys"
            | "rotateKey"
            | "disableKey"
            | "enableKey"
            | "deleteKey"
            | "cancelKeyDeletion"
            | "listAudit"
            | "readAuditEntry"
            | "listRegions" => None,
            "createSecret" => Some(json!({
                "path": "/new", "kmsKeyIdentity": self.acme.key, "secretString": b64("v"),
            })),
            "setAccessPolicy" => Some(json!({"accessPolicy": null})),
            "putSecretValue" => Some(json!({"secretString": b64("w")})),
            "createKey" => Some(json!({"name": "new"})),
            "encrypt" => Some(json!({"plaintext": b64("x")})),
            "decrypt" => Some(json!({"ciphertext": self.ciphertext(route)})),
            "configureRotation" | "exportKey" | "drawDataKey" | "drawRandomBytes" => {
                Some(json!({}))
            }
            "sign" | "hmac" => Some(json!({"input": b64("x")})),
            "verify" => Some(json!({"input": b64("x"), "signature": "none"})),
            "verifyHmac" => Some(json!({"input": b64("x"), "hmac": "none"})),
            "reencrypt" => Some(json!({"ciphertext": self.ciphertext(route)})),
            "encryptBatch" => Some(json!({"items": [{"plaintext": b64("x")}]})),
            "decryptBatch" => Some(json!({"items": [{"ciphertext": "none"}]})),
            "signBatch" => Some(json!({"items": [{"input": b64("x")}]})),
            "verifyBatch" => Some(json!({"items": [{"input": b64("x"), "signature": "none"}]})),
            _ => match manage::body(&self.acme, route) {
                Some(body) => body,
                None => self.federation.body(route)?,
            },
        };
        let url = route
            .template
            .replace("{region}", "nl-01")
            .replace("{path}", &secret_of(route))
            .replace("{id}", &key_of(route))
            .replace("{eventID}", &self.event);
        let url = manage::fill(&self.acme, route, &url);
        let url = self.federation.fill(route, &url);
        let query = match route.name {
            "listSecrets" => "?pathPrefix=/",
            "destroySecretVersion" => "?version=1",
            _ => "",
        };
        Some(Sample {
            url: url + query,
            body,
        })
    }

    fn ciphertext(&self, route: &Route) -> Value {
        let url = format!("/v1/kms/nl-01/keys/{}/encrypt", key_of(route));
        let call = self
            .acme
            .owner
            .post(&url)
            .json(&json!({"plaintext": b64("x")}));
        call.expect(200).json()["ciphertext"].clone()
    }

    /// The routes that need a credential, each with its action and its sample.
    fn guarded(&self) -> Vec<(Route, ActionFacts, Sample)> {
        let routes = routes();
        let with_sample = |route: &Route| {
            let action = route.action?;
            let sample = self.sample(route);
            let missing = || panic!("{} has no sample request; add one here", route.name);
            Some((route.clone(), action, sample.unwrap_or_else(missing)))
        };
        routes.table().filter_map(with_sample).collect()
    }
}

fn secret_of(route: &Route) -> String {
    format!("/of/{}", route.name)
}

fn key_of(route: &Route) -> String {
    format!("of-{}", route.name.to_lowercase())
}

/// The key that the route can work on.
fn key_for(route: &Route) -> Value {
    let key_type = match route.name {
        "sign" | "verify" | "signBatch" | "verifyBatch" | "readPublicKeys" => "ed25519",
        "hmac" | "verifyHmac" => "hmac",
        _ => "aes256-gcm96",
    };
    json!({"name": key_of(route), "keyType": key_type, "exportAllowed": true})
}

fn knock(caller: &Caller, route: &Route, sample: &Sample) -> Call {
    with_body(caller.call(route.method.clone(), &sample.url), sample)
}

fn with_body(call: Call, sample: &Sample) -> Call {
    match &sample.body {
        Some(body) => call.json(body),
        None => call,
    }
}

/// Insists on a refusal.
fn refused(call: Call, status: u16, code: &str, route: &Route) -> Reply {
    let reply = call.expect(status);
    assert_eq!(reply.code(), code, "{}", route.name);
    reply
}

/// What the action's table says to those who may not.
fn insist_on_denial(reply: Reply, action: &ActionFacts) {
    match action.denied {
        DeniedAs::Forbidden => assert_eq!(reply.expect(403).code(), "permission_denied"),
        DeniedAs::NotFound => assert_eq!(reply.expect(404).code(), "kms_key_not_found"),
        DeniedAs::LeftOut => assert_eq!(reply.expect(200).json(), json!([])),
    }
}

#[test]
fn only_what_must_be_is_public() {
    let house = House::new();
    let mut public: Vec<&str> = Vec::new();
    for route in routes().table().filter(|route| route.action.is_none()) {
        public.push(route.name);
        assert!(route.gates.is_empty(), "{}", route.name);
        // Public is public, whatever somebody claims to be.
        let plain = house.web.call(route.method.clone(), route.template).send();
        let claimed = house.web.call(route.method.clone(), route.template);
        let claimed = claimed.token("tc_pat_unknown").send();
        assert_eq!(plain.status, claimed.status, "{}", route.name);
    }
    public.sort_unstable();
    let mut expected = PUBLIC;
    expected.sort_unstable();
    assert_eq!(public, expected);
}

#[test]
fn every_route_has_its_gates() {
    for route in routes().table().filter(|route| route.action.is_some()) {
        let expected: &[Gate] = if route.template.starts_with("/v1/secrets/") {
            &[Gate::Secrets, Gate::Kms]
        } else if route.template.starts_with("/v1/kms/{region}/") {
            &[Gate::Kms]
        } else if route.template.starts_with("/v1/projects/iam/") {
            &[Gate::Projects]
        } else {
            &[]
        };
        assert_eq!(route.gates, expected, "{}", route.name);
    }
}

#[test]
fn nobody_gets_in_without_a_credential_that_counts() {
    let house = House::new();
    let scene = Scene::new(&house);
    let brief = scene.acme.owner_for(Duration::from_secs(1));
    house.turn(Duration::from_secs(2));
    for (route, _, sample) in scene.guarded() {
        let call = || with_body(house.web.call(route.method.clone(), &sample.url), &sample);
        refused(call(), 401, "credentials_missing", &route);
        let token = scene.acme.owner.token();
        for malformed in [
            "Bearer",
            "Bearer ",
            token,
            "Digest x",
            "Basic !",
            "Bearer a b",
        ] {
            let call = call().header("Authorization", malformed);
            refused(call, 401, "credentials_invalid", &route);
        }
        let unknown = house
            .web
            .with("tc_pat_unknown", scene.acme.owner.organisation());
        refused(
            knock(&unknown, &route, &sample),
            401,
            "credentials_invalid",
            &route,
        );
        refused(
            knock(&brief, &route, &sample),
            401,
            "credentials_expired",
            &route,
        );
    }
}

#[test]
fn nobody_gets_into_another_organisation() {
    let house = House::new();
    let scene = Scene::new(&house);
    let (acme, other) = (&scene.acme, &scene.other);
    let stranger = other.owner.in_organisation(acme.owner.organisation());
    let abroad = acme.owner.in_organisation(other.owner.organisation());
    let nowhere = acme.owner.in_organisation("nothing");
    for (route, action, sample) in scene.guarded() {
        for caller in [&stranger, &abroad, &nowhere] {
            refused(knock(caller, &route, &sample), 403, "not_a_member", &route);
        }
        // At home, the stranger's request finds nothing of ours.
        let names = [
            "{path}",
            "{id}",
            "{mid}",
            "{tid}",
            "{invite}",
            "{eventID}",
            "{provider}",
            "{federated}",
        ];
        if names.iter().any(|name| route.template.contains(name)) {
            knock(&other.owner, &route, &sample).expect(404);
        } else if route.name == "createSecret" {
            refused(
                knock(&other.owner, &route, &sample),
                404,
                "kms_key_not_found",
                &route,
            );
        } else if route.name == "createFederatedIdentity" {
            // The body names an account of ours.
            let call = knock(&other.owner, &route, &sample);
            refused(call, 400, "invalid_request", &route);
        } else {
            let reply = knock(&other.owner, &route, &sample).expect(route.success.as_u16());
            // Its own log names what it asked for in vain.
            let shows = reply.text().contains("/of/") && route.name != "listAudit";
            assert!(!shows, "{}", action.name);
            assert!(
                !reply.text().contains(&acme.organisation.to_string()),
                "{}",
                action.name
            );
        }
    }
}

#[test]
fn a_shut_gate_lets_nobody_through() {
    let house = House::new();
    let scene = Scene::new(&house);
    let member = scene.acme.member(&[]);
    const ALL: [Gate; 3] = [Gate::Secrets, Gate::Kms, Gate::Projects];
    for open in [&ALL[1..], &ALL[..1], &ALL[2..], &ALL[..2], &[]] {
        let samples = scene.guarded();
        scene.acme.set_gates(open);
        for (route, action, sample) in &samples {
            let shut = |gate: &Gate| !open.contains(gate);
            if route.gates.iter().any(shut) {
                for caller in [&scene.acme.owner, &member] {
                    refused(knock(caller, route, sample), 403, "feature_disabled", route);
                }
            } else if route.gates.is_empty() && action.kind == Kind::Reads {
                knock(&scene.acme.owner, route, sample).expect(200);
            }
        }
        scene.acme.set_gates(&ALL);
    }
}

#[test]
fn an_unknown_place_is_not_found_by_members() {
    let house = House::new();
    let scene = Scene::new(&house);
    let member = scene.acme.member(&[]);
    for (route, _, sample) in scene.guarded() {
        for caller in [&scene.acme.owner, &member] {
            let lost = caller.in_project("nothing");
            refused(
                knock(&lost, &route, &sample),
                404,
                "project_not_found",
                &route,
            );
            if route.template.contains("{region}") {
                let elsewhere = Sample {
                    url: sample.url.replace("/nl-01/", "/nl-99/"),
                    body: sample.body.clone(),
                };
                refused(
                    knock(caller, &route, &elsewhere),
                    404,
                    "region_not_found",
                    &route,
                );
            }
        }
    }
}

/// Rules that permit everything but what this action needs.
fn all_but(action: &ActionFacts) -> Vec<(String, Vec<String>)> {
    let permissions = strongroom_authz::Permission::ALL.into_iter();
    let permissions = permissions.filter(|each| !action.permissions.contains(each));
    let own = permissions.map(|each| each.as_str().to_owned()).collect();
    let types = strongroom_authz::ResourceType::ALL.into_iter();
    let types = types.filter(|each| *each != action.resource);
    let others = types.map(|each| (each.as_str().to_owned(), vec!["*".to_owned()]));
    others
        .chain([(action.resource.as_str().to_owned(), own)])
        .collect()
}

fn member_with(scene: &Scene<'_>, rules: &[(String, Vec<String>)]) -> Caller {
    let permissions: Vec<Vec<&str>> = rules
        .iter()
        .map(|(_, permissions)| permissions.iter().map(String::as_str).collect())
        .collect();
    let rules: Vec<Rule<'_>> = rules
        .iter()
        .zip(&permissions)
        .map(|((resource, _), permissions)| {
            (resource.as_str(), [].as_slice(), permissions.as_slice())
        })
        .collect();
    scene.acme.member(&rules)
}

#[test]
fn without_the_permission_a_member_is_refused_and_with_it_alone_let_in() {
    let house = House::new();
    let scene = Scene::new(&house);
    let nothing = scene.acme.member(&[]);
    for (route, action, sample) in scene.guarded() {
        let success = route.success.as_u16();
        if action.permissions.is_empty() {
            let found = if manage::is_personal(&route) {
                404
            } else {
                success
            };
            let sample = policies::own(&nothing, &route).unwrap_or(sample);
            knock(&nothing, &route, &sample).expect(found);
            continue;
        }
        insist_on_denial(knock(&nothing, &route, &sample).send(), &action);
        let almost = member_with(&scene, &all_but(&action));
        insist_on_denial(knock(&almost, &route, &sample).send(), &action);
        // The refusals did nothing: what they asked for can still be done, by each right alone.
        for permission in action.permissions {
            let resource = action.resource.as_str();
            let exactly = scene
                .acme
                .member(&[(resource, &[], &[permission.as_str()])]);
            knock(&exactly, &route, &sample).expect(success);
        }
    }
}

#[test]
fn a_right_inside_a_project_is_none_outside() {
    let house = House::new();
    let scene = Scene::new(&house);
    let acme = &scene.acme;
    let project = acme.project("inner");
    let inside = |resource: &str, permission: &str| {
        let user = acme.user("inside@example.org");
        acme.permit(
            PrincipalRef::User(user),
            &[(resource, &[], &[permission])],
            Some(project),
        );
        acme.caller(user, strongroom_engine::NewToken::default())
    };
    for (route, action, sample) in scene.guarded() {
        for permission in action.permissions {
            let member = inside(action.resource.as_str(), permission.as_str());
            insist_on_denial(knock(&member, &route, &sample).send(), &action);
            let other_project = member.in_project("web");
            insist_on_denial(knock(&other_project, &route, &sample).send(), &action);
        }
    }
}

#[test]
fn a_token_for_looking_changes_nothing_and_uses_nothing() {
    let house = House::new();
    let scene = Scene::new(&house);
    let token = |scope: &str| {
        let scopes = vec![scope.to_owned()];
        let token = strongroom_engine::NewToken {
            scopes,
            ..Default::default()
        };
        scene.acme.caller(scene.acme.user, token)
    };
    let (looks, none) = (token("api:read"), token("something:else"));
    for (route, action, sample) in scene.guarded() {
        let reply = knock(&none, &route, &sample).send();
        assert!(
            reply.status >= 400 || reply.json() == json!([]),
            "{}",
            route.name
        );
        let reply = knock(&looks, &route, &sample).send();
        if action.kind == Kind::Reads {
            reply.expect(route.success.as_u16());
        } else {
            assert!(
                matches!(reply.status, 403 | 404),
                "{}: {}",
                route.name,
                reply.status
            );
        }
    }
}
