//! Access tokens (contract 3.2; RFC 6749 sections 5.1 and 5.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sensitive::{SensitiveBody, SensitiveJson};

/// A token, as a client reads it. The server writes it with [`TokenReply::to_body`], so that it is
/// wiped after it was sent.
#[derive(Clone, Deserialize, ToSchema)]
pub struct TokenReply {
    /// The token; a secret.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// How long it is valid, in seconds.
    pub expires_in: u64,
    /// A JWT that says to others who the service account is, if the scope `openid` asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl TokenReply {
    /// The body that hands out `token`, an access token of this service's own alphabet (letters,
    /// digits, `-`, `_`, `.`), valid for `seconds`, and perhaps an ID token, of the same alphabet.
    pub fn to_body(token: &str, seconds: u64, id_token: Option<&str>) -> SensitiveBody {
        let length = token.len() + id_token.map_or(0, str::len);
        let mut json = SensitiveJson::new(96 + length);
        json.plain("access_token", &token);
        json.plain("token_type", &"Bearer");
        json.number("expires_in", seconds);
        if let Some(id_token) = id_token {
            json.plain("id_token", &id_token);
        }
        json.finish()
    }
}

/// Why there is no token: the form that OAuth prescribes, with this API's own fields beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenRefusal {
    /// The code of RFC 6749, as in `invalid_client`.
    pub error: String,
    /// What happened and what to do.
    pub error_description: String,
    /// The same, under the name that this API uses everywhere.
    pub message: String,
    /// Names the call in logs and audit records.
    #[serde(rename = "requestId")]
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reply_is_read_back() {
        let body = TokenReply::to_body("st_at_abc-._9", 3600, Some("a.b-_.c"));
        let read: TokenReply = serde_json::from_slice(body.as_ref()).unwrap();
        assert_eq!(read.access_token, "st_at_abc-._9");
        assert_eq!(
            (read.token_type.as_str(), read.expires_in),
            ("Bearer", 3600)
        );
        assert_eq!(read.id_token.as_deref(), Some("a.b-_.c"));
        let body = TokenReply::to_body("st_at_abc", 3600, None);
        assert!(!String::from_utf8_lossy(body.as_ref()).contains("id_token"));
    }
}
