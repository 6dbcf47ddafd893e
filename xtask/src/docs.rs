//! The parts of the documents that the code knows better than a person.

use std::io;

use crate::workspace::{Workspace, WorkspaceError};

/// Every generated part. A new one is one more line here and, unless it is a whole file, a pair of
/// markers `<!-- name -->` and `<!-- /name -->` in the document.
const PARTS: &[Part] = &[
    Part {
        file: "README.md",
        marker: Some("recipes"),
        source: Source::Binary(&["recipes"]),
    },
    Part {
        file: "docs/configuration.md",
        marker: None,
        source: Source::Binary(&["config-docs"]),
    },
    Part {
        file: "docs/errors.md",
        marker: None,
        source: Source::Function(errors),
    },
    Part {
        file: "docs/formats.md",
        marker: Some("store"),
        source: Source::ModuleDocs(&["crates/store/src/lib.rs"]),
    },
    Part {
        file: "docs/formats.md",
        marker: Some("rows"),
        source: Source::ModuleDocs(&[
            "crates/engine/src/rows/keyspace.rs",
            "crates/engine/src/rows/secret.rs",
            "crates/engine/src/rows/access.rs",
            "crates/engine/src/rows/coded.rs",
        ]),
    },
    Part {
        file: "docs/formats.md",
        marker: Some("envelopes"),
        source: Source::ModuleDocs(&["crates/crypto/src/lib.rs"]),
    },
    Part {
        file: "docs/formats.md",
        marker: Some("journal"),
        source: Source::ModuleDocs(&[
            "crates/audit/src/header.rs",
            "crates/audit/src/frame.rs",
            "crates/audit/src/id.rs",
            "crates/audit/src/words.rs",
        ]),
    },
];

struct Part {
    file: &'static str,
    /// Where in the file; nothing means all of it.
    marker: Option<&'static str>,
    source: Source,
}

enum Source {
    /// What the `strongroom` binary prints for these arguments.
    Binary(&'static [&'static str]),
    /// What a function of one of our crates returns.
    Function(fn() -> String),
    /// The documentation at the heads of Rust files.
    ModuleDocs(&'static [&'static str]),
}

fn errors() -> String {
    strongroom_api::render_error_catalogue()
}

