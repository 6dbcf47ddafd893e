//! Links between documents lead somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::workspace::TextFile;

/// Finds relative links to files that are not there, or to headings that they do not have.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let known = known_paths(files);
    let headings: BTreeMap<&str, BTreeSet<String>> = documents(files)
        .map(|file| (file.path.as_str(), headings(&file.text)))
        .collect();
    let mut findings = Vec::new();
    for file in documents(files) {
        for (line, target) in links(&file.text) {
            if let Some(problem) = problem(&file.path, target, &known, &headings) {
                findings.push(Finding::broken(&file.path, line, problem));
            }
        }
    }
    findings
}

fn documents(files: &[TextFile]) -> impl Iterator<Item = &TextFile> {
    files.iter().filter(|file| file.path.ends_with(".md"))
}

/// Every file and every directory that holds one.
fn known_paths(files: &[TextFile]) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    for file in files {
        let mut path = file.path.as_str();
        known.insert(path);
        while let Some((directory, _)) = path.rsplit_once('/') {
            known.insert(directory);
            path = directory;
        }
    }
    known
}

fn problem(
    from: &str,
    target: &str,
    known: &BTreeSet<&str>,
    headings: &BTreeMap<&str, BTreeSet<String>>,
) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target
        .split_once('#')
        .map_or((target, None), |(p, h)| (p, Some(h)));
    let path = if path.is_empty() {
        Some(from.to_owned())
    } else {
        resolve(from, path)
    };
    let Some(path) = path.filter(|path| known.contains(path.as_str())) else {
        return Some(format!("the link {target} leads nowhere"));
    };
    let heading = heading?;
    let there = headings
        .get(path.as_str())
        .is_some_and(|all| all.contains(heading));
    (!there).then(|| format!("{path} has no heading #{heading}"))
}

/// The path of a link from the root, or nothing if it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Lines outside code fences, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// The targets of inline links, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Every second piece lies between backticks and is code.
        for piece in line.split('`').step_by(2) {
            let after = piece.split("](").skip(1);
            found.extend(after.filter_map(|rest| Some((number, rest.split_once(')')?.0))));
        }
        let broken_by_code = line.split("`](").skip(1);
        found.extend(broken_by_code.filter_map(|rest| Some((number, rest.split_once(')')?.0))));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The names under which a document's headings can be linked to.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (line.starts_with('#') && title.starts_with(' ')).then(|| title.trim())
    });
    titles
        .map(|title| {
            let kept = title.to_lowercase();
            let kept = kept
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        let file = |path: &str, text: &str| TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[
            file("docs/a.md", text),
            file("README.md", "# What it is\n\n## Two commands\n"),
        ])
        .len()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        assert_eq!(
            count("[a](../README.md) [b](../README.md#two-commands) [c](https://x.example)\n"),
            0
        );
        assert_eq!(count("# Here\n[a](#here) [d](../docs)\n"), 0);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(count("[a](b.md)\n"), 1);
        assert_eq!(count("[a](../../b.md)\n"), 1);
        assert_eq!(count("[a](../README.md#three-commands)\n"), 1);
        assert_eq!(count("[`a`](b.md)\n"), 1);
    }

    #[test]
    fn code_is_no_link() {
        assert_eq!(count("`[a](b.md)`\n```\n[a](b.md)\n```\n"), 0);
    }
}
