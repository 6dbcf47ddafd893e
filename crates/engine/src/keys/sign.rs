//! K9 and K10: sign and verify, one or many at once.

use std::sync::Arc;

use strongroom_audit::{Action, ServiceEvent};
use strongroom_authz::{Grant, SignWithKey, VerifyWithKey};
use strongroom_crypto::SignRequest;
use strongroom_types::{HashAlgorithm, KeyOperation, Plaintext, Scope, SignatureScheme, Version};

use super::usable::{UseKeyError, ended};
use super::versioned::{compose, take_apart};
use super::{BatchItem, Keys};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence};
use crate::rows::key::KeyHead;

/// Something to sign, or that was signed.
pub struct ToSign {
    /// The message, or its digest.
    pub input: Plaintext,
    /// Whether the input is a digest already.
    pub prehashed: bool,
    /// The hash function; none means the key type's own.
    pub hash: Option<HashAlgorithm>,
    /// How an RSA key signs; none means PSS.
    pub scheme: Option<SignatureScheme>,
    /// A signing context, which no type takes yet.
    pub context: Plaintext,
}

impl ToSign {
    fn request(&self) -> SignRequest<'_> {
        SignRequest {
            input: self.input.expose(),
            prehashed: self.prehashed,
            hash: self.hash,
            scheme: self.scheme,
            context: self.context.expose(),
        }
    }
}

/// A signature.
#[derive(Debug, Clone)]
pub struct Signed {
    /// `thalassa:v{keyVersion}:{base64}`.
    pub signature: String,
    /// The key version that made it.
    pub key_version: Version,
}

/// Whether a signature or an HMAC is this key's for this input.
#[derive(Debug, Clone, Copy)]
pub struct Verified {
    /// Whether it is. A malformed one is not.
    pub valid: bool,
    /// The key version that it was checked with; none where it names none that the key uses.
    pub key_version: Option<Version>,
}

impl Verified {
    /// The event, with what came out.
    pub(super) fn shown(&self, event: ServiceEvent<'static>) -> ServiceEvent<'static> {
        let event = event.with("valid", if self.valid { "true" } else { "false" });
        match self.key_version {
            Some(version) => event.key_version(version),
            None => event,
        }
    }
}

impl Keys<'_> {
    /// Signs with the latest version of a key, or the one that is asked for.
    pub async fn sign(
        &self,
        grant: Grant<SignWithKey>,
        call: &Arc<Call>,
        what: ToSign,
        version: Option<Version>,
    ) -> Result<Recorded<Signed>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let head = &found.head;
        let result = inner.sign(resolved.scope(), head, &what, version).await;
        let event = evidence::key(Action::KmsSign, head).with("inputBytes", what.input.len());
        call.note(ended(event, &result, |signed| signed.key_version));
        inner
            .trail
            .recorded(call, result?)
            .await
            .map_err(UseKeyError::Audit)
    }

    /// Says whether a signature is this key's; the version is in the signature.
    pub async fn verify(
        &self,
        grant: Grant<VerifyWithKey>,
        call: &Arc<Call>,
        what: ToSign,
        signature: &str,
    ) -> Result<Recorded<Verified>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let head = &found.head;
        let result = inner.verify(resolved.scope(), head, &what, signature).await;
        let event = evidence::key(Action::KmsVerify, head).with("inputBytes", what.input.len());
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

    /// Signs each item by itself; what is malformed already stays as it is. Fails as a whole only
    /// where the key can sign nothing at all.
    pub async fn sign_batch<M>(
        &self,
        grant: Grant<SignWithKey>,
        call: &Arc<Call>,
        items: Vec<Result<(ToSign, Option<Version>), M>>,
    ) -> Result<Recorded<Vec<BatchItem<Signed, UseKeyError, M>>>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let (scope, head) = (resolved.scope(), &found.head);
        let event = evidence::key(Action::KmsSign, head).with("items", items.len());
        if let Err(error) = inner.usable(scope, head, KeyOperation::Sign) {
            call.note(event.refused(error.reason()));
            return Err(error);
        }
        let (mut done, mut bytes, mut failed) = (Vec::with_capacity(items.len()), 0, 0);
        for item in items {
            let item = match item {
                Ok((what, version)) => {
                    bytes += what.input.len();
                    Ok(inner.sign(scope, head, &what, version).await)
                }
                Err(malformed) => Err(malformed),
            };
            failed += usize::from(!matches!(item, Ok(Ok(_))));
            done.push(item);
            tokio::task::yield_now().await;
        }
        call.note(event.with("inputBytes", bytes).with("failed", failed));
        let recorded = inner.trail.recorded(call, done).await;
        recorded.map_err(UseKeyError::Audit)
    }

    /// As [`Keys::verify`], each item by itself.
    pub async fn verify_batch<M>(
        &self,
        grant: Grant<VerifyWithKey>,
        call: &Arc<Call>,
        items: Vec<Result<(ToSign, String), M>>,
    ) -> Result<Recorded<Vec<BatchItem<Verified, UseKeyError, M>>>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let (scope, head) = (resolved.scope(), &found.head);
        let event = evidence::key(Action::KmsVerify, head).with("items", items.len());
        if let Err(error) = inner.usable(scope, head, KeyOperation::Verify) {
            call.note(event.refused(error.reason()));
            return Err(error);
        }
        let (mut done, mut bytes, mut invalid) = (Vec::with_capacity(items.len()), 0, 0);
        for item in items {
            let item = match item {
                Ok((what, signature)) => {
                    bytes += what.input.len();
                    Ok(inner.verify(scope, head, &what, &signature).await)
                }
                Err(malformed) => Err(malformed),
            };
            invalid += usize::from(!matches!(item, Ok(Ok(Verified { valid: true, .. }))));
            done.push(item);
            tokio::task::yield_now().await;
        }
        call.note(event.with("inputBytes", bytes).with("invalid", invalid));
        let recorded = inner.trail.recorded(call, done).await;
        recorded.map_err(UseKeyError::Audit)
    }
}

