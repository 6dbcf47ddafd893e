//! HTTP/2 with prior knowledge.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::net::TcpStream;

use crate::fixture::{LONG, Running, limits};

/// A client, and its connection's end.
async fn client(
    server: &Running,
) -> (
    SendRequest<Bytes>,
    tokio::task::JoinHandle<Result<(), h2::Error>>,
) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://x{path}")).body(()).unwrap()
}

async fn get(client: &SendRequest<Bytes>, path: &str) -> (StatusCode, Bytes) {
    let mut client = client.clone().ready().await.unwrap();
    let (reply, _) = client.send_request(request(path), true).unwrap();
    let mut reply = tokio::time::timeout(LONG, reply).await.unwrap().unwrap();
    let body = reply.body_mut().data().await.unwrap().unwrap();
    (reply.status(), body)
}

#[tokio::test]
async fn requests_share_a_connection() {
    let server = Running::start(limits()).await;
    let (client, _connection) = client(&server).await;
    let held = get(&client, "/held");
    let quick = async {
        server.arrived.notified().await;
        let quick = get(&client, "/").await;
        server.release.notify_one();
        quick
    };
    let (held, quick) = tokio::join!(held, quick);
    assert_eq!(quick, (StatusCode::OK, Bytes::from("hello")));
    assert_eq!(held, (StatusCode::OK, Bytes::from("held")));
    assert_eq!(server.metric("strongroom_connections"), 1);
}

#[tokio::test]
async fn a_request_that_takes_too_long_fails_alone() {
    let mut limits = limits();
    limits.request = Duration::from_millis(60);
    let server = Running::start(limits).await;
    let (client, _connection) = client(&server).await;
    let (status, body) = get(&client, "/held").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(String::from_utf8_lossy(&body).contains("request_timeout"));
    assert_eq!(get(&client, "/").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go() {
    let mut limits = limits();
    limits.idle = Duration::from_millis(60);
    let server = Running::start(limits).await;
    let (client, connection) = client(&server).await;
    assert_eq!(get(&client, "/").await.0, StatusCode::OK);
    tokio::time::timeout(LONG, connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_stop_finishes_the_streams_in_flight() {
    let server = Running::start(limits()).await;
    let (client, _connection) = client(&server).await;
    let held = get(&client, "/held");
    let stop = async {
        server.arrived.notified().await;
        server.stop.cancel();
        server.release.notify_one();
    };
    let (held, ()) = tokio::join!(held, stop);
    assert_eq!(held, (StatusCode::OK, Bytes::from("held")));
    drop(client);
    assert_eq!(server.served.await.unwrap().abandoned, 0);
}
