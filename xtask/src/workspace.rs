//! The repository as the tasks see it: its root, its files, its crates.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

/// Why the repository could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    /// `cargo` or `git` did not start.
    #[error("{program} did not start; is it installed?")]
    Start {
        /// What was to be started.
        program: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// `cargo` or `git` started and failed.
    #[error("{program} failed: {stderr}")]
    Failed {
        /// What failed.
        program: &'static str,
        /// What it said.
        stderr: String,
    },
    /// `cargo metadata` printed something else than its documented format.
    #[error("cargo metadata printed something unexpected")]
    Metadata(#[from] serde_json::Error),
    /// A committed file could not be read.
    #[error("could not read {path}")]
    Read {
        /// The file, from the root.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The manifest of this task has no directory above it.
    #[error("the tasks must live in a directory below the workspace root")]
    NoRoot,
}

/// The root of the repository.
pub(crate) struct Workspace {
    root: PathBuf,
}

/// A text file of the repository.
pub(crate) struct TextFile {
    /// From the root, with `/` between its parts.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

/// A crate of ours and what it depends on.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// What its manifest asks for.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The crate asked for.
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Workspace {
    /// Finds the root from where these tasks were compiled.
    pub(crate) fn find() -> Result<Self, WorkspaceError> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .ok_or(WorkspaceError::NoRoot)?
            .to_path_buf();
        Ok(Self { root })
    }

    /// A file or directory below the root.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Every text file that is committed or would be: what git neither ignores nor sees deleted.
    /// Files that are not UTF-8 are no text and are left out.
    pub(crate) fn text_files(&self) -> Result<Vec<TextFile>, WorkspaceError> {
        let arguments = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = self.output("git", &arguments)?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let bytes = match std::fs::read(self.join(path)) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    return Err(WorkspaceError::Read {
                        path: path.to_owned(),
                        source,
                    });
                }
            };
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(TextFile {
                    path: path.to_owned(),
                    text,
                });
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        files.dedup_by(|left, right| left.path == right.path);
        Ok(files)
    }

    /// One file as text.
    pub(crate) fn read(&self, path: &str) -> Result<String, WorkspaceError> {
        std::fs::read_to_string(self.join(path)).map_err(|source| WorkspaceError::Read {
            path: path.to_owned(),
            source,
        })
    }

    /// The crates of the workspace.
    pub(crate) fn packages(&self) -> Result<Vec<Package>, WorkspaceError> {
        Ok(self.metadata()?.packages)
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> Result<PathBuf, WorkspaceError> {
        Ok(self.metadata()?.target_directory)
    }

    fn metadata(&self) -> Result<Metadata, WorkspaceError> {
        let arguments = [
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ];
        let printed = self.output("cargo", &arguments)?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// Runs cargo in the root, for something that takes long: what it says goes to the terminal.
    pub(crate) fn cargo(
        &self,
        arguments: &[&OsStr],
        environment: &[(&str, &str)],
    ) -> Result<(), WorkspaceError> {
        let program = "cargo";
        let status = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(&self.root)
            .status()
            .map_err(|source| WorkspaceError::Start { program, source })?;
        if status.success() {
            return Ok(());
        }
        let stderr = "its own message is above".to_owned();
        Err(WorkspaceError::Failed { program, stderr })
    }

    /// What a program prints when started in the root.
    pub(crate) fn output(
        &self,
        program: &'static str,
        arguments: &[&str],
    ) -> Result<String, WorkspaceError> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .map_err(|source| WorkspaceError::Start { program, source })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(WorkspaceError::Failed { program, stderr });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
