//! Nothing committed names a directory of the machine it was written on.

use super::Finding;
use crate::workspace::TextFile;

/// Directories that exist on a builder's machine and nowhere else. Spelled in two parts, so that
/// this file does not find itself.
const FOREIGN: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
    concat!("/Use", "rs/"),
];

/// Finds absolute paths into such a directory.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for foreign in FOREIGN {
            if line
                .match_indices(foreign)
                .any(|(at, _)| starts_a_path(line, at))
            {
                let message = format!("names {foreign}, a path of one machine");
                findings.push(Finding::broken(&file.path, index + 1, message));
            }
        }
    }
    findings
}

/// Whether the slash at `at` is the first character of a path, not one inside a longer path.
fn starts_a_path(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|before| {
        !(before.is_alphanumeric() || matches!(before, '/' | '.' | '_' | '-' | '}' | '*'))
    })
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
    fn paths_of_a_machine_are_found() {
        assert_eq!(
            count(&format!("cd {}strongroom\n", concat!("/wo", "rk/"))),
            1
        );
        assert_eq!(
            count(&format!("let a = \"{}x\";\n", concat!("/tm", "p/"))),
            1
        );
    }

    #[test]
    fn the_same_words_inside_other_paths_pass() {
        assert_eq!(count(&format!("app{}x\n", concat!("/wo", "rk/"))), 0);
        assert_eq!(count("the work/rest balance\n"), 0);
    }
}
