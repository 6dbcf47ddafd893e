//! K11 and K12: keyed hashes.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{Grant, HmacWithKey, VerifyHmacWithKey};
use strongroom_types::{HashAlgorithm, KeyOperation, Plaintext, Scope, Version};

use super::Keys;
use super::sign::Verified;
use super::usable::{UseKeyError, ended};
use super::versioned::compose;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence};
use crate::rows::key::KeyHead;

/// Something to make an HMAC of, or that has one.
pub struct ToHash {
    /// The message.
    pub input: Plaintext,
    /// The hash function; none means the key type's own.
    pub hash: Option<HashAlgorithm>,
}

/// An HMAC.
#[derive(Debug, Clone)]
pub struct Hashed {
    /// `thalassa:v{keyVersion}:{base64}`.
    pub hmac: String,
    /// The key version that made it.
    pub key_version: Version,
}

impl Keys<'_> {
    /// Makes an HMAC with the latest version of a key, or the one that is asked for.
    pub async fn hmac(
        &self,
        grant: Grant<HmacWithKey>,
        call: &Arc<Call>,
        what: ToHash,
        version: Option<Version>,
    ) -> Result<Recorded<Hashed>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let head = &found.head;
        let result = inner.hmac(resolved.scope(), head, &what, version).await;
        let event = evidence::key(Action::KmsHmac, head).with("inputBytes", what.input.len());
        call.note(ended(event, &result, |hashed| hashed.key_version));
        inner
            .trail
            .recorded(call, result?)
            .await
            .map_err(UseKeyError::Audit)
    }

    /// Says whether an HMAC is this key's; the version is in the HMAC.
    pub async fn verify_hmac(
        &self,
        grant: Grant<VerifyHmacWithKey>,
        call: &Arc<Call>,
        what: ToHash,
        hmac: &str,
    ) -> Result<Recorded<Verified>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let head = &found.head;
        let result = inner.verify_hmac(resolved.scope(), head, &what, hmac).await;
        let event = evidence::key(Action::KmsVerifyHmac, head).with("inputBytes", what.input.len());
        call.note(match &result {
            Ok(verified) => verified.shown(event),
            Err(error) => event.refused(error.reason()),
        });
        inner
            .trail
            .recorded(call, result?)
            .await
            .map_err(UseKeyError::Audit)
    }
}

impl Inner {
    async fn hmac(
        &self,
        scope: &Scope,
        head: &KeyHead,
        what: &ToHash,
        version: Option<Version>,
    ) -> Result<Hashed, UseKeyError> {
        self.usable(scope, head, KeyOperation::Hmac)?;
        let (version, material) = self.material_at(scope, head, version).await?;
        let hmac = material
            .mac(what.input.expose(), what.hash)
            .map_err(UseKeyError::Operation)?;
        Ok(Hashed {
            hmac: compose(version, &hmac),
            key_version: version,
        })
    }

    async fn verify_hmac(
        &self,
        scope: &Scope,
        head: &KeyHead,
        what: &ToHash,
        hmac: &str,
    ) -> Result<Verified, UseKeyError> {
        self.usable(scope, head, KeyOperation::VerifyHmac)?;
        let (material, claim) = self.claimed(scope, head, hmac).await?;
        let hmac = claim.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let valid = material
            .verify_mac(what.input.expose(), what.hash, hmac)
            .map_err(UseKeyError::Operation)?;
        Ok(Verified {
            valid: valid && claim.is_some(),
            key_version: claim.map(|(version, _)| version),
        })
    }
}
