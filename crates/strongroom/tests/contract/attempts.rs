//! Failed attempts to authenticate: who waits, who does not, and what nobody can tell from it.

use std::time::Duration;

use serde_json::Value;
use strongroom_testkit::{House, Reply, Tenant, b64};

const TOKEN: &str = "/oidc/token";
const REGIONS: &str = "/v1/regions";
const HERE: &str = "192.0.2.1";
const THERE: &str = "198.51.100.1";

/// A house behind a proxy, which lets whoever failed three times wait.
fn house() -> House {
    House::with(|config| {
        config.proxies.trusted = vec!["127.0.0.1".parse().unwrap()];
        config.limits.failed_attempts = 3;
    })
}

fn call(house: &House, from: &str, authorization: &str) -> Reply {
    let call = house.web.get(REGIONS);
    let call = call.header("X-Forwarded-For", from);
    call.header("Authorization", authorization).send()
}

fn bearer(house: &House, from: &str, token: &str) -> Reply {
    call(house, from, &format!("Bearer {token}"))
}

fn basic(house: &House, from: &str, id: &str, secret: &str) -> Reply {
    call(
        house,
        from,
        &format!("Basic {}", b64(format!("{id}:{secret}"))),
    )
}

/// As the form, after the same by Basic: what clients do (contract 3.2).
fn ask(house: &House, from: &str, id: &str, secret: &str) -> [Reply; 2] {
    let grant = "grant_type=client_credentials";
    let basic = format!("Basic {}", b64(format!("{id}:{secret}")));
    let first = house.web.post(TOKEN).form(grant);
    let form = format!("{grant}&client_id={id}&client_secret={secret}");
    let second = house.web.post(TOKEN).form(&form);
    [first.header("Authorization", &basic), second]
        .map(|call| call.header("X-Forwarded-For", from).send())
}

fn credential(acme: &Tenant<'_>) -> (String, String) {
    acme.credential(acme.service_account("robot"))
}

#[test]
fn whoever_goes_on_guessing_waits_and_nobody_else_does() {
    let house = house();
    let acme = house.tenant("acme");
    let (owner, (id, secret)) = (acme.owner.token(), credential(&acme));
    for guess in ["tc_pat_a", "tc_pat_b", "tc_pat_c"] {
        bearer(&house, HERE, guess).expect(401);
    }
    let waits = bearer(&house, HERE, "tc_pat_d").expect(429);
    assert_eq!(waits.code(), "too_many_attempts");
    assert_eq!(
        waits.header("retry-after"),
        "2",
        "the second just begun counts"
    );
    // No longer looked at, so right or wrong make no difference.
    let right = bearer(&house, HERE, owner).expect(429);
    assert_eq!(right.message(), waits.message());
    basic(&house, HERE, &id, &secret).expect(429);
    bearer(&house, THERE, owner).expect(200);
    basic(&house, THERE, &id, &secret).expect(200);

    house.turn(Duration::from_secs(1));
    bearer(&house, HERE, "tc_pat_d").expect(401);
    let longer = bearer(&house, HERE, "tc_pat_e").expect(429);
    assert_eq!(longer.header("retry-after"), "3");
    house.turn(Duration::from_secs(2));
    bearer(&house, HERE, owner).expect(200);
    // What was right here stays right here.
    bearer(&house, HERE, "tc_pat_e").expect(401);
    bearer(&house, HERE, "tc_pat_f").expect(429);
    bearer(&house, HERE, owner).expect(200);
}

#[test]
fn a_client_that_tries_both_ways_fails_once() {
    let house = house();
    let acme = house.tenant("acme");
    let (id, secret) = credential(&acme);
    for guess in ["a", "b"] {
        for refused in ask(&house, HERE, &id, guess) {
            refused.expect(401);
        }
    }
    for issued in ask(&house, HERE, &id, &secret) {
        let token = issued.expect(200).json()["access_token"].clone();
        bearer(&house, HERE, token.as_str().unwrap()).expect(200);
    }
    let [first, second] = ask(&house, HERE, &id, "c");
    first.expect(401);
    let refused = second.expect(429);
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
    assert!(!refused.header("retry-after").is_empty());
    // Its own id and secret were right from here before, and its tokens are new.
    for issued in ask(&house, HERE, &id, &secret) {
        let token = issued.expect(200).json()["access_token"].clone();
        bearer(&house, HERE, token.as_str().unwrap()).expect(200);
    }
}

