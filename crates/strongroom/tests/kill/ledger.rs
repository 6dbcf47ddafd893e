//! What was asked of the server, and what it must therefore hold.

use std::collections::BTreeMap;

/// Where each writer has secrets that nobody else touches.
pub(crate) const OWN: &str = "/own/";
/// Where everybody adds and destroys versions.
pub(crate) const SHARED: &str = "/shared/";
/// Where everybody creates and deletes.
pub(crate) const CONTENDED: &str = "/contended/";

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Create,
    Put,
    Reveal(u64),
    Destroy(u64),
    Delete,
}

impl What {
    /// The status of its success.
    pub(crate) fn success(self) -> u16 {
        match self {
            Self::Create => 201,
            Self::Put | Self::Reveal(_) => 200,
            Self::Destroy(_) | Self::Delete => 204,
        }
    }

    /// The audit entries of its success, in the order of their names.
    pub(crate) fn entries(self) -> Vec<&'static str> {
        match self {
            Self::Create => vec!["POST", "kms.encrypt", "secret.create"],
            Self::Put => vec!["POST", "kms.encrypt", "secret.put_value"],
            Self::Reveal(_) => vec!["POST", "kms.decrypt", "secret.get_value"],
            Self::Destroy(_) => vec!["DELETE", "secret.destroy_version"],
            Self::Delete => vec!["DELETE", "secret.delete"],
        }
    }
}

/// What the client saw of an operation's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The connection broke first.
    Unknown,
    /// It was answered.
    Answered {
        status: u16,
        request_id: String,
        /// The version that the answer names.
        version: Option<u64>,
    },
}

/// One operation, under the `X-Request-Id` that the client gave it.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) what: What,
    pub(crate) outcome: Outcome,
}

impl Operation {
    /// Whether it was answered with a success.
    pub(crate) fn acknowledged(&self) -> bool {
        matches!(&self.outcome, Outcome::Answered { status, .. } if *status == self.what.success())
    }

    /// The version that its answer names.
    pub(crate) fn version(&self) -> Option<u64> {
        match &self.outcome {
            Outcome::Answered { version, .. } => *version,
            Outcome::Unknown => None,
        }
    }
}

/// The value that an operation writes: it names the operation, and sizes differ.
pub(crate) fn value_of(id: &str) -> String {
    let length = id.bytes().map(usize::from).sum::<usize>() % 1_500;
    format!("{id} {}", "x".repeat(length))
}

/// A version that has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// The operation that wrote it.
    pub(crate) writer: String,
    pub(crate) is_destroyed: bool,
}

/// A secret that has to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) versions: BTreeMap<u64, Version>,
}

impl Secret {
    fn wrote(&mut self, number: u64, writer: &str) {
        let version = Version {
            writer: writer.to_owned(),
            is_destroyed: false,
        };
        let before = self.versions.insert(number, version);
        assert_eq!(
            before, None,
            "version {number} was given twice, also to {writer}"
        );
    }

    /// The newest version that is not destroyed.
    pub(crate) fn current(&self) -> Option<u64> {
        let mut newest = self.versions.iter().rev();
        newest
            .find(|(_, version)| !version.is_destroyed)
            .map(|(number, _)| *number)
    }
}

/// All secrets that have to be there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) secrets: BTreeMap<String, Secret>,
}

impl Model {
    /// Takes up an operation that took effect; `version` is the one that a write was given.
    pub(crate) fn apply(&mut self, operation: &Operation, version: Option<u64>) {
        let Operation { id, path, .. } = operation;
        match operation.what {
            What::Create => {
                assert_eq!(version.unwrap_or(1), 1, "{id}: a new secret begins at 1");
                let mut secret = Secret::default();
                secret.wrote(1, id);
                let before = self.secrets.insert(path.clone(), secret);
                assert_eq!(before, None, "{id}: {path} was made twice");
            }
            What::Put => {
                let secret = self.secrets.get_mut(path);
                let secret = secret.unwrap_or_else(|| panic!("{id}: {path} is not there"));
                secret.wrote(version.unwrap(), id);
            }
            What::Destroy(number) => {
                let secret = self.secrets.get_mut(path);
                let secret = secret.unwrap_or_else(|| panic!("{id}: {path} is not there"));
                secret.versions.get_mut(&number).unwrap().is_destroyed = true;
            }
            What::Delete => {
                let before = self.secrets.remove(path);
                assert!(before.is_some(), "{id}: {path} was deleted twice");
            }
            What::Reveal(_) => {}
        }
    }
}
