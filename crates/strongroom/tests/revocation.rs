//! What is taken away is gone: no request that starts after the acknowledgement gets through.
//!
//! Many clients use a right without a pause while its owner takes it away, round after round.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, Tenant, b64};

const ROUNDS: usize = 12;
/// Requests that each client starts after the acknowledgement.
const AFTERWARDS: usize = 5;
/// Clients of each kind.
const CLIENTS: usize = 3;

/// How long all clients may take to get in.
const PATIENCE: Duration = Duration::from_secs(60);

const TOKENS: &str = "/v1/me/personal-access-tokens";

/// A request that succeeds as long as the right is there; its status.
type Use<'a> = Box<dyn Fn() -> u16 + Send + Sync + 'a>;

/// Says that the right is gone, also to the clients of a test that failed.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Takes the right away while everybody uses it; `refused` is the status from then on.
fn race(uses: &[Use<'_>], refused: u16, revoke: impl FnOnce()) {
    let revoked = AtomicBool::new(false);
    let (at_work, everybody) = mpsc::channel();
    thread::scope(|scope| {
        let end = End(&revoked);
        for one in uses {
            for _ in 0..CLIENTS {
                let (revoked, at_work) = (&revoked, at_work.clone());
                scope.spawn(move || {
                    let mut got_in = false;
                    let mut after = 0;
                    while after < AFTERWARDS {
                        let too_late = revoked.load(Ordering::SeqCst);
                        let status = one();
                        if too_late {
                            assert_eq!(status, refused, "it began after the acknowledgement");
                            after += 1;
                        } else if status != 200 {
                            assert_eq!(status, refused);
                        } else if !got_in {
                            got_in = true;
                            at_work.send(()).unwrap();
                        }
                    }
                });
            }
        }
        for _ in 0..uses.len() * CLIENTS {
            everybody.recv_timeout(PATIENCE).unwrap();
        }
        revoke();
        drop(end);
    });
}

fn lists(caller: Caller) -> Use<'static> {
    Box::new(move || caller.get(SECRETS).send().status)
}

fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap().to_owned()
}

fn post(caller: &Caller, url: &str, body: &Value) -> Value {
    caller.post(url).json(body).expect(201).json()
}

/// Makes a service account that may list secrets, and returns its URL.
fn account(acme: &Tenant<'_>, name: &str) -> String {
    let made = post(&acme.owner, "/v1/service-accounts", &json!({"name": name}));
    let binding = json!({"name": name, "serviceAccountIdentity": made["identity"]});
    post(
        &acme.owner,
        "/v1/iam/roles/secrets:ReadAccess/bindings",
        &binding,
    );
    format!("/v1/service-accounts/{}", text(&made, "identity"))
}

/// The three ways to use an access credential.
fn uses_of(house: &House, owner: &Caller, credential: &Value) -> [Use<'static>; 3] {
    let id = text(credential, "accessKey");
    let secret = text(credential, "accessSecret");
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let token = house.web.post("/oidc/token").form(&form).expect(200).json();
    let token = text(&token, "access_token");
    let basic = format!("Basic {}", b64(format!("{id}:{secret}")));
    let (web, other) = (house.web.clone(), house.web.clone());
    [
        lists(house.web.with(&token, owner.organisation())),
        Box::new(move || {
            let call = web.get(SECRETS).header("Authorization", &basic);
            call.send().status
        }),
        Box::new(move || other.post("/oidc/token").form(&form).send().status),
    ]
}

#[test]
fn a_personal_token() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    for _ in 0..ROUNDS {
        let issued = post(owner, TOKENS, &json!({}));
        let token = text(&issued, "token");
        let uses = [lists(house.web.with(&token, owner.organisation()))];
        let url = format!("{TOKENS}/{}", text(&issued, "identity"));
        race(&uses, 401, || drop(owner.delete(&url).expect(204)));
    }
}

#[test]
fn an_access_credential_with_all_its_tokens() {
    let house = House::new();
    let acme = house.tenant("acme");
    let url = format!("{}/access-credentials", account(&acme, "robot"));
    for _ in 0..ROUNDS {
        let issued = post(&acme.owner, &url, &json!({}));
        let uses = uses_of(&house, &acme.owner, &issued);
        let url = format!("{url}/{}", text(&issued, "identity"));
        race(&uses, 401, || drop(acme.owner.delete(&url).expect(204)));
    }
}

#[test]
fn a_service_account_with_all_its_credentials() {
    let house = House::new();
    let acme = house.tenant("acme");
    for round in 0..ROUNDS {
        let one = account(&acme, &format!("robot-{round}"));
        let url = format!("{one}/access-credentials");
        let issued = post(&acme.owner, &url, &json!({}));
        let uses = uses_of(&house, &acme.owner, &issued);
        race(&uses, 401, || drop(acme.owner.delete(&one).expect(204)));
    }
}

#[test]
fn a_role() {
    let house = House::new();
    let acme = house.tenant("acme");
    let bindings = "/v1/iam/roles/secrets:ReadAccess/bindings";
    let user = acme.user("ann@example.org");
    let member = acme.caller(user, Default::default());
    for _ in 0..ROUNDS {
        let body = json!({"name": "ann", "userIdentity": user.to_string()});
        let binding = post(&acme.owner, bindings, &body);
        let url = format!("{bindings}/{}", text(&binding, "identity"));
        let uses = [lists(member.clone())];
        race(&uses, 403, || drop(acme.owner.delete(&url).expect(204)));
    }
}

#[test]
fn a_membership() {
    let house = House::new();
    let acme = house.tenant("acme");
    for round in 0..ROUNDS {
        let user = acme.user(&format!("ann-{round}@example.org"));
        let body = json!({"name": "ann", "userIdentity": user.to_string()});
        post(
            &acme.owner,
            "/v1/iam/roles/secrets:ReadAccess/bindings",
            &body,
        );
        let uses = [lists(acme.caller(user, Default::default()))];
        let url = format!("/v1/memberships/{user}");
        race(&uses, 403, || drop(acme.owner.delete(&url).expect(204)));
    }
}

#[test]
fn an_invitation_lets_one_in_however_many_come() {
    let house = House::with(|config| config.limits.failed_attempts = 0);
    let acme = house.tenant("acme");
    for round in 0..ROUNDS {
        let email = format!("ann-{round}@example.org");
        let made = post(&acme.owner, "/v1/invites", &json!({"email": email}));
        let body = json!({"code": made["acceptCode"]});
        let accept = || house.web.post("/v1/invites/accept").json(&body).send();
        let together = Barrier::new(3 * CLIENTS);
        let answers: Vec<u16> = thread::scope(|scope| {
            let one = || {
                together.wait();
                accept().status
            };
            let all: Vec<_> = (0..3 * CLIENTS).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|each| each.join().unwrap()).collect()
        });
        let let_in = answers.iter().filter(|status| **status == 201).count();
        assert_eq!(let_in, 1, "{answers:?}");
        assert!(
            answers.iter().all(|status| [201, 404].contains(status)),
            "{answers:?}"
        );
        let members = acme.owner.get("/v1/memberships").expect(200).json();
        assert_eq!(members.as_array().unwrap().len(), round + 2);
    }
    // Who came too late is nobody.
    for entry in acme.owner.audit("action=auth.token.failed") {
        assert_eq!(entry.get("userIdentity"), None, "{entry}");
    }
}
