//! The places where a secret is touched by name, compared with the list that was reviewed.
//!
//! A danger has a long name in the code. `docs/expose-sites.txt` lists every function that uses
//! one, so that a new use shows up in review as a changed line of that file.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use super::Finding;
use super::rust_source::{RustSource, calls_in_tokens, parse};
use crate::workspace::{TextFile, Workspace, WorkspaceError};

/// Where the reviewed list is kept.
const LIST: &str = "docs/expose-sites.txt";

/// The dangerous names and what each one does.
const NAMES: &[(&str, &str)] = &[
    ("expose", "reads the bytes of a Plaintext"),
    ("export_material", "hands out key material"),
    (
        "from_stored",
        "takes bytes for sealed or verified without checking them",
    ),
    ("system_grant", "mints a grant that no caller asked for"),
    (
        "vouched",
        "makes a caller whose credential somebody else has checked",
    ),
];

/// One use: the name, the file, the function around it.
type Site = (String, String, String);
/// How often each use occurs.
type Sites = BTreeMap<Site, usize>;

/// What the code does beside what the list says.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let listed = files.iter().find(|file| file.path == LIST);
    let listed = listed.map_or("", |file| file.text.as_str());
    let (old, new) = (body(listed), render(&sites(files)));
    let mut findings = Vec::new();
    for line in body(&new).into_iter().filter(|line| !old.contains(line)) {
        let message = format!("not in {LIST}: {line} (review it, then cargo xtask danger --write)");
        findings.push(Finding::broken(LIST, None, message));
    }
    let new = body(&new);
    for line in old.into_iter().filter(|line| !new.contains(line)) {
        let message = format!("is listed and no longer there: {line} (cargo xtask danger --write)");
        findings.push(Finding::broken(LIST, None, message));
    }
    findings
}

/// The list as the code has it now.
pub(crate) fn list(workspace: &Workspace) -> Result<String, WorkspaceError> {
    Ok(render(&sites(&workspace.text_files()?)))
}

/// Writes the list.
pub(crate) fn write(workspace: &Workspace) -> Result<(), WorkspaceError> {
    let text = list(workspace)?;
    std::fs::write(workspace.join(LIST), text).map_err(|source| WorkspaceError::Read {
        path: LIST.to_owned(),
        source,
    })
}

fn body(list: &str) -> Vec<&str> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn render(sites: &Sites) -> String {
    let mut text = String::from(
        "# Where production code touches a secret by name. Written by `cargo xtask danger --write`,\n\
         # compared by `cargo xtask tidy`: a changed line asks for a review of that function.\n#\n",
    );
    for (name, meaning) in NAMES {
        text.push_str(&format!("# {name}: {meaning}\n"));
    }
    text.push_str("#\n# name, uses, function, file\n");
    for ((name, file, function), uses) in sites {
        text.push_str(&format!("{name} {uses} {function} {file}\n"));
    }
    text
}

fn sites(files: &[TextFile]) -> Sites {
    let mut sites = Sites::new();
    for file in files.iter().filter(|file| is_production(&file.path)) {
        // A file that does not parse is already a finding of the caller's loop.
        let Ok(source) = parse(file) else { continue };
        let mut uses = Uses {
            source: &source,
            function: Vec::new(),
            sites: &mut sites,
        };
        uses.visit_file(&source.syntax);
    }
    sites
}

fn is_production(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs")
}

fn is_dangerous(name: &str) -> bool {
    NAMES.iter().any(|(dangerous, _)| *dangerous == name)
}

struct Uses<'a> {
    source: &'a RustSource<'a>,
    function: Vec<String>,
    sites: &'a mut Sites,
}

impl Uses<'_> {
    fn saw(&mut self, name: &str, span: proc_macro2::Span) {
        if !is_dangerous(name) || self.source.is_test(span.start().line) {
            return;
        }
        let function = self.function.last().map_or("-", String::as_str).to_owned();
        let site = (name.to_owned(), self.source.path.to_owned(), function);
        *self.sites.entry(site).or_default() += 1;
    }

    fn within(&mut self, function: &syn::Ident, visit: impl FnOnce(&mut Self)) {
        self.function.push(function.to_string());
        visit(self);
        self.function.pop();
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(&item.sig.ident, |uses| visit::visit_item_fn(uses, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.sig.ident, |uses| {
            visit::visit_impl_item_fn(uses, item)
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.within(&item.sig.ident, |uses| {
            visit::visit_trait_item_fn(uses, item)
        });
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.saw(&call.method.to_string(), call.method.span());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(last) = path.path.segments.last() {
            self.saw(&last.ident.to_string(), last.ident.span());
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        for (name, span) in calls_in_tokens(invocation.tokens.clone(), &is_dangerous) {
            self.saw(&name, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> TextFile {
        TextFile {
            path: "crates/x/src/a.rs".to_owned(),
            text: text.to_owned(),
        }
    }

    fn list_of(files: &[TextFile]) -> TextFile {
        TextFile {
            path: LIST.to_owned(),
            text: render(&sites(files)),
        }
    }

    const SEAL: &str =
        "fn seal(p: &Plaintext) { p.expose(); write!(f, \"{}\", len(p.expose())); }\n";

    #[test]
    fn a_use_that_nobody_reviewed_is_found() {
        assert_eq!(check(&[code(SEAL)]).len(), 1);
    }

    #[test]
    fn the_reviewed_list_passes() {
        assert_eq!(check(&[code(SEAL), list_of(&[code(SEAL)])]), []);
    }

    #[test]
    fn one_more_use_in_the_same_function_is_found() {
        let more = SEAL.replace("p.expose();", "p.expose(); p.expose();");
        assert_eq!(check(&[code(&more), list_of(&[code(SEAL)])]).len(), 2);
    }

    #[test]
    fn a_use_that_went_away_is_found() {
        assert_eq!(
            check(&[code("fn seal() {}\n"), list_of(&[code(SEAL)])]).len(),
            1
        );
    }

    #[test]
    fn passing_the_function_on_counts_as_a_use() {
        assert_eq!(
            check(&[code("fn f() { all.map(Plaintext::expose); }\n")]).len(),
            1
        );
    }

    #[test]
    fn tests_may_look() {
        assert_eq!(
            check(&[code("#[cfg(test)]\nmod tests { fn f() { p.expose(); } }\n")]),
            []
        );
    }
}
