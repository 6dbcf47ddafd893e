//! Clients that are slow, greedy or many.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::fixture::{Running, ask, keep_asking, limits, rest};

const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let server = Running::start(limits()).await;
    assert!(ask(&server, "/").await.ends_with("\r\n\r\nhello"));
    assert!(ask(&server, "/peer").await.contains("127.0.0.1:"));
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_let_go() {
    let mut limits = limits();
    limits.header = SHORT;
    let server = Running::start(limits).await;
    let mut stream = server.connect().await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let mut limits = limits();
    limits.header = SHORT;
    let server = Running::start(limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    assert_eq!(rest(&mut stream).await, "");

    // Also on a connection that has behaved before.
    let mut stream = server.connect().await;
    keep_asking(&mut stream, "/", "hello").await;
    stream.write_all(b"GET / HT").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut limits = limits();
    limits.idle = SHORT;
    let server = Running::start(limits).await;
    let mut stream = server.connect().await;
    keep_asking(&mut stream, "/", "hello").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;
    let long = "a".repeat(20_000);
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
    // The server may close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn too_many_header_fields_are_refused() {
    for (allowed, sent) in [(100, 120), (20, 30)] {
        let mut limits = limits();
        limits.header_count = allowed;
        let server = Running::start(limits).await;
        let fields: String = (0..sent).map(|n| format!("X-{n}: 1\r\n")).collect();
        let mut stream = server.connect().await;
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let mut limits = limits();
    limits.connections = 2;
    let server = Running::start(limits).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    keep_asking(&mut first, "/", "hello").await;
    keep_asking(&mut second, "/", "hello").await;
    let refusal = ask(&server, "/").await;
    assert!(refusal.starts_with("HTTP/1.1 503 "), "{refusal}");
    assert!(refusal.contains("too_many_connections"), "{refusal}");
    assert_eq!(server.metric("strongroom_connections_refused_total"), 1);
    assert_eq!(server.metric("strongroom_connections"), 2);

    // Those that are in are unharmed, and a place that is given up can be had again.
    keep_asking(&mut first, "/", "hello").await;
    drop(second);
    while server.metric("strongroom_connections") > 1 {
        tokio::task::yield_now().await;
    }
    loop {
        let reply = ask(&server, "/").await;
        if reply.ends_with("hello") {
            break;
        }
        assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let mut limits = limits();
    limits.request = SHORT;
    let server = Running::start(limits).await;
    let reply = ask(&server, "/held").await;
    assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
    assert!(reply.contains("request_timeout"), "{reply}");
    assert!(ask(&server, "/").await.ends_with("hello"));
    assert_eq!(server.metric("strongroom_http_in_flight"), 0);
}
