//! The graceful stop.

use std::time::Duration;

use strongroom_server::listener::Stopped;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::fixture::{Running, keep_asking, limits, rest};

async fn held(server: &Running) -> TcpStream {
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    server.arrived.notified().await;
    stream
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_nothing_new_is_taken() {
    let server = Running::start(limits()).await;
    let mut idle = server.connect().await;
    keep_asking(&mut idle, "/", "hello").await;
    let mut busy = held(&server).await;

    server.stop.cancel();
    assert_eq!(
        rest(&mut idle).await,
        "",
        "an idle connection is closed at once"
    );
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.served.is_finished());

    server.release.notify_one();
    let reply = rest(&mut busy).await;
    assert!(
        reply.starts_with("HTTP/1.1 200 ") && reply.ends_with("held"),
        "{reply}"
    );
    assert_eq!(server.served.await.unwrap(), Stopped { abandoned: 0 });
}

#[tokio::test]
async fn the_grace_period_ends() {
    let grace = Duration::from_millis(40);
    let server = Running::start_with(limits(), None, grace).await;
    let mut busy = held(&server).await;
    server.stop.cancel();
    assert_eq!(server.served.await.unwrap(), Stopped { abandoned: 1 });
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn a_stop_without_clients_is_immediate() {
    let server = Running::start(limits()).await;
    server.stop.cancel();
    assert_eq!(server.served.await.unwrap(), Stopped { abandoned: 0 });
}
