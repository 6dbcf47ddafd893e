//! No whitespace that nobody sees.

use super::Finding;
use crate::workspace::TextFile;

/// First inputs of the fuzz targets: bytes, even where they happen to be UTF-8.
const SEEDS: &str = "fuzz/seeds/";

/// Finds blanks at line ends, carriage returns and a missing last newline.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.path.starts_with(SEEDS) {
        return findings;
    }
    for (index, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            let message = "whitespace at the end of the line".to_owned();
            findings.push(Finding::broken(&file.path, index + 1, message));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::broken(
            &file.path,
            None,
            "no newline at the end".to_owned(),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&TextFile {
            path: "a".to_owned(),
            text: text.to_owned(),
        })
        .len()
    }

    #[test]
    fn clean_text_passes() {
        assert_eq!(count("a\n\nb\n"), 0);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn seeds_of_the_fuzz_targets_are_bytes() {
        let seed = TextFile {
            path: "fuzz/seeds/ciphertext/text".to_owned(),
            text: "a \nb".to_owned(),
        };
        assert!(check(&seed).is_empty());
    }

    #[test]
    fn hidden_whitespace_is_found() {
        assert_eq!(count("a \n"), 1);
        assert_eq!(count("a\t\nb\r\n"), 2);
        assert_eq!(count("a"), 1);
    }
}
