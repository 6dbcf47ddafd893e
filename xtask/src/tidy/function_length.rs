//! Functions stay short enough to be seen at once.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;
use super::rust_source::RustSource;

/// Past this a function is named in a note.
const LONG: usize = 60;
/// Past this a function fails.
const TOO_LONG: usize = 80;

/// Measures every function outside tests, from its signature to its closing brace.
pub(crate) fn check(source: &RustSource<'_>) -> Vec<Finding> {
    let mut functions = Functions {
        source,
        findings: Vec::new(),
    };
    functions.visit_file(&source.syntax);
    functions.findings
}

struct Functions<'a> {
    source: &'a RustSource<'a>,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let length = block.span().end().line + 1 - first;
        if length <= LONG || self.source.is_test(first) {
            return;
        }
        let message = format!(
            "function {} has {length} lines, at most {TOO_LONG}",
            signature.ident
        );
        let report = if length > TOO_LONG {
            Finding::broken
        } else {
            Finding::close
        };
        self.findings
            .push(report(self.source.path, Some(first), message));
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rust_source::parse;
    use super::*;
    use crate::workspace::TextFile;

    fn findings(path: &str, lines: usize) -> Vec<Finding> {
        let body = "    let _ = 1;\n".repeat(lines - 2);
        let file = TextFile {
            path: path.to_owned(),
            text: format!("struct A;\nimpl A {{\nfn f() {{\n{body}}}\n}}\n"),
        };
        check(&parse(&file).unwrap())
    }

    #[test]
    fn short_functions_pass() {
        assert_eq!(findings("crates/x/src/a.rs", LONG), []);
    }

    #[test]
    fn long_functions_are_named_and_longer_ones_fail() {
        assert!(
            !findings("crates/x/src/a.rs", LONG + 1)
                .first()
                .unwrap()
                .fails
        );
        assert!(
            findings("crates/x/src/a.rs", TOO_LONG + 1)
                .first()
                .unwrap()
                .fails
        );
    }

    #[test]
    fn tests_are_left_alone() {
        assert_eq!(findings("crates/x/tests/a.rs", 300), []);
    }
}
