//! The provider at which a person signs in: OpenID Connect with the authorization code flow and PKCE,
//! as a public client (RFC 6749, 4.1; RFC 7636; RFC 8252).

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strongroom_client::Plaintext;
use url::{Host, Url};
use zeroize::{Zeroize, Zeroizing};

use super::loopback::Redirect;
use super::{LoginError, shown};

/// The longest document or reply that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// What a discovery document says, as far as it is needed (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// What stands beside the access token, which nobody here needs.
#[derive(Serialize, Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

impl ExtraTokenFields for Tokens {}

/// Shows no token.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.id_token.zeroize();
    }
}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Tokens, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Speaks to the provider.
pub(super) struct Http {
    pub(super) client: reqwest::Client,
    /// Whether another machine may be asked in the clear.
    pub(super) cleartext: bool,
}

/// A sign-in that has begun.
pub(super) struct Attempt {
    client: Client,
    issuer: String,
    /// Where the browser goes.
    pub(super) url: Url,
    /// What the redirect has to bring back.
    pub(super) state: CsrfToken,
    nonce: CsrfToken,
    verifier: PkceCodeVerifier,
}

impl Attempt {
    /// Finds the provider's endpoints, and makes up what the provider has to repeat.
    pub(super) async fn begin(
        http: &Http,
        provider: &strongroom_api::SignInProvider,
        redirect: String,
    ) -> Result<Self, LoginError> {
        let issuer = provider.issuer.clone();
        let metadata = http.discover(&issuer).await?;
        let redirect = RedirectUrl::new(redirect).map_err(LoginError::Redirect)?;
        let client = oauth2::Client::new(ClientId::new(provider.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint))
            .set_token_uri(TokenUrl::from_url(metadata.token_endpoint))
            .set_redirect_uri(redirect)
            // Without a secret there is nothing to authenticate with: the client says who it is.
            .set_auth_type(AuthType::RequestBody);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .add_extra_param("nonce", nonce.secret())
            .set_pkce_challenge(challenge)
            .url();
        Ok(Self {
            client,
            issuer,
            url,
            state,
            nonce,
            verifier,
        })
    }

    /// The ID token for the code that the browser brought back.
    pub(super) async fn finish(
        self,
        http: &Http,
        redirect: Redirect,
    ) -> Result<Plaintext, LoginError> {
        let code = match redirect {
            Redirect::Code {
                issuer: Some(other),
                ..
            } if other != self.issuer => {
                return Err(LoginError::OtherIssuer {
                    issuer: self.issuer,
                });
            }
            Redirect::Code { code, .. } => code,
            Redirect::Refused { error, description } => {
                let said = said(&error, &description);
                return Err(LoginError::Refused { said });
            }
        };
        let request = self.client.exchange_code(AuthorizationCode::new(code));
        let request = request.set_pkce_verifier(self.verifier);
        let reply = request.request_async(&|request| http.send(request)).await;
        let reply = reply.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => {
                let description = refusal.error_description().map_or("", String::as_str);
                let said = said(refusal.error().as_ref(), description);
                LoginError::Code { said }
            }
            RequestTokenError::Request(error) => error,
            // What could not be read may hold tokens, which its errors would quote.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => LoginError::NoIdToken,
        })?;
        let token = reply.extra_fields().id_token.as_ref();
        let token = token.ok_or(LoginError::NoIdToken)?;
        check(token, &self.issuer, self.nonce.secret())?;
        Ok(Plaintext::new(token.as_bytes().to_vec()))
    }
}

/// Whether the token answers this very request. Its signature and the rest are for the server, which
/// verifies them; here it came over TLS from the provider itself (OpenID Connect Core 1.0, 3.1.3.7).
fn check(token: &str, issuer: &str, nonce: &str) -> Result<(), LoginError> {
    let claims = token.split('.').nth(1);
    let claims = claims.and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let claims: Option<Value> = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let claims = claims.ok_or(LoginError::NoIdToken)?;
    let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    if !is("iss", issuer) {
        let issuer = issuer.to_owned();
        return Err(LoginError::OtherIssuer { issuer });
    }
    if is("nonce", nonce) {
        Ok(())
    } else {
        Err(LoginError::Nonce)
    }
}

