//! What a collector of traces gets, and what the log says of the same call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use strongroom_testkit::api::secret;

use crate::installation::{Installation, create, reveal};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const MARK: &str = "the-value-of-a-traced-call";

/// A collector: where it takes traces, and the bodies that it was sent.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let (sender, bodies) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).unwrap() > 2 {
                let header = line.trim().to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.get_mut().write_all(reply.as_bytes()).unwrap();
            let _the_test_is_over = sender.send(body);
        }
    });
    (endpoint, bodies)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|place| place == wanted)
}

fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn a_call_is_known_to_the_collector_and_the_log_by_the_id_that_its_caller_gets() {
    let (endpoint, bodies) = collector();
    let settings = format!("tracing.endpoint = {endpoint:?}\nlogging.level = \"debug\"\n");
    let installation = Installation::new(&settings);
    let server = installation.start();
    let owner = installation.owner(&server);
    create(&owner, "/traced", MARK);
    assert_eq!(reveal(&owner, "/traced", 1), MARK);
    let refused = owner
        .get(&secret("/missing"))
        .header("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
        .expect(404);
    let id = refused.header("x-request-id").to_owned();
    let log = server.stop();
    let line = log.lines().find(|line| line.contains(&id)).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&line["request_id"], &line["code"]),
        (&id.into(), &"secret_not_found".into())
    );

    // The server sent what it had before it ended.
    let sent: Vec<u8> = bodies.try_iter().flatten().collect();
    assert!(
        contains(&sent, &from_hex(TRACE)),
        "the caller's trace goes on"
    );
    assert!(
        contains(&sent, &from_hex(PARENT)),
        "below the caller's span"
    );
    for attribute in [
        "request_id",
        "http.request.method",
        "http.response.status_code",
    ] {
        assert!(contains(&sent, attribute.as_bytes()), "{attribute}");
    }
    assert!(contains(
        &sent,
        line["request_id"].as_str().unwrap().as_bytes()
    ));
    for hidden in [MARK, "/traced", "/missing", &installation.token] {
        assert!(!contains(&sent, hidden.as_bytes()), "{hidden}");
    }
}
