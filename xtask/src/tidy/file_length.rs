//! Files stay short enough to be read in one sitting.

use super::Finding;
use super::rust_source::RustSource;

/// From here on a file is named in a note.
const LONG: usize = 400;
/// Past this a file fails.
const TOO_LONG: usize = 500;

/// Counts the lines that are not tests; tests may be as many as they like.
pub(crate) fn check(source: &RustSource<'_>) -> Option<Finding> {
    let total = source.text.lines().count();
    let code = (1..=total).filter(|line| !source.is_test(*line)).count();
    if code > TOO_LONG {
        let message =
            format!("{code} lines beside its tests, at most {TOO_LONG}; split it by noun");
        Some(Finding::broken(source.path, None, message))
    } else if code > LONG {
        Some(Finding::close(
            source.path,
            None,
            format!("{code} lines beside its tests"),
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::rust_source::parse;
    use super::*;
    use crate::workspace::TextFile;

    fn findings(code: usize, tests: usize) -> Option<Finding> {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// t\n".repeat(tests));
        let text = format!("{}fn a() {{}}\n{tests}", "// c\n".repeat(code - 1));
        let file = TextFile {
            path: "crates/x/src/a.rs".to_owned(),
            text,
        };
        check(&parse(&file).unwrap())
    }

    #[test]
    fn short_files_pass_however_long_their_tests() {
        assert_eq!(findings(LONG, 2_000), None);
    }

    #[test]
    fn long_files_are_named_and_longer_ones_fail() {
        assert!(findings(LONG + 1, 0).is_some_and(|finding| !finding.fails));
        assert!(findings(TOO_LONG + 1, 0).is_some_and(|finding| finding.fails));
    }
}
