//! The seal of a server whose root key is in shares.

use bytes::Bytes;
use strongroom_api::SealStatus;
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use crate::transport::Call;
use crate::{Client, ClientError};

/// More than the JSON around a share takes, in bytes.
const FRAME: usize = 16;

impl Client {
    /// How far the server is from being open. Needs no credential.
    ///
    /// # Errors
    ///
    /// Not found: the root key of this server is in no shares.
    pub async fn seal_status(&self) -> Result<SealStatus, ClientError> {
        let call = Call::get("/v1/sys/seal-status".to_owned());
        self.transport().send(call).await?.json()
    }

    /// Gives the server a share of its root key. Needs no credential.
    ///
    /// # Errors
    ///
    /// The server says that it is no share of its root key, or cannot be opened.
    pub async fn unseal(&self, share: &Plaintext) -> Result<SealStatus, ClientError> {
        let mut body = Zeroizing::new(Vec::with_capacity(share.len().saturating_add(FRAME)));
        body.extend_from_slice(b"{\"share\":\"");
        // Shares are letters, digits, hyphens and a colon. What else is there is no part of one, and
        // must not become a part of the JSON.
        let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':');
        body.extend(share.expose().iter().filter(plain));
        body.extend_from_slice(b"\"}");
        let call = Call::post("/v1/sys/unseal".to_owned()).wiped(Bytes::from_owner(body));
        self.transport().send(call).await?.json()
    }
}
