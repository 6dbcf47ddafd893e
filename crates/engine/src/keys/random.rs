//! Ours: random bytes from the service's generator.

use std::sync::Arc;

use strongroom_authz::{DrawRandomBytes, Grant};
use strongroom_crypto::{EntropyError, random_secret};
use strongroom_types::Plaintext;

use super::Keys;
use crate::call::{Call, Recorded};
use crate::trail::AuditUnavailable;

/// The most random bytes that are drawn at once.
pub const MAX_RANDOM: usize = 65_535;

/// Why there are no random bytes.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// None, or too many, were asked for.
    #[error("bytes is a whole number from 1 to {MAX_RANDOM}")]
    Size,
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The source of randomness failed.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl Keys<'_> {
    /// This many random bytes.
    pub async fn draw(
        &self,
        grant: Grant<DrawRandomBytes>,
        call: &Arc<Call>,
        bytes: usize,
    ) -> Result<Recorded<Plaintext>, DrawError> {
        let inner = self.0;
        if !(1..=MAX_RANDOM).contains(&bytes) {
            return Err(DrawError::Size);
        }
        if !inner.has_kms(&grant.scope().region) {
            return Err(DrawError::NoService);
        }
        let drawn = random_secret(inner.vault.entropy(), bytes).map_err(DrawError::Entropy)?;
        let recorded = inner.trail.recorded(call, drawn).await;
        recorded.map_err(DrawError::Audit)
    }
}
