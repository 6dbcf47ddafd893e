//! Nothing is left for later inside the code, and no test is switched off.

use super::Finding;
use crate::workspace::TextFile;

/// What may not appear, and what to do instead. Spelled in two parts, so that this file does not
/// find itself.
const MARKERS: &[(&str, &str)] = &[
    (concat!("to", "do!("), "finish it or leave it out"),
    (concat!("unimple", "mented!("), "finish it or leave it out"),
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "repair it, or open an issue"),
    (concat!("#[ig", "nore"), "a test runs or is removed"),
    (concat!("t.Sk", "ip("), "a test runs or is removed"),
];

/// Finds the markers in every text.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for (marker, instead) in MARKERS {
            if line.contains(marker) {
                let message = format!("holds {marker}: {instead}");
                findings.push(Finding::broken(&file.path, index + 1, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_is_found() {
        for (marker, _) in MARKERS {
            let text = format!("fine\n    {marker} later\n");
            let found = check(&TextFile {
                path: "a.rs".to_owned(),
                text,
            });
            assert!(!found.is_empty(), "{marker}");
            assert_eq!(found.first().unwrap().line, Some(2));
        }
    }

    #[test]
    fn ordinary_text_passes() {
        let text = "a todo list\n#[test]\nfn ignore_case() {}\n".to_owned();
        assert_eq!(
            check(&TextFile {
                path: "a.rs".to_owned(),
                text
            }),
            []
        );
    }
}
