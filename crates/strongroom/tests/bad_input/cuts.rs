//! Connections that are cut: the client is gone at once, without an end to what it said.

use std::collections::BTreeSet;

use strongroom_testkit::api::secret;
use strongroom_testkit::{Caller, House, b64};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::scene::{MARK, Scene, is_unharmed};

/// How a client goes away.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// The machine behind it lost power, and another one says so: a reset.
    Reset,
    /// The process ended.
    Closed,
}

const CUTS: [Cut; 2] = [Cut::Reset, Cut::Closed];

/// How a request says where its body ends.
#[derive(Debug, Clone, Copy)]
enum Frame {
    Length,
    Chunks,
}

const FRAMES: [Frame; 2] = [Frame::Length, Frame::Chunks];

/// A put of a value to `/a`: its head, and its body in this frame. What follows the JSON is white
/// space, so that a body that lacks only its end would be good if the end were not looked for.
fn put(owner: &Caller, frame: Frame, value: &str) -> (String, String) {
    let head = owner.head("POST", &secret("/a/versions"));
    let json = format!("{{\"secretString\":\"{}\"}}", b64(value));
    let (field, body) = match frame {
        Frame::Length => {
            let body = format!("{json}    ");
            (format!("Content-Length: {}", body.len()), body)
        }
        Frame::Chunks => {
            let (first, second) = json.split_at(json.len() / 2);
            let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
            let body = [chunk(first), chunk(second), chunk("    "), chunk("")].concat();
            ("Transfer-Encoding: chunked".to_owned(), body)
        }
    };
    (format!("{head}{field}\r\n\r\n"), body)
}

/// Sends these bytes and is gone, without waiting for anything.
fn cut(house: &House, bytes: &str, how: Cut) {
    house.wait(async {
        let mut stream = TcpStream::connect(house.web.address()).await.unwrap();
        if matches!(how, Cut::Reset) {
            stream.set_zero_linger().unwrap();
        }
        stream.write_all(bytes.as_bytes()).await.unwrap();
    });
}

/// Sends the whole request and waits for its answer.
fn status(house: &House, owner: &Caller, frame: Frame) -> u16 {
    let (head, body) = put(owner, frame, "control");
    let mut wire = house.web.wire();
    wire.write(head).write(body).reply().unwrap().status
}

#[test]
fn a_body_that_is_cut_off_writes_nothing() {
    let house = House::new();
    let scene = Scene::new(&house);
    for frame in FRAMES {
        let (head, body) = put(scene.owner(), frame, MARK);
        for kept in 0..body.len() {
            for how in CUTS {
                cut(&house, &format!("{head}{}", body.split_at(kept).0), how);
            }
        }
        scene.owner().get(&secret("/a")).expect(200);
    }
    // A server stops when it is done with its connections: what they could do is done by then.
    let (owner, before) = scene.left();
    let house = house.reopen(|_| {});
    let owner = owner.at(&house.web);
    is_unharmed(&owner, &before);
    // With its end, each of these requests is a good one.
    for frame in FRAMES {
        assert_eq!(status(&house, &owner, frame), 200, "{frame:?}");
    }
}

#[test]
fn a_whole_body_whose_client_is_gone_counts_whole_or_not_at_all() {
    let house = House::new();
    let scene = Scene::new(&house);
    let mut sent = BTreeSet::from(["v".to_owned()]);
    for n in 0..40 {
        for (frame, how) in FRAMES
            .iter()
            .flat_map(|frame| CUTS.map(|how| (*frame, how)))
        {
            // Larger than what travels inside the secret's own row.
            let value = format!("{n} {frame:?} {how:?} {}", "x".repeat(3_000));
            let (head, body) = put(scene.owner(), frame, &value);
            cut(&house, &format!("{head}{body}"), how);
            sent.insert(value);
        }
        scene.owner().get(&secret("/a")).expect(200);
    }
    let (owner, _) = scene.left();
    let house = house.reopen(|_| {});
    let owner = owner.at(&house.web);
    let metadata = owner.metadata("/a");
    let versions = metadata["versions"].as_array().unwrap();
    let last = versions.len() as u64;
    assert_eq!(metadata["currentVersion"], last);
    for (number, version) in (1..).zip(versions) {
        assert_eq!(
            (&version["version"], &version["status"]),
            (&number.into(), &"active".into())
        );
        let value = owner.reveal_version("/a", number).expect(200).value();
        assert!(sent.remove(&value), "nobody sent {value:.60}, or not twice");
    }
    // Each is on record, and nothing is on record that is not there.
    let recorded = owner.audit("action=secret.put_value&responseStatus=200");
    let recorded: BTreeSet<_> = recorded
        .iter()
        .map(|entry| entry["context"]["version"].as_u64().unwrap())
        .collect();
    assert_eq!(recorded, (2..=last).collect());
    let next = owner.put_value("/a", "next").expect(200).json();
    assert_eq!(next["version"], last + 1);
}
