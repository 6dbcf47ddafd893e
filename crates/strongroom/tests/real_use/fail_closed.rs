//! Without a record there is no answer: what happens when the audit journal cannot go on.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use strongroom_testkit::api::secret;
use strongroom_testkit::{Web, b64};

use crate::installation::{Installation, create, reveal};

/// More than enough reveals to fill the segment in use and the one after it.
const ENOUGH: usize = 50_000;

#[test]
fn what_cannot_be_recorded_is_not_revealed_until_it_can_be_again() {
    let installation = Installation::new("");
    let server = installation.start();
    let owner = installation.owner(&server);
    let probe = Web::new(&server.endpoint);
    create(&owner, "/kept", "only with a record");
    probe.get("/readyz").expect(200);

    // The journal goes on in the files that it has open, then finds no place for the next.
    let (audit, away) = (
        installation.data().join("audit"),
        installation.home().join("away"),
    );
    fs::rename(&audit, &away).unwrap();
    let attempt = || owner.post(&secret("/kept/value")).send();
    let (mut revealed, mut refused) = (0, None);
    for _ in 0..ENOUGH {
        let reply = attempt();
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
        revealed += 1;
    }
    let refused = refused.unwrap().expect(503);
    assert_eq!(refused.code(), "audit_unavailable");
    let bytes = b64("only with a record");
    assert!(!refused.text().contains(&bytes));
    probe.get("/readyz").expect(503);
    probe.get("/healthz").expect(200);
    attempt().expect(503);

    fs::rename(&away, &audit).unwrap();
    let begun = Instant::now();
    while probe.get("/readyz").send().status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it stays red");
        // sleeps: another process offers nothing to wait for
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(reveal(&owner, "/kept", 1), "only with a record");
    let log = owner
        .get("/v1/audit?action=secret.get_value&limit=1")
        .expect(200)
        .json();
    assert_eq!(log["totalItems"], revealed + 1);
    server.stop();
}
