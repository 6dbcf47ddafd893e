//! The binary for production, built for how it is used.
//!
//! A compiler that knows which parts of a program run often keeps them together and quick, and the
//! rest out of their way ([profile-guided optimisation]). So there are two builds: the first one
//! counts what it does while it is trained, the second one is made with these counts.
//!
//! [profile-guided optimisation]: https://doc.rust-lang.org/rustc/profile-guided-optimization.html

mod compiler;
mod training;
mod visitor;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{self, SHA256};

use self::compiler::Compiler;
use self::training::TrainingError;
use crate::workspace::{Workspace, WorkspaceError};

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packages {
    /// The server.
    Server,
    /// The server, and this crate for the references of the benchmark, so that both had the same care.
    WithReferences,
}

/// What the training does; when that changes, an earlier profile is none.
const TRAINING: [&str; 2] = [include_str!("training.rs"), include_str!("visitor.rs")];

/// Why there is no binary.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReleaseError {
    /// A build failed, or the repository could not be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The tool for profiles of the compiler's LLVM, in this version, is missing.
    #[error("llvm-profdata of LLVM {0} is missing; ./scripts/setup release installs it")]
    NoProfileTool(String),
    /// The tool for profiles did not make one.
    #[error("llvm-profdata could not join the counts: {0}")]
    Profile(String),
    /// The training failed.
    #[error("the training failed")]
    Training(#[from] TrainingError),
    /// A file of the build failed.
    #[error("{what} failed")]
    File {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Packages {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Server => &["strongroom"],
            Self::WithReferences => &["strongroom", "xtask"],
        }
    }
}

/// Builds with a profile; gives the directory of the binaries. A profile of the same program is used
/// again.
pub(crate) fn build(workspace: &Workspace, packages: Packages) -> Result<PathBuf, ReleaseError> {
    let compiler = Compiler::ask(workspace)?;
    let target = workspace.target()?;
    let counts = target.join("counting/counts");

    println!("building what counts …");
    let flag = format!("-Cprofile-generate={}", counts.display());
    let counting = compiler.build(workspace, packages, &target.join("counting"), &flag)?;
    let profile = target
        .join("counting")
        .join(format!("{}.profdata", name(&counting, packages)?));
    if !profile.exists() {
        println!("training …");
        empty(&counts)?;
        train(&counting, packages)?;
        compiler.join(&counts, &profile)?;
    }
    println!("building with the profile …");
    let flag = format!("-Cprofile-use={}", profile.display());
    compiler.build(workspace, packages, &target.join("guided"), &flag)
}

/// Trains the binaries in this directory.
pub(crate) fn train(binaries: &Path, packages: Packages) -> Result<(), ReleaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(file("starting the runtime"))?;
    runtime.block_on(async {
        training::serve(binaries.join("strongroom").as_os_str()).await?;
        if packages == Packages::WithReferences {
            training::refer(binaries.join("xtask").as_os_str()).await?;
        }
        Ok(())
    })
}

/// A name for the profile of these binaries under this training. Cargo builds again only when a flag
/// changes, so another profile needs another name.
fn name(binaries: &Path, packages: Packages) -> Result<String, ReleaseError> {
    let mut all = digest::Context::new(&SHA256);
    for package in packages.names() {
        let binary = fs::read(binaries.join(package)).map_err(file("reading what counts"))?;
        all.update(digest::digest(&SHA256, &binary).as_ref());
    }
    for text in TRAINING {
        all.update(digest::digest(&SHA256, text.as_bytes()).as_ref());
    }
    let digest = all.finish();
    let digits = digest.as_ref().iter().take(8);
    Ok(digits.map(|byte| format!("{byte:02x}")).collect())
}

/// Leaves nothing of a training that broke off.
fn empty(directory: &Path) -> Result<(), ReleaseError> {
    match fs::remove_dir_all(directory) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(file("removing old counts")(source))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn file(what: &'static str) -> impl FnOnce(io::Error) -> ReleaseError {
    move |source| ReleaseError::File { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_for_exactly_these_binaries() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text| fs::write(directory.path().join(name), text).unwrap();
        let named = |packages| name(directory.path(), packages).unwrap();
        write("strongroom", "a server");
        write("xtask", "a reference");
        let both = named(Packages::WithReferences);
        assert_eq!(named(Packages::WithReferences), both);
        assert_ne!(named(Packages::Server), both);
        write("xtask", "another");
        assert_ne!(named(Packages::WithReferences), both);
        fs::remove_file(directory.path().join("strongroom")).unwrap();
        assert!(name(directory.path(), Packages::Server).is_err());
    }

    #[test]
    fn old_counts_go_away_and_may_be_missing() {
        let directory = tempfile::tempdir().unwrap();
        let counts = directory.path().join("counts");
        fs::create_dir(&counts).unwrap();
        fs::write(counts.join("old.profraw"), "").unwrap();
        empty(&counts).unwrap();
        assert!(!counts.exists());
        empty(&counts).unwrap();
    }
}