/// A provider's words, made safe for a terminal.
fn said(error: &str, description: &str) -> String {
    match description {
        "" => shown(error),
        description => format!("{}: {}", shown(error), shown(description)),
    }
}

/// Whether an issuer is on this machine.
pub(super) fn is_local(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| is_on_this_machine(&url))
}

fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Http {
    async fn discover(&self, issuer: &str) -> Result<Metadata, LoginError> {
        let wrong = |what: &str| LoginError::Discovery {
            issuer: shown(issuer),
            what: what.to_owned(),
        };
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let url = Url::parse(&url).map_err(|_| wrong("its issuer is no URL"))?;
        let mut request = http::Request::new(Vec::new());
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| wrong("its issuer is no URL"))?;
        let reply = self.send(request).await?;
        if !reply.status().is_success() {
            let status = reply.status().as_u16();
            return Err(wrong(&format!("it answered with status {status}")));
        }
        let metadata: Metadata = serde_json::from_slice(reply.body())
            .map_err(|_| wrong("what it answered is no discovery document"))?;
        if metadata.issuer != issuer {
            return Err(wrong("its document is another issuer's"));
        }
        let methods = metadata.code_challenge_methods_supported.as_ref();
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(wrong("it does not support PKCE with S256"));
        }
        for endpoint in [&metadata.authorization_endpoint, &metadata.token_endpoint] {
            self.permits(endpoint)?;
        }
        Ok(metadata)
    }

    /// Codes and tokens travel encrypted, or not at all.
    fn permits(&self, url: &Url) -> Result<(), LoginError> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_on_this_machine(url) || self.cleartext => Ok(()),
            _ => Err(LoginError::Cleartext {
                url: shown(url.as_str()),
            }),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, LoginError> {
        let request = reqwest::Request::try_from(request).map_err(LoginError::Http)?;
        self.permits(request.url())?;
        let mut reply = self
            .client
            .execute(request)
            .await
            .map_err(LoginError::Http)?;
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = reply.chunk().await.map_err(LoginError::Http)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(LoginError::TooLong);
            }
        }
        let mut response = http::Response::new(std::mem::take(&mut *body));
        *response.status_mut() = reply.status();
        response.headers_mut().clone_from(reply.headers());
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("h.{}.s", BASE64URL_NOPAD.encode(claims.as_bytes()))
    }

    #[test]
    fn an_id_token_repeats_issuer_and_nonce() {
        let checked = |claims: &str| check(&token(claims), "https://i", "n");
        assert!(checked(r#"{"iss":"https://i","nonce":"n"}"#).is_ok());
        for claims in [
            r#"{"iss":"https://i","nonce":"m"}"#,
            r#"{"iss":"https://i","nonce":["n"]}"#,
            r#"{"iss":"https://i"}"#,
        ] {
            assert!(
                matches!(checked(claims), Err(LoginError::Nonce)),
                "{claims}"
            );
        }
        let other = checked(r#"{"iss":"https://j","nonce":"n"}"#);
        assert!(matches!(other, Err(LoginError::OtherIssuer { .. })));
        for broken in ["", "a", "a.!.c", "a.e30=.c"] {
            let error = check(broken, "https://i", "n");
            assert!(matches!(error, Err(LoginError::NoIdToken)), "{broken}");
        }
    }

    #[test]
    fn tokens_travel_encrypted_or_stay_on_this_machine() {
        let http = |cleartext| Http {
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            cleartext,
        };
        let permits = |cleartext, url: &str| {
            let url = url.parse().unwrap();
            http(cleartext).permits(&url).is_ok()
        };
        for url in [
            "https://idp.example.org/a",
            "http://127.0.0.1:1/",
            "http://[::1]/",
            "http://localhost/",
        ] {
            assert!(permits(false, url), "{url}");
        }
        for url in ["http://idp.example.org", "http://127.0.0.1.evil.org"] {
            assert!(!permits(false, url) && permits(true, url), "{url}");
        }
        assert!(!permits(true, "file:///etc/passwd"));
        assert!(!permits(true, "javascript:alert(1)"));
    }
}
