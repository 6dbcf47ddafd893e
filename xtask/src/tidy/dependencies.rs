//! Every library that we name is explained, and nothing else is.

use std::collections::BTreeSet;

use super::Finding;
use crate::workspace::{Package, TextFile};

/// Where the reasons are.
const LIST: &str = "docs/dependencies.md";
/// From this heading on the list is about tools, which no manifest names.
const TOOLS: &str = "## Outside Cargo";

/// Compares the manifests with the document.
pub(crate) fn check(packages: &[Package], files: &[TextFile]) -> Vec<Finding> {
    let text = files.iter().find(|file| file.path == LIST);
    let text = text.map_or("", |file| file.text.as_str());
    let libraries = text
        .split_once(TOOLS)
        .map_or(text, |(libraries, _)| libraries);
    let explained: BTreeSet<&str> = libraries
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let named: BTreeSet<&str> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !name.starts_with("strongroom"))
        .collect();
    let missing = named
        .difference(&explained)
        .map(|name| format!("does not say what {name} is for"));
    let stale = explained
        .difference(&named)
        .map(|name| format!("explains {name}, which no crate names"));
    missing
        .chain(stale)
        .map(|message| Finding::broken(LIST, None, message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn count(named: &[&str], explained: &str) -> usize {
        let dependencies = named.iter().map(|name| Dependency {
            name: (*name).to_owned(),
            kind: None,
        });
        let package = Package {
            name: "strongroom-x".to_owned(),
            dependencies: dependencies.collect(),
        };
        let text = format!("# Dependencies\n\n{explained}\n{TOOLS}\n| `wrk` | load |\n");
        check(
            &[package],
            &[TextFile {
                path: LIST.to_owned(),
                text,
            }],
        )
        .len()
    }

    #[test]
    fn explained_libraries_pass() {
        assert_eq!(
            count(&["serde", "strongroom-types"], "| `serde` | wire types |"),
            0
        );
    }

    #[test]
    fn libraries_without_a_reason_and_reasons_without_a_library_are_found() {
        assert_eq!(count(&["serde", "rand"], "| `serde` | wire types |"), 1);
        assert_eq!(count(&[], "| `serde` | wire types |"), 1);
    }
}
