//! Rows that are read far more often than they change, decoded once per revision.

use std::sync::Arc;

use minicbor::Decode;
use quick_cache::sync::Cache;
use strongroom_store::{Key, Revision};

use super::{RowFault, Vault};

/// Decoded rows of one kind.
///
/// It never changes an answer: the row's revision is asked for each time (embedded, from the
/// store's own cache) and decides whether what was decoded still holds.
pub(crate) struct Decoded<R> {
    rows: Cache<Key, (Revision, Arc<R>)>,
}

impl<R> Decoded<R>
where
    R: for<'b> Decode<'b, ()>,
{
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            rows: Cache::new(rows),
        }
    }

    pub(crate) async fn get(
        &self,
        vault: &Vault,
        key: &Key,
    ) -> Result<Option<(Revision, Arc<R>)>, RowFault> {
        let Some(sealed) = vault.get_sealed(key).await? else {
            return Ok(None);
        };
        if let Some((revision, row)) = self.rows.get(key)
            && revision == sealed.revision
        {
            return Ok(Some((revision, row)));
        }
        let stored = vault.open::<R>(key, &sealed)?;
        let row = Arc::new(stored.row);
        self.rows
            .insert(key.clone(), (stored.revision, Arc::clone(&row)));
        Ok(Some((stored.revision, row)))
    }
}