#[test]
fn nobody_locks_out_the_owner_of_an_access_key() {
    let house = house();
    let acme = house.tenant("acme");
    let (id, secret) = credential(&acme);
    let addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
    for address in addresses {
        basic(&house, address, &id, "guess").expect(401);
    }
    for address in addresses {
        basic(&house, address, &id, "another guess").expect(429);
        bearer(&house, address, acme.owner.token()).expect(200);
    }
    basic(&house, HERE, &id, &secret).expect(200);
    for issued in ask(&house, HERE, &id, &secret) {
        issued.expect(200);
    }
}

/// A reply's status, headers and body.
type Seen = (u16, Vec<(String, String)>, Value);

/// What a caller can see of a reply: all but what is new in each.
fn seen(reply: &Reply) -> Seen {
    let mut body = reply.json();
    body["requestId"] = Value::Null;
    let headers = reply.headers.iter();
    let headers = headers.filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().unwrap();
        (name.to_string(), value.to_owned())
    });
    (reply.status, headers.collect(), body)
}

#[test]
fn nobody_can_tell_an_unknown_credential_from_a_wrong_one() {
    let house = house();
    let acme = house.tenant("acme");
    let (id, secret) = credential(&acme);
    let owner = acme.owner.token();
    let revoked = acme
        .caller(acme.user, Default::default())
        .token()
        .to_owned();
    let ours = acme
        .owner
        .get("/v1/me/personal-access-tokens")
        .expect(200)
        .json();
    assert_eq!(ours.as_array().unwrap().len(), 2);
    for token in ours.as_array().unwrap() {
        // Only one of both is the owner's; the other dies.
        let url = format!(
            "/v1/me/personal-access-tokens/{}",
            token["identity"].as_str().unwrap()
        );
        if token["lastUsedAt"].is_null() {
            acme.owner.delete(&url).expect(204);
        }
    }
    bearer(&house, THERE, owner).expect(200);
    let cut = owner.split_at(owner.len() - 1).0;
    // Every kind fails from an address of its own, four times: three are looked at.
    type Try<'a> = Box<dyn Fn(&str) -> Reply + 'a>;
    let kinds: [Try<'_>; 7] = [
        Box::new(|from| bearer(&house, from, "tc_pat_unknown")),
        Box::new(|from| bearer(&house, from, cut)),
        Box::new(|from| bearer(&house, from, &revoked)),
        Box::new(|from| bearer(&house, from, "tc_at_unknown")),
        Box::new(|from| basic(&house, from, "TCAKUNKNOWN", &secret)),
        Box::new(|from| basic(&house, from, "TCAKUNKNOWN2", "x")),
        Box::new(|from| basic(&house, from, &id, "x")),
    ];
    let mut views = Vec::new();
    for (number, attempt) in kinds.iter().enumerate() {
        let from = format!("203.0.113.{number}");
        let replies: Vec<_> = (0..6).map(|_| seen(&attempt(&from))).collect();
        views.push(replies);
    }
    let statuses = |view: &[Seen]| -> Vec<u16> { view.iter().map(|reply| reply.0).collect() };
    // A pair may come twice; a token has no need to.
    for view in &views[..4] {
        assert_eq!(statuses(view), [401, 401, 401, 429, 429, 429]);
        assert_eq!(view, &views[0]);
    }
    for view in &views[4..] {
        assert_eq!(statuses(view), [401, 401, 401, 401, 401, 429]);
        assert_eq!(view, &views[4]);
    }
    assert_eq!(views[0][0], views[4][0]);

    let form = |from: &str, id: &str, secret: &str| {
        ask(&house, from, id, secret).map(|reply| seen(&reply))
    };
    let unknown = form("203.0.113.101", "TCAKUNKNOWN3", &secret);
    assert_eq!(unknown[0].0, 401);
    assert_eq!(unknown, form("203.0.113.102", &acme_other(&acme), "x"));
}

/// The access key of another credential, with which nobody failed yet.
fn acme_other(acme: &Tenant<'_>) -> String {
    acme.credential(acme.service_account("other")).0
}

#[test]
fn every_failure_is_on_record_with_its_reason() {
    let house = house();
    let acme = house.tenant("acme");
    let (id, _) = credential(&acme);
    for _ in 0..6 {
        basic(&house, HERE, &id, "x");
    }
    basic(&house, HERE, &id, "y").expect(429);
    let log = acme.owner.audit("action=auth.refused");
    assert_eq!(
        log.len(),
        5,
        "what was not looked at belongs to nobody: {log:?}"
    );
    for entry in log {
        assert_eq!(entry["context"]["reason"], "credential");
        assert_eq!(entry["context"]["client_ip"], HERE);
    }
    let tried = acme.owner.audit("responseStatus=401&action=GET");
    assert_eq!(tried.len(), 5);
    assert_eq!(tried[0]["resourceType"], "access_credential");
}
