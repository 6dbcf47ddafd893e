//! Keys that are shown: public keys, the wrapping key, exports (contract K5, K6, K15).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_types::{Plaintext, Version};
use utoipa::ToSchema;

use crate::key_version::read_key_version;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};

/// The public keys of a key's versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicKeys {
    /// By version: PEM for RSA and ECDSA, base64 of the raw 32 bytes for Ed25519.
    pub keys: BTreeMap<String, String>,
}

/// The key that callers wrap their own keys for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WrappingKey {
    /// The public key, in PEM.
    pub public_key: String,
    /// What it is for.
    pub algorithm: String,
}

/// The optional body of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Export {
    /// Which version of the key; none means the latest.
    pub key_version: Option<Version>,
}

impl Export {
    /// Reads a body; an empty one asks for the latest version.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Ok(Self {
            key_version: read_key_version(&Object::parse(body)?)?,
        })
    }
}

/// The body of an export's reply.
pub fn export_reply(material: &Plaintext, key_version: Version) -> SensitiveBody {
    let mut json = SensitiveJson::new(80 + material.len().div_ceil(3) * 4);
    json.secret("keyMaterial", material);
    json.plain("keyVersion", &key_version);
    json.finish()
}
