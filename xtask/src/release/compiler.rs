//! The compiler, its tool for profiles, and the builds that they make.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Packages, ReleaseError, file};
use crate::workspace::{Workspace, WorkspaceError};

/// What there is to build with.
pub(super) struct Compiler {
    host: String,
    profile_tool: PathBuf,
}

impl Compiler {
    /// Asks the compiler where its parts are.
    pub(super) fn ask(workspace: &Workspace) -> Result<Self, ReleaseError> {
        let version = workspace.output("rustc", &["-vV"])?;
        let said = |name| version.lines().find_map(|line| line.strip_prefix(name));
        let host = said("host: ").unwrap_or_default().to_owned();
        let llvm = major(said("LLVM version: ").unwrap_or_default()).to_owned();
        let root = workspace.output("rustc", &["--print", "sysroot"])?;
        let own = Path::new(root.trim())
            .join("lib/rustlib")
            .join(&host)
            .join("bin/llvm-profdata");
        // Where the compiler comes from a distribution, so does its tool.
        let profile_tool = [own, PathBuf::from("llvm-profdata")]
            .into_iter()
            .find(|tool| is_of(tool, &llvm))
            .ok_or(ReleaseError::NoProfileTool(llvm))?;
        Ok(Self { host, profile_tool })
    }

    /// Builds with a flag more; gives the directory of the binaries.
    pub(super) fn build(
        &self,
        workspace: &Workspace,
        packages: Packages,
        target: &Path,
        flag: &str,
    ) -> Result<PathBuf, ReleaseError> {
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        let flags = format!("{flags} {flag}");
        let mut arguments = vec![OsStr::new("build"), OsStr::new("--release")];
        // With a target named, the flags do not reach what only runs during the build.
        arguments.extend([OsStr::new("--target"), OsStr::new(&self.host)]);
        arguments.extend([OsStr::new("--target-dir"), target.as_os_str()]);
        for package in packages.names() {
            arguments.extend([OsStr::new("--package"), OsStr::new(package)]);
        }
        workspace.cargo(&arguments, &[("RUSTFLAGS", flags.trim())])?;
        Ok(target.join(&self.host).join("release"))
    }

    /// Joins the counts of all processes into one profile, which appears whole or not at all.
    pub(super) fn join(&self, counts: &Path, profile: &Path) -> Result<(), ReleaseError> {
        let unfinished = profile.with_extension("unfinished");
        let output = Command::new(&self.profile_tool)
            .args([OsStr::new("merge"), OsStr::new("-o")])
            .args([unfinished.as_path(), counts])
            .output()
            .map_err(|source| WorkspaceError::Start {
                program: "llvm-profdata",
                source,
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ReleaseError::Profile(said));
        }
        fs::rename(&unfinished, profile).map_err(file("keeping the profile"))
    }
}

/// Whether a tool belongs to this LLVM. The counts have the form of theirs, and no other one reads it.
fn is_of(tool: &Path, llvm: &str) -> bool {
    let Ok(output) = Command::new(tool).arg("--version").output() else {
        return false;
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("LLVM version "))
        .any(|version| major(version) == llvm)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_the_tool_of_the_same_llvm_will_do() {
        let directory = tempfile::tempdir().unwrap();
        let tool = directory.path().join("tool");
        let prints = |text: &str| {
            fs::write(&tool, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
            is_of(&tool, "22")
        };
        assert!(prints("echo 'LLVM:'; echo '  LLVM version 22.1.2-rust'"));
        assert!(!prints("echo '  LLVM version 14.0.6'"));
        assert!(!prints("echo 'Unknown command!' >&2; exit 1"));
        assert!(!is_of(&directory.path().join("none"), "22"));
    }
}
