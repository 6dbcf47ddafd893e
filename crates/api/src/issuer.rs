//! What this service publishes as an issuer of ID tokens (OpenID Connect Discovery 1.0, section 3; RFC
//! 7517).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the tokens of this issuer are got and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuerDiscovery {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where tokens are issued.
    pub token_endpoint: String,
    /// How clients prove themselves there.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// What they can ask with.
    pub grant_types_supported: Vec<String>,
    /// The only kind of token that it issues for others. Nobody signs in through it with a browser.
    pub response_types_supported: Vec<String>,
    /// Whether everybody sees the same subject.
    pub subject_types_supported: Vec<String>,
    /// How its tokens are signed.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// The scopes that it knows.
    pub scopes_supported: Vec<String>,
    /// The claims of its tokens.
    pub claims_supported: Vec<String>,
}

impl IssuerDiscovery {
    /// What an issuer of this URL publishes.
    pub fn of(issuer: &str) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            token_endpoint: format!("{issuer}/oidc/token"),
            issuer: issuer.to_owned(),
            token_endpoint_auth_methods_supported: words(&[
                "client_secret_basic",
                "client_secret_post",
            ]),
            grant_types_supported: words(&[
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ]),
            response_types_supported: words(&["id_token"]),
            subject_types_supported: words(&["public"]),
            id_token_signing_alg_values_supported: words(&["ES256"]),
            scopes_supported: words(&["openid"]),
            claims_supported: words(&[
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "nbf",
                "jti",
                "organisation",
                "project",
            ]),
        }
    }
}

/// The public keys of this issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JsonWebKeySet {
    /// The keys that count, the newest first; it may not be in use yet.
    pub keys: Vec<JsonWebKey>,
}

/// A public key on P-256 (RFC 7518, section 6.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JsonWebKey {
    /// Its name, which tokens carry.
    pub kid: String,
    /// Always `EC`.
    pub kty: String,
    /// Always `P-256`.
    pub crv: String,
    /// Always `ES256`.
    pub alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub purpose: String,
    /// The first coordinate, in base64url.
    pub x: String,
    /// The second coordinate, in base64url.
    pub y: String,
}

impl JsonWebKey {
    /// The key of this name with these coordinates in base64url.
    pub fn es256(kid: String, x: String, y: String) -> Self {
        Self {
            kid,
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            alg: "ES256".to_owned(),
            purpose: "sig".to_owned(),
            x,
            y,
        }
    }
}
