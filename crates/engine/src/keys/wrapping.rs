//! K5: the key that callers wrap their own keys for, one in each region.
//!
//! It is made when it is first asked for, which takes seconds, and kept for good: what somebody
//! wrapped yesterday still unwraps tomorrow.

use std::sync::Arc;

use strongroom_authz::{Grant, ReadWrappingKey};
use strongroom_crypto::{MaterialError, OpenError, SealError, WrappingKey};
use strongroom_types::Region;
use tokio::sync::OnceCell;

use super::Keys;
use super::slow::SlowFault;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::rows::key::WrappingKeyRow;
use crate::rows::{RowFault, keyspace};
use crate::trail::{AuditUnavailable, ChangeFault};

/// What callers need to wrap a key.
#[derive(Debug, Clone)]
pub struct WrappingKeyView {
    /// The public key, in PEM.
    pub public_key: String,
    /// What the API calls its algorithm.
    pub algorithm: &'static str,
}

/// Why a region's wrapping key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum WrappingKeyError {
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// It could not be read.
    #[error("the wrapping key could not be read")]
    Row(#[source] RowFault),
    /// The one in the store was not wrapped by this installation for this region.
    #[error("the wrapping key does not unwrap")]
    Unwrap(#[source] OpenError),
    /// There was no room in the pool.
    #[error("the wrapping key could not be generated now")]
    Slow(#[source] SlowFault),
    /// It could not be generated.
    #[error("the wrapping key could not be generated")]
    Generate(#[source] MaterialError),
    /// It could not be wrapped for the store.
    #[error("the wrapping key could not be wrapped")]
    Wrap(#[source] SealError),
    /// It was not made durable.
    #[error("the wrapping key could not be stored")]
    Change(#[source] ChangeFault),
    /// The making was given up.
    #[error("the making of the wrapping key did not finish")]
    Interrupted(#[source] tokio::task::JoinError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// The wrapping keys that were asked for since the start.
pub(crate) struct WrappingKeys(Vec<(Region, OnceCell<Arc<WrappingKey>>)>);

impl WrappingKeys {
    pub(crate) fn of(regions: impl Iterator<Item = Region>) -> Self {
        Self(regions.map(|region| (region, OnceCell::new())).collect())
    }
}

impl Keys<'_> {
    /// The public half of the region's wrapping key.
    pub async fn wrapping_key(
        &self,
        grant: Grant<ReadWrappingKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<WrappingKeyView>, WrappingKeyError> {
        let inner = self.0;
        let region = &grant.scope().region;
        if !inner.has_kms(region) {
            return Err(WrappingKeyError::NoService);
        }
        let key = inner.wrapping_key(region).await?;
        let view = WrappingKeyView {
            public_key: key.public_key().as_text().to_owned(),
            algorithm: WrappingKey::ALGORITHM,
        };
        let recorded = inner.trail.recorded(call, view).await;
        recorded.map_err(WrappingKeyError::Audit)
    }
}

impl Inner {
    /// The region's wrapping key; the first to ask waits until it is made, and so do the others.
    pub(super) async fn wrapping_key(
        self: &Arc<Self>,
        region: &Region,
    ) -> Result<Arc<WrappingKey>, WrappingKeyError> {
        let cells = self.wrapping_keys.0.iter();
        let cell = cells
            .filter(|(known, _)| known == region)
            .map(|(_, cell)| cell)
            .next()
            .ok_or(WrappingKeyError::NoService)?;
        let make = || async {
            // In a task of its own: a caller who hangs up does not throw away what took so long.
            let (inner, region) = (Arc::clone(self), region.clone());
            let made = tokio::spawn(async move { inner.stored_or_new(&region).await });
            made.await.map_err(WrappingKeyError::Interrupted)?
        };
        cell.get_or_try_init(make).await.map(Arc::clone)
    }

    async fn stored_or_new(&self, region: &Region) -> Result<Arc<WrappingKey>, WrappingKeyError> {
        if let Some(stored) = self.stored_wrapping_key(region).await? {
            return Ok(stored);
        }
        let key = self
            .slow
            .run(WrappingKey::generate)
            .await
            .map_err(WrappingKeyError::Slow)?
            .map_err(WrappingKeyError::Generate)?;
        let kek = self.vault.keyring().key_encryption();
        let wrapped = key
            .wrap(kek, self.vault.entropy(), region)
            .map_err(WrappingKeyError::Wrap)?;
        let mut changes = self.vault.changes();
        changes
            .create(keyspace::wrapping_key(region), &WrappingKeyRow { wrapped })
            .map_err(|fault| WrappingKeyError::Change(fault.into()))?;
        let call = self.directory_call("kms.make_wrapping_key", None);
        match self.trail.commit(&call, changes, ()).await {
            Ok(_) => Ok(Arc::new(key)),
            // Another node was faster: theirs is the region's.
            Err(fault) if fault.is_conflict() => self
                .stored_wrapping_key(region)
                .await?
                .ok_or(WrappingKeyError::Change(fault)),
            Err(fault) => Err(WrappingKeyError::Change(fault)),
        }
    }

    async fn stored_wrapping_key(
        &self,
        region: &Region,
    ) -> Result<Option<Arc<WrappingKey>>, WrappingKeyError> {
        let row = keyspace::wrapping_key(region);
        let stored = self.vault.get::<WrappingKeyRow>(&row).await;
        let Some(stored) = stored.map_err(WrappingKeyError::Row)? else {
            return Ok(None);
        };
        let kek = self.vault.keyring().key_encryption();
        WrappingKey::unwrap(kek, region, &stored.row.wrapped)
            .map(|key| Some(Arc::new(key)))
            .map_err(WrappingKeyError::Unwrap)
    }
}
