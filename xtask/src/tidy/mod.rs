//! The house rules that no compiler knows, one file each.
//!
//! Every check is a function from texts to findings, so that its tests can hand it a text that
//! breaks the rule.

pub(crate) mod danger;
mod dependencies;
mod edges;
mod file_length;
mod function_length;
mod generated;
mod links;
mod machine_paths;
mod markers;
mod rust_source;
mod sleeps;
mod whitespace;

use std::fmt;
use std::process::ExitCode;

use crate::docs::DocsError;
use crate::workspace::{TextFile, Workspace, WorkspaceError};

/// Why the rules could not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TidyError {
    /// The repository could not be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The documents could not be rendered, so they cannot be compared.
    #[error("the generated documents could not be compared")]
    Docs(#[from] DocsError),
}

/// Something that a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    file: String,
    line: Option<usize>,
    fails: bool,
    message: String,
}

impl Finding {
    /// A broken rule.
    pub(crate) fn broken(file: &str, line: impl Into<Option<usize>>, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: line.into(),
            fails: true,
            message,
        }
    }

    /// A rule that is close to being broken; it is shown and fails nothing.
    pub(crate) fn close(file: &str, line: impl Into<Option<usize>>, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: line.into(),
            fails: false,
            message,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.fails { "error" } else { "note" };
        match self.line {
            Some(line) => write!(f, "{kind}: {}:{line}: {}", self.file, self.message),
            None => write!(f, "{kind}: {}: {}", self.file, self.message),
        }
    }
}

/// Runs every check, prints what they find and says whether a rule is broken.
pub(crate) fn run(workspace: &Workspace, generated: bool) -> Result<ExitCode, TidyError> {
    let files = workspace.text_files()?;
    let packages = workspace.packages()?;
    let mut findings = edges::check(&packages);
    findings.extend(dependencies::check(&packages, &files));
    for file in &files {
        findings.extend(check_text(file));
    }
    findings.extend(links::check(&files));
    findings.extend(danger::check(&files));
    if generated {
        findings.extend(generated::check(workspace)?);
    }

    let broken = findings.iter().filter(|finding| finding.fails).count();
    for finding in &findings {
        eprintln!("{finding}");
    }
    println!(
        "tidy: {} files, {broken} broken rules, {} notes",
        files.len(),
        findings.len() - broken
    );
    Ok(if broken == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The checks that look at one file at a time.
fn check_text(file: &TextFile) -> Vec<Finding> {
    let mut findings = whitespace::check(file);
    findings.extend(machine_paths::check(file));
    findings.extend(markers::check(file));
    if file.path.ends_with(".rs") {
        match rust_source::parse(file) {
            Ok(source) => {
                findings.extend(file_length::check(&source));
                findings.extend(function_length::check(&source));
                findings.extend(sleeps::check(&source));
            }
            Err(finding) => findings.push(finding),
        }
    }
    findings
}
