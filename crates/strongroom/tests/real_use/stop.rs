//! SIGTERM in the middle of the work.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use strongroom_testkit::{Caller, b64};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::common::Server;
use crate::installation::{Installation, create, reveal};

/// How many write at once, and after how many answers the stop is asked for.
const WRITERS: usize = 16;
const ANSWERS: usize = 150;

/// A put that has arrived, and whose body the server waits for.
struct InFlight(TcpStream);

impl InFlight {
    fn begin(owner: &Caller, path: &str, body: &str) -> Self {
        let head = owner.head("POST", &format!("/v1/secrets/nl-01/secret{path}/versions"));
        let mut stream = TcpStream::connect(owner.web().address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let rest = format!(
            "Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            body.len()
        );
        stream
            .write_all(format!("{head}{rest}").as_bytes())
            .unwrap();
        // The server says so when it begins to read the body (RFC 9110, 10.1.1).
        let mut told = [0; 25];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self(stream)
    }

    /// Sends the body, and returns all that is answered.
    fn finish(mut self, body: &str) -> String {
        self.0.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// What the writers share.
struct Load {
    endpoint: String,
    token: String,
    organisation: String,
    answered: AtomicUsize,
    enough: Notify,
    is_stopping: AtomicBool,
}

/// Adds versions until the server takes no more; returns those that were acknowledged.
async fn write(load: Arc<Load>, writer: usize) -> Vec<(u64, String)> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!(
        "{}/v1/secrets/nl-01/secret/busy/w{writer}/versions",
        load.endpoint
    );
    let mut acknowledged = Vec::new();
    loop {
        let value = format!("{writer}-{}", acknowledged.len());
        let request = client
            .post(&url)
            .bearer_auth(&load.token)
            .header("X-Organisation-Identity", &load.organisation)
            .json(&json!({"secretString": b64(&value)}));
        let answer = async {
            let response = request.send().await?;
            assert_eq!(response.status(), 200);
            response.json::<serde_json::Value>().await
        };
        match answer.await {
            Ok(answer) => acknowledged.push((answer["version"].as_u64().unwrap(), value)),
            Err(error) => {
                assert!(load.is_stopping.load(Ordering::SeqCst), "{error:?}");
                return acknowledged;
            }
        }
        if load.answered.fetch_add(1, Ordering::SeqCst) + 1 == ANSWERS {
            load.enough.notify_one();
        }
    }
}

/// Lets the writers work, asks for a stop in the middle, and hands over the server.
fn stopped_under_load(
    installation: &Installation,
    server: Server,
) -> (Server, Vec<Vec<(u64, String)>>) {
    let load = Arc::new(Load {
        endpoint: server.endpoint.clone(),
        token: installation.token.clone(),
        organisation: installation.organisation.clone(),
        answered: AtomicUsize::new(0),
        enough: Notify::new(),
        is_stopping: AtomicBool::new(false),
    });
    Runtime::new().unwrap().block_on(async {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let load = load.clone();
            writers.spawn(async move { (writer, write(load, writer).await) });
        }
        load.enough.notified().await;
        load.is_stopping.store(true, Ordering::SeqCst);
        server.signal("TERM");
        let mut acknowledged = writers.join_all().await;
        acknowledged.sort();
        (
            server,
            acknowledged.into_iter().map(|(_, own)| own).collect(),
        )
    })
}

#[test]
fn a_stop_loses_nothing_that_was_acknowledged_or_under_way() {
    // So that only the stop itself can have written access times.
    let installation = Installation::new("quotas.access_time_seconds = 86400");
    let server = installation.start();
    let owner = installation.owner(&server);
    for writer in 0..WRITERS {
        create(&owner, &format!("/busy/w{writer}"), "first");
    }
    create(&owner, "/slow", "first");
    create(&owner, "/read", "value");
    create(&owner, "/unread", "value");
    assert_eq!(reveal(&owner, "/read", 1), "value");

    let body = json!({"secretString": b64("slow but sure")}).to_string();
    let slow = InFlight::begin(&owner, "/slow", &body);
    let (server, acknowledged) = stopped_under_load(&installation, server);
    let address = owner.web().address();
    // The door closes, although somebody is still inside.
    while TcpStream::connect(address).is_ok() {}
    let answer = slow.finish(&body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"version\":2"), "{answer}");
    let (status, log) = server.ended();
    assert!(status.success(), "{status}: {log}");

    let server = installation.start();
    let owner = installation.owner(&server);
    assert_eq!(reveal(&owner, "/slow", 2), "slow but sure");
    for (writer, own) in acknowledged.iter().enumerate() {
        let path = format!("/busy/w{writer}");
        for (version, value) in own {
            assert_eq!(&reveal(&owner, &path, *version), value, "{path} {version}");
        }
    }
    assert!(acknowledged.iter().map(Vec::len).sum::<usize>() >= ANSWERS);
    let described = |path: &str| {
        let url = format!("/v1/secrets/nl-01/secret{path}?includeVersions=true");
        owner.get(&url).expect(200).json()
    };
    let read = described("/read");
    assert!(read["lastAccessedAt"].is_string(), "{read}");
    assert!(read["versions"][0]["lastAccessedAt"].is_string(), "{read}");
    assert!(described("/unread")["lastAccessedAt"].is_null());
    let log = server.stop();
    assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
}

#[test]
fn an_interrupt_stops_it_as_well() {
    let installation = Installation::new("");
    let server = installation.start();
    server.signal("INT");
    let (status, log) = server.ended();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
}