/// Why the documents could not be rendered or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocsError {
    /// The repository could not be read, or the binary did not print its part.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A document has lost its markers.
    #[error(
        "{file} has no lines <!-- {marker} --> and <!-- /{marker} --> around its generated part"
    )]
    NoMarker {
        /// The document.
        file: &'static str,
        /// The name of the part.
        marker: &'static str,
    },
    /// A Rust file whose head documentation was asked for does not parse.
    #[error("{file} does not parse as Rust")]
    Syntax {
        /// The file.
        file: &'static str,
        /// Why not.
        #[source]
        source: syn::Error,
    },
    /// A document could not be written.
    #[error("could not write {file}")]
    Write {
        /// The document.
        file: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A document as the code says that it should be.
pub(crate) struct Rendered {
    /// From the root.
    pub(crate) path: String,
    /// What it should hold.
    pub(crate) text: String,
    /// What it holds, if it is there.
    pub(crate) on_disk: Option<String>,
}

/// Writes every generated document that has changed.
pub(crate) fn write(workspace: &Workspace) -> Result<(), DocsError> {
    for document in render(workspace)? {
        if document.on_disk.as_deref() != Some(document.text.as_str()) {
            std::fs::write(workspace.join(&document.path), &document.text).map_err(|source| {
                DocsError::Write {
                    file: document.path.clone(),
                    source,
                }
            })?;
            println!("wrote {}", document.path);
        }
    }
    Ok(())
}

/// Every document with a generated part, as the code says that it should be.
pub(crate) fn render(workspace: &Workspace) -> Result<Vec<Rendered>, DocsError> {
    let mut documents: Vec<Rendered> = Vec::new();
    for part in PARTS {
        let text = part.text(workspace)?;
        let known = documents
            .iter()
            .position(|document| document.path == part.file);
        let index = known.unwrap_or_else(|| {
            let on_disk = workspace.read(part.file).ok();
            let text = on_disk.clone().unwrap_or_default();
            documents.push(Rendered {
                path: part.file.to_owned(),
                text,
                on_disk,
            });
            documents.len() - 1
        });
        if let Some(document) = documents.get_mut(index) {
            document.text = match part.marker {
                None => text,
                Some(marker) => {
                    replace(&document.text, marker, &text).ok_or(DocsError::NoMarker {
                        file: part.file,
                        marker,
                    })?
                }
            };
        }
    }
    Ok(documents)
}

impl Part {
    /// The part's text, ending in exactly one newline.
    fn text(&self, workspace: &Workspace) -> Result<String, DocsError> {
        let text = match self.source {
            Source::Binary(arguments) => {
                let cargo = ["run", "--quiet", "--package", "strongroom", "--"];
                workspace.output("cargo", &[&cargo, arguments].concat())?
            }
            Source::Function(render) => render(),
            Source::ModuleDocs(files) => {
                let mut text = String::new();
                for file in files {
                    let docs = module_docs(&workspace.read(file)?);
                    text.push_str(&docs.map_err(|source| DocsError::Syntax { file, source })?);
                    text.push('\n');
                }
                text
            }
        };
        Ok(format!("{}\n", text.trim_end()))
    }
}

/// Puts `text` between the markers; `None` if they are not there.
fn replace(document: &str, marker: &str, text: &str) -> Option<String> {
    let (open, close) = (
        format!("<!-- {marker} -->\n"),
        format!("<!-- /{marker} -->"),
    );
    let (before, rest) = document.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n{text}\n{close}{after}"))
}

/// The `//!` lines of a Rust file as Markdown, headings one level deeper.
fn module_docs(text: &str) -> Result<String, syn::Error> {
    let file = syn::parse_file(text)?;
    let mut docs = String::new();
    for attribute in &file.attrs {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(line),
                ..
            }) = &pair.value
        {
            let line = line.value();
            let line = line.strip_prefix(' ').unwrap_or(&line).trim_end();
            let deeper = if line.starts_with('#') { "##" } else { "" };
            docs.push_str(&format!("{deeper}{}\n", without_item_links(line)));
        }
    }
    Ok(docs)
}

/// Links to items of the code lead nowhere outside of it: their text stays.
fn without_item_links(line: &str) -> String {
    let mut pieces = line.split("](");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(')') {
            Some((target, rest)) if target.contains("::") && !target.contains('/') => {
                if let Some(open) = text.rfind('[') {
                    text.remove(open);
                }
                text.push_str(rest);
            }
            Some(_) | None => {
                text.push_str("](");
                text.push_str(piece);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_put_between_its_markers() {
        let document = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        let new = replace(document, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n");
        assert_eq!(replace(&new, "x", "new\n").unwrap(), new);
    }

    #[test]
    fn a_lost_marker_is_noticed() {
        assert_eq!(replace("a\n", "x", "new\n"), None);
        assert_eq!(replace("<!-- x -->\n", "x", "new\n"), None);
    }

    #[test]
    fn module_documentation_becomes_a_section() {
        let text = "//! One line.\n//!\n//! # Files\n//! ```text\n//! a\n//! ```\n\nfn f() {}\n";
        assert_eq!(
            module_docs(text).unwrap(),
            "One line.\n\n### Files\n```text\na\n```\n"
        );
    }

    #[test]
    fn links_to_items_become_plain_and_others_stay() {
        let line = "takes [`Sealed`](strongroom_crypto::Sealed) values, see [here](../a.md)";
        assert_eq!(
            without_item_links(line),
            "takes `Sealed` values, see [here](../a.md)"
        );
    }

    #[test]
    fn every_part_has_a_name_of_its_own() {
        let mut names: Vec<_> = PARTS.iter().map(|part| (part.file, part.marker)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PARTS.len());
    }
}