impl Inner {
    async fn sign(
        &self,
        scope: &Scope,
        head: &KeyHead,
        what: &ToSign,
        version: Option<Version>,
    ) -> Result<Signed, UseKeyError> {
        self.usable(scope, head, KeyOperation::Sign)?;
        let (version, material) = self.material_at(scope, head, version).await?;
        let signature = material
            .sign(&what.request())
            .map_err(UseKeyError::Operation)?;
        Ok(Signed {
            signature: compose(version, &signature),
            key_version: version,
        })
    }

    async fn verify(
        &self,
        scope: &Scope,
        head: &KeyHead,
        what: &ToSign,
        signature: &str,
    ) -> Result<Verified, UseKeyError> {
        self.usable(scope, head, KeyOperation::Verify)?;
        let (material, claim) = self.claimed(scope, head, signature).await?;
        let signature = claim.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let valid = material
            .verify(&what.request(), signature)
            .map_err(UseKeyError::Operation)?;
        Ok(Verified {
            valid: valid && claim.is_some(),
            key_version: claim.map(|(version, _)| version),
        })
    }

    /// The version and the bytes in a signature or HMAC, with that version's material. Where it
    /// claims nothing that this key uses there is no claim, and the latest version's material, so
    /// that a bad request is refused all the same.
    pub(super) async fn claimed(
        &self,
        scope: &Scope,
        head: &KeyHead,
        text: &str,
    ) -> Result<Claimed, UseKeyError> {
        let claim = take_apart(text)
            .ok()
            .filter(|(version, _)| head.has(*version) && *version >= head.min_decryption_version);
        let version = claim
            .as_ref()
            .map_or_else(|| head.latest(), |(version, _)| *version);
        let material = self.material_of(scope, head, version).await?;
        Ok((material, claim))
    }
}

/// What [`Inner::claimed`] finds.
pub(super) type Claimed = (
    Arc<strongroom_crypto::KeyMaterial>,
    Option<(Version, Vec<u8>)>,
);
