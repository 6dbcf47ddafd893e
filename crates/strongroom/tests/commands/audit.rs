//! `strongroom audit`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{complaint, printed};

/// An installation with a journal, which its founding has filled a little.
fn installation() -> (tempfile::TempDir, String) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data").to_str().unwrap().to_owned();
    printed(&["init", "--data", &data]);
    (parent, data)
}

fn first_segment(data: &str) -> PathBuf {
    let files = fs::read_dir(Path::new(data).join("audit")).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
        .min()
        .unwrap()
}

#[test]
fn an_untouched_journal_is_verified_against_a_head_kept_elsewhere() {
    let (_parent, data) = installation();
    let report = printed(&["audit", "verify", "--data", &data]);
    assert!(report.contains("is what was written"), "{report}");
    assert!(report.contains("closed in order"), "{report}");
    let head = printed(&["audit", "head", "--data", &data]);
    printed(&["audit", "verify", "--data", &data, "--anchor", head.trim()]);

    let (_other, data) = installation();
    let error = complaint(
        &["audit", "verify", "--data", &data, "--anchor", head.trim()],
        3,
    );
    assert!(error.contains("tampered"), "{error}");
}

#[test]
fn a_changed_byte_is_found() {
    let (_parent, data) = installation();
    let segment = first_segment(&data);
    let mut bytes = fs::read(&segment).unwrap();
    // The path of a founding record: it stands in the frame as it is.
    let word = b"directory.create_user";
    let place = bytes
        .windows(word.len())
        .position(|window| window == word)
        .unwrap();
    bytes[place] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let error = complaint(&["audit", "verify", "--data", &data], 3);
    assert!(error.contains("tampered"), "{error}");
}

#[test]
fn an_anchor_that_is_none_is_a_usage_error() {
    let (_parent, data) = installation();
    let error = complaint(&["audit", "verify", "--data", &data, "--anchor", "00"], 2);
    assert!(error.contains("--anchor"), "{error}");
}
