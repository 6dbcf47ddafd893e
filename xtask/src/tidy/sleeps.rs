//! Tests do not sleep: time is an argument.

use std::collections::BTreeSet;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use super::rust_source::{RustSource, calls_in_tokens};

/// Reasons for which a test may sleep after all. A comment `// sleeps: <reason>` on the line
/// before says which one applies.
const REASONS: &[&str] = &[
    "another process offers nothing to wait for",
    "a slow client has to be slow",
];

/// Finds sleeps in test code that give none of the reasons.
pub(crate) fn check(source: &RustSource<'_>) -> Vec<Finding> {
    let mut calls = SleepCalls::default();
    calls.visit_file(&source.syntax);
    let text: Vec<&str> = source.text.lines().collect();
    let excused = |line: usize| {
        let before = line
            .checked_sub(2)
            .and_then(|index| text.get(index))
            .unwrap_or(&"");
        before
            .split_once("// sleeps: ")
            .is_some_and(|(_, reason)| REASONS.contains(&reason.trim()))
    };
    let sleeping = calls
        .lines
        .into_iter()
        .filter(|line| source.is_test(*line) && !excused(*line));
    sleeping
        .map(|line| {
            let message = "a test sleeps; pass the time in, or wait for the event".to_owned();
            Finding::broken(source.path, line, message)
        })
        .collect()
}

#[derive(Default)]
struct SleepCalls {
    lines: BTreeSet<usize>,
}

fn sleeps(name: &str) -> bool {
    matches!(name, "sleep" | "sleep_until" | "sleep_ms")
}

impl<'ast> Visit<'ast> for SleepCalls {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && path
                .path
                .segments
                .last()
                .is_some_and(|last| sleeps(&last.ident.to_string()))
        {
            self.lines.insert(call.span().start().line);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        for (_, span) in calls_in_tokens(invocation.tokens.clone(), &sleeps) {
            self.lines.insert(span.start().line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rust_source::parse;
    use super::*;
    use crate::workspace::TextFile;

    fn count(path: &str, body: &str) -> usize {
        let text = format!("fn f() {{\n{body}\n}}\n");
        let file = TextFile {
            path: path.to_owned(),
            text,
        };
        check(&parse(&file).unwrap()).len()
    }

    #[test]
    fn a_sleeping_test_is_found() {
        assert_eq!(count("crates/x/tests/a.rs", "std::thread::sleep(one);"), 1);
        assert_eq!(
            count(
                "crates/x/tests/a.rs",
                "select! { _ = tokio::time::sleep(one) => {} }"
            ),
            1
        );
    }

    #[test]
    fn production_code_may_wait() {
        assert_eq!(count("crates/x/src/a.rs", "std::thread::sleep(one);"), 0);
    }

    #[test]
    fn a_listed_reason_excuses_and_another_does_not() {
        let with = |reason: &str| format!("// sleeps: {reason}\nstd::thread::sleep(one);");
        assert_eq!(
            count("crates/x/tests/a.rs", &with("a slow client has to be slow")),
            0
        );
        assert_eq!(
            count("crates/x/tests/a.rs", &with("it is flaky otherwise")),
            1
        );
    }
}
