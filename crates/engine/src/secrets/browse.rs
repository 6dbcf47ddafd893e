//! S1: one level of the tree.

use std::sync::Arc;

use strongroom_authz::{BrowseSecrets, Grant, Reader};
use strongroom_store::{Key, Scan};
use strongroom_types::{Scope, SecretPath};

use super::list::path_of;
use super::{Browsed, PageRequest, Secrets};
use crate::call::{Call, Recorded};
use crate::rows::secret::SecretHead;
use crate::rows::{RowFault, keyspace};
use crate::trail::AuditUnavailable;

/// Keys read at a time: one behind a sub-directory, which is skipped whole, more among secrets.
const STEPS: std::ops::RangeInclusive<usize> = 1..=256;

/// Why a directory was not shown.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl Secrets<'_> {
    /// What lies directly in a directory. Its cost grows with the children, never with what lies
    /// below them.
    pub async fn browse(
        &self,
        grant: Grant<BrowseSecrets>,
        call: &Arc<Call>,
        page: PageRequest,
    ) -> Result<Recorded<Browsed>, BrowseError> {
        let browsed = Browse::new(self, &grant, page)
            .run()
            .await
            .map_err(BrowseError::Row)?;
        self.0
            .trail
            .recorded(call, browsed)
            .await
            .map_err(BrowseError::Audit)
    }
}

/// Where to read on.
enum Seek {
    From(Key),
    After(Key),
}

struct Browse<'b> {
    secrets: &'b Secrets<'b>,
    scope: &'b Scope,
    reader: Reader,
    left: usize,
    seek: Seek,
    found: Browsed,
}

impl<'b> Browse<'b> {
    fn new(secrets: &'b Secrets<'b>, grant: &'b Grant<BrowseSecrets>, page: PageRequest) -> Self {
        let (scope, directory) = (grant.scope(), grant.target());
        let seek = match page.after {
            Some(after) => match after.strip_suffix('/') {
                Some(child) => Seek::From(behind(scope, child)),
                None => Seek::After(keyspace::secrets(scope, &after)),
            },
            None => Seek::From(keyspace::secrets(scope, directory.as_str())),
        };
        let found = Browsed {
            directory: directory.clone(),
            prefixes: Vec::new(),
            secrets: Vec::new(),
        };
        let left = page.limit.unwrap_or(usize::MAX);
        Self {
            secrets,
            scope,
            reader: grant.reader(),
            left,
            seek,
            found,
        }
    }

    async fn run(mut self) -> Result<Browsed, RowFault> {
        let mut step = 16;
        while self.left > 0 {
            let mut scan =
                Scan::prefix(keyspace::secrets(self.scope, self.found.directory.as_str()))
                    .limit(step);
            scan = match &self.seek {
                Seek::From(key) => scan.from(key.clone()),
                Seek::After(key) => scan.after(key.clone()),
            };
            let keys = self.secrets.0.vault.scan_keys(scan).await?;
            let ended = keys.len() < step;
            let skipped = self.take(keys).await?;
            if ended && !skipped {
                break;
            }
            step = if skipped { step / 2 } else { step * 2 };
            step = step.clamp(*STEPS.start(), *STEPS.end());
        }
        Ok(self.found)
    }

    /// Takes keys up to the first sub-directory, which it skips; says whether there was one.
    async fn take(&mut self, keys: Vec<Key>) -> Result<bool, RowFault> {
        let skip = keyspace::secrets(self.scope, "").as_bytes().len();
        for key in keys {
            if self.left == 0 {
                return Ok(false);
            }
            let Some(path) = path_of(&key, skip) else {
                self.seek = Seek::After(key);
                continue;
            };
            match self.child_directory(&path) {
                None => {
                    self.secret(&key, &path).await?;
                    self.seek = Seek::After(key);
                }
                Some(child) => {
                    self.directory(&child).await?;
                    self.seek = Seek::From(behind(self.scope, &child));
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The directory right below this one that the path lies in, without its trailing slash.
    fn child_directory(&self, path: &SecretPath) -> Option<String> {
        let directory = self.found.directory.as_str();
        let (child, _) = path.as_str().strip_prefix(directory)?.split_once('/')?;
        Some(format!("{directory}{child}"))
    }

    async fn secret(&mut self, key: &Key, path: &SecretPath) -> Result<(), RowFault> {
        if !self.reader.can_read(path.as_str()) {
            return Ok(());
        }
        let inner = self.secrets.0;
        let Some(head) = inner.vault.get::<SecretHead>(key).await? else {
            // It was deleted since its key was read.
            return Ok(());
        };
        let view = inner.view(self.scope, path, &head.row, None).await?;
        self.found.secrets.push(view);
        self.left -= 1;
        Ok(())
    }

    async fn directory(&mut self, child: &str) -> Result<(), RowFault> {
        let directory = format!("{child}/");
        if self.holds_something_readable(&directory).await? {
            self.found.prefixes.push(directory);
            self.left -= 1;
        }
        Ok(())
    }

    async fn holds_something_readable(&self, directory: &str) -> Result<bool, RowFault> {
        if self.reader.reads_all_below(directory) {
            return Ok(true);
        }
        let skip = keyspace::secrets(self.scope, "").as_bytes().len();
        for range in self.reader.ranges(directory) {
            let prefix = keyspace::secrets(self.scope, range);
            let mut after = None;
            loop {
                let mut scan = Scan::prefix(prefix.clone()).limit(*STEPS.end());
                scan.after = after;
                let keys = self.secrets.0.vault.scan_keys(scan).await?;
                let readable = |key: &Key| {
                    path_of(key, skip).is_some_and(|path| self.reader.can_read(path.as_str()))
                };
                if keys.iter().any(readable) {
                    return Ok(true);
                }
                match keys.into_iter().next_back() {
                    Some(key) => after = Some(key),
                    None => break,
                }
            }
        }
        Ok(false)
    }
}

/// The first key behind everything in a directory: `0` is the character after `/`.
fn behind(scope: &Scope, child: &str) -> Key {
    keyspace::secrets(scope, &format!("{child}0"))
}
