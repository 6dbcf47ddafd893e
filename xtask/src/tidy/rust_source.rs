//! A parsed Rust file, and which of its lines are tests.

use std::ops::RangeInclusive;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use crate::workspace::TextFile;

/// A Rust file that parsed.
pub(crate) struct RustSource<'a> {
    /// From the root.
    pub(crate) path: &'a str,
    /// All of it.
    pub(crate) text: &'a str,
    /// Its syntax.
    pub(crate) syntax: syn::File,
    tests: Vec<RangeInclusive<usize>>,
}

/// Parses a file; one that does not parse is a finding.
pub(crate) fn parse(file: &TextFile) -> Result<RustSource<'_>, Finding> {
    let syntax = syn::parse_file(&file.text).map_err(|error| {
        let line = error.span().start().line;
        Finding::broken(&file.path, line, format!("does not parse as Rust: {error}"))
    })?;
    let mut collector = TestLines::default();
    collector.visit_file(&syntax);
    let tests = if is_test_file(&file.path) {
        vec![1..=usize::MAX]
    } else {
        collector.ranges
    };
    Ok(RustSource {
        path: &file.path,
        text: &file.text,
        syntax,
        tests,
    })
}

impl RustSource<'_> {
    /// Whether a line (from 1) belongs to a test.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }
}

/// Whether a whole file is tests, benchmarks or the kit that serves them.
pub(crate) fn is_test_file(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    path.split('/')
        .any(|part| part == "tests" || part == "testkit")
        || file == "tests.rs"
}

/// The first and last line of something.
pub(crate) fn lines(span: Span) -> RangeInclusive<usize> {
    span.start().line..=span.end().line
}

/// Every identifier in a macro's tokens that `wanted` accepts and that is called there.
pub(crate) fn calls_in_tokens(
    tokens: TokenStream,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut last: Option<(String, Span)> = None;
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            if let Some(call) = last.take()
                && group.delimiter() == proc_macro2::Delimiter::Parenthesis
            {
                found.push(call);
            }
            found.extend(calls_in_tokens(group.stream(), wanted));
        }
        last = match token {
            TokenTree::Ident(ident) if wanted(&ident.to_string()) => {
                Some((ident.to_string(), ident.span()))
            }
            TokenTree::Ident(_)
            | TokenTree::Group(_)
            | TokenTree::Punct(_)
            | TokenTree::Literal(_) => None,
        };
    }
    found
}

#[derive(Default)]
struct TestLines {
    ranges: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for TestLines {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if attributes.iter().any(marks_test) {
            self.ranges.push(lines(item.span()));
        } else {
            visit::visit_item(self, item);
        }
    }
}

/// `#[test]`, `#[tokio::test]` and every `#[cfg(…)]` that asks for `test`.
fn marks_test(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    if path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == "test")
    {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    path.is_ident("cfg") && asks_for_test(list.tokens.clone())
}

fn asks_for_test(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Ident(ident) => ident == "test",
        TokenTree::Group(group) => {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before));
            let negated = matches!(before, Some(TokenTree::Ident(ident)) if ident == "not");
            !negated && asks_for_test(group.stream())
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn test_modules_are_told_from_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let file = file("crates/x/src/a.rs", text);
        let source = parse(&file).unwrap();
        assert!(!source.is_test(1));
        assert!(source.is_test(2));
        assert!(source.is_test(4));
        assert!(!source.is_test(6));
    }

    #[test]
    fn code_for_other_than_tests_is_code() {
        let file = file("crates/x/src/a.rs", "#[cfg(not(test))]\nfn a() {}\n");
        assert!(!parse(&file).unwrap().is_test(2));
    }

    #[test]
    fn files_of_tests_are_tests_throughout() {
        let file = file("crates/x/tests/a.rs", "fn a() {}\n");
        assert!(parse(&file).unwrap().is_test(1));
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_finding() {
        assert!(parse(&file("crates/x/src/a.rs", "fn (")).is_err());
    }

    #[test]
    fn calls_inside_macros_are_seen() {
        let tokens: TokenStream = "assert_eq(a.sleep(1), sleep, b)".parse().unwrap();
        assert_eq!(calls_in_tokens(tokens, &|name| name == "sleep").len(), 1);
    }
}
