//! Marks, the forms in which they could show up, and the search for them.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::common::files;

/// Shorter marks would be found by chance.
const SHORTEST: usize = 16;
/// How many bytes of a needle the index knows.
const PREFIX: usize = 8;

/// A form of a mark.
struct Needle {
    what: String,
    bytes: Vec<u8>,
}

/// All marks, ready to be searched for.
#[derive(Default)]
pub(crate) struct Marks {
    needles: Vec<Needle>,
    by_prefix: HashMap<[u8; PREFIX], Vec<usize>>,
}

impl Marks {
    /// Takes up a mark in all its forms.
    pub(crate) fn add(&mut self, name: &str, mark: &[u8]) {
        assert!(mark.len() >= SHORTEST, "the mark {name} is too short");
        for (form, bytes) in forms(mark) {
            let prefix = bytes[..PREFIX].try_into().unwrap();
            let places = self.by_prefix.entry(prefix).or_default();
            places.push(self.needles.len());
            self.needles.push(Needle {
                what: format!("{name}, {form}"),
                bytes,
            });
        }
    }

    /// The forms of marks that are in this text, each with its place.
    pub(crate) fn found_in(&self, text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (place, window) in text.windows(PREFIX).enumerate() {
            // Most of a journal is zeros.
            if window[0] == 0 && window[PREFIX - 1] == 0 {
                continue;
            }
            for &needle in self.by_prefix.get(window).into_iter().flatten() {
                let needle = &self.needles[needle];
                if text[place..].starts_with(&needle.bytes) {
                    found.push(format!("{} at byte {place}", needle.what));
                }
            }
        }
        found
    }

    /// Insists that no mark is in this text.
    pub(crate) fn absent_from(&self, what: &str, text: impl AsRef<[u8]>) {
        let found = self.found_in(text.as_ref());
        assert!(found.is_empty(), "in {what}: {found:#?}");
    }

    /// Insists that no mark is in any file below a directory. Returns how many bytes there were.
    pub(crate) fn absent_below(&self, directory: &Path) -> usize {
        let mut length = 0;
        for path in files(directory) {
            let bytes = std::fs::read(&path).unwrap();
            length += bytes.len();
            self.absent_from(&path.display().to_string(), bytes);
            self.absent_from("a file's name", path.to_str().unwrap());
        }
        length
    }
}

/// A mark as it is, in base64 wherever it may begin in the encoded text, and in hexadecimal.
fn forms(mark: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![("as it is".to_owned(), mark.to_vec())];
    for before in 0..3 {
        let mut text = vec![0; before];
        text.extend_from_slice(mark);
        // Characters that hold bits of the mark alone.
        let (from, to) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for (name, engine) in [
            ("base64", &STANDARD_NO_PAD),
            ("URL-safe base64", &URL_SAFE_NO_PAD),
        ] {
            let encoded = engine.encode(&text).into_bytes();
            forms.push((
                format!("{name} after {before} bytes"),
                encoded[from..to].to_vec(),
            ));
        }
    }
    let digits = |upper: bool| {
        let digit = |byte: &u8| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        mark.iter().map(digit).collect::<String>().into_bytes()
    };
    forms.push(("hexadecimal".to_owned(), digits(false)));
    forms.push(("capital hexadecimal".to_owned(), digits(true)));
    // A mark of digits alone, or one without `+` and `/`, looks the same in two forms.
    forms.sort_by(|one, other| one.1.cmp(&other.1));
    forms.dedup_by(|one, other| one.1 == other.1);
    forms
}

#[test]
fn every_form_is_found_wherever_it_is_planted() {
    let mark = b"canary \xff\xfe\xfb of \x00 many ~~??? forms";
    let mut marks = Marks::default();
    marks.add("the mark", mark);
    let directory = tempfile::tempdir().unwrap();
    let scratch = directory.path().join("scratch");
    let plant = |planted: &[u8]| {
        let mut text = vec![0; 10_000];
        text.extend_from_slice(b"before {\"value\":\"");
        text.extend_from_slice(planted);
        text.extend_from_slice(b"\"} after");
        text.extend(vec![0; 10_000]);
        std::fs::write(&scratch, text).unwrap();
        marks.found_in(&std::fs::read(&scratch).unwrap()).len()
    };
    assert_eq!(plant(b"nothing at all"), 0);
    assert_eq!(plant(mark), 1);
    let hex: String = mark.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(plant(hex.as_bytes()), 1);
    assert_eq!(plant(hex.to_uppercase().as_bytes()), 1);
    for before in 0..4 {
        for after in 0..4 {
            let mut text = vec![b'a'; before];
            text.extend_from_slice(mark);
            text.extend(vec![b'z'; after]);
            assert_eq!(
                plant(STANDARD.encode(&text).as_bytes()),
                1,
                "{before} {after}"
            );
            assert_eq!(
                plant(URL_SAFE_NO_PAD.encode(&text).as_bytes()),
                1,
                "{before} {after}"
            );
        }
    }
    let mut cut = mark.to_vec();
    cut[20] ^= 1;
    assert_eq!(plant(&cut), 0);
    std::fs::write(&scratch, mark).unwrap();
    let search = std::panic::AssertUnwindSafe(|| marks.absent_below(directory.path()));
    assert!(std::panic::catch_unwind(search).is_err());
}
