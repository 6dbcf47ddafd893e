//! The audit journal, looked at from outside.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{complaint, files, printed};
use crate::installation::{Installation, create, reveal};

/// Bytes tried in each segment.
const TRIED: usize = 17;

/// The segments, oldest first, each with the place of its last byte that is not zero.
fn segments(installation: &Installation) -> Vec<(PathBuf, usize)> {
    let journal = files(&installation.data().join("audit")).into_iter();
    journal
        .filter(|file| file.extension().is_some_and(|ending| ending == "journal"))
        .filter_map(|file| {
            let bytes = fs::read(&file).unwrap();
            let last = bytes.iter().rposition(|byte| *byte != 0)?;
            Some((file, last))
        })
        .collect()
}

/// An installation whose journal tells of a few calls.
fn told() -> Installation {
    let installation = Installation::new("");
    let server = installation.start();
    let owner = installation.owner(&server);
    for number in 0..8 {
        create(&owner, &format!("/a/s{number}"), "value");
        reveal(&owner, &format!("/a/s{number}"), 1);
    }
    server.stop();
    let report = printed(installation.command(&["audit", "verify"]));
    assert!(report.contains("closed in order"), "{report}");
    installation
}

fn is_noticed(installation: &Installation, segment: &Path, place: usize) {
    let whole = fs::read(segment).unwrap();
    let mut bytes = whole.clone();
    bytes[place] ^= 1 << (place % 8);
    fs::write(segment, &bytes).unwrap();
    let output = installation.command(&["audit", "verify"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let name = segment.display();
    assert!(
        !output.status.success(),
        "byte {place} of {name} goes unnoticed"
    );
    assert!(
        error.starts_with("error: "),
        "byte {place} of {name}: {error}"
    );
    assert!(
        fs::read(segment).unwrap() == bytes,
        "looking changed {name}"
    );
    fs::write(segment, whole).unwrap();
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let installation = told();
    let mut tried = 0;
    for (segment, last) in segments(&installation) {
        // An odd step, so that all parts of a frame are hit.
        let step = (last / TRIED) | 1;
        for place in (0..last).step_by(step).chain([last]) {
            is_noticed(&installation, &segment, place);
            tried += 1;
        }
    }
    assert!(tried > TRIED, "{tried} bytes are no journal");
    printed(installation.command(&["audit", "verify"]));
}

#[test]
fn an_end_that_is_cut_off_is_missed_by_whoever_kept_a_head() {
    let installation = told();
    let head = printed(installation.command(&["audit", "head"]));
    let anchored = || {
        let mut verify = installation.command(&["audit", "verify"]);
        verify.args(["--anchor", head.trim()]);
        verify
    };
    printed(anchored());
    let (segment, last) = segments(&installation).pop().unwrap();
    let whole = fs::read(&segment).unwrap();
    let mut bytes = whole.clone();
    bytes[last / 2..].fill(0);
    fs::write(&segment, bytes).unwrap();
    assert!(complaint(anchored(), 3).contains("tampered"));
    fs::remove_file(&segment).unwrap();
    assert!(complaint(anchored(), 3).contains("tampered"));
    fs::write(&segment, whole).unwrap();
    printed(anchored());
}
