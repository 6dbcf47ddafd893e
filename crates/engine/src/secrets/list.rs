//! S2: all secrets under a prefix.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, stream};
use strongroom_authz::{Grant, ListSecrets, Reader};
use strongroom_store::{Key, Scan};
use strongroom_types::{Scope, SecretPath};

use super::{PageRequest, SecretView, Secrets};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::rows::secret::SecretHead;
use crate::rows::{RowFault, keyspace};
use crate::trail::AuditUnavailable;

/// Rows read at a time.
const CHUNK: usize = 256;

/// Secrets in the order of their paths. A list of any length takes the memory of one chunk.
pub type SecretStream = Pin<Box<dyn Stream<Item = Result<SecretView, RowFault>> + Send>>;

/// Why secrets were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
    /// The first rows could not be read.
    #[error("the secrets could not be read")]
    Row(#[source] RowFault),
}

impl Secrets<'_> {
    /// The metadata of every readable secret whose path starts with the prefix.
    pub async fn list(
        &self,
        grant: Grant<ListSecrets>,
        call: &Arc<Call>,
        page: PageRequest,
    ) -> Result<Recorded<SecretStream>, ListError> {
        let reader = grant.reader();
        let prefix = grant.target().as_str();
        let mut listing = Listing {
            inner: Arc::clone(self.0),
            ranges: reader
                .ranges(prefix)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            scope: grant.scope().clone(),
            reader,
            after: page
                .after
                .map(|after| keyspace::secrets(grant.scope(), &after)),
            left: page.limit.unwrap_or(usize::MAX),
            ready: VecDeque::new(),
        };
        // A store that does not answer is better said by the status than by a broken stream.
        listing.fill().await.map_err(ListError::Row)?;
        let secrets: SecretStream = Box::pin(stream::unfold(Some(listing), next));
        self.0
            .trail
            .recorded(call, secrets)
            .await
            .map_err(ListError::Audit)
    }
}

/// Where a listing stands.
struct Listing {
    inner: Arc<Inner>,
    scope: Scope,
    reader: Reader,
    /// What is left to be read, in order; without the ranges where nothing is readable.
    ranges: VecDeque<String>,
    after: Option<Key>,
    left: usize,
    ready: VecDeque<SecretView>,
}

type Step = (Result<SecretView, RowFault>, Option<Listing>);

async fn next(listing: Option<Listing>) -> Option<Step> {
    let mut listing = listing?;
    if listing.left == 0 {
        return None;
    }
    if let Err(fault) = listing.fill().await {
        return Some((Err(fault), None));
    }
    let view = listing.ready.pop_front()?;
    listing.left -= 1;
    Some((Ok(view), Some(listing)))
}

impl Listing {
    /// Reads on until something is ready or nothing is left.
    async fn fill(&mut self) -> Result<(), RowFault> {
        while self.ready.is_empty() {
            let Some(range) = self.ranges.front() else {
                return Ok(());
            };
            let mut scan =
                Scan::prefix(keyspace::secrets(&self.scope, range)).limit(CHUNK.min(self.left));
            scan.after.clone_from(&self.after);
            let rows = self.inner.vault.scan_sealed(scan).await?;
            if rows.len() < CHUNK.min(self.left) {
                self.ranges.pop_front();
            }
            if let Some((last, _)) = rows.last() {
                self.after = Some(last.clone());
            }
            self.take(rows).await?;
        }
        Ok(())
    }

    async fn take(&mut self, rows: Vec<(Key, strongroom_store::Row)>) -> Result<(), RowFault> {
        let skip = keyspace::secrets(&self.scope, "").as_bytes().len();
        let mut heads = Vec::with_capacity(rows.len());
        for (key, row) in &rows {
            if let Some(path) = path_of(key, skip)
                && self.reader.can_read(path.as_str())
            {
                heads.push((path, self.inner.vault.open::<SecretHead>(key, row)?.row));
            }
        }
        for (path, head) in heads {
            let view = self.inner.view(&self.scope, &path, &head, None).await?;
            self.ready.push_back(view);
        }
        Ok(())
    }
}

/// The path in a secret's row key, behind the scope's bytes.
pub(super) fn path_of(key: &Key, skip: usize) -> Option<SecretPath> {
    std::str::from_utf8(key.as_bytes().get(skip..)?)
        .ok()?
        .parse()
        .ok()
}
