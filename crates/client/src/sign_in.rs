//! Signing in: an ID token of a person's provider becomes an access token of theirs (RFC 8693).

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use strongroom_api::{SignInOptions, TokenReply};
use strongroom_types::{OrganisationId, Plaintext, Reference};
use zeroize::Zeroizing;

use crate::transport::{Call, reference_text};
use crate::{Client, ClientError};

const FORM: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
                    &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token\
                    &organisation_id=";
const TOKEN: &str = "&subject_token=";

/// An access token, and how long it lives.
pub struct AccessToken {
    /// Its value.
    pub token: Plaintext,
    /// How long it lives.
    pub expires_in: Duration,
}

impl Client {
    /// Through which providers people sign in to an organisation. Needs no credential.
    ///
    /// # Errors
    ///
    /// Not found: there is no such organisation, or nobody signs in to it.
    pub async fn sign_in_options(
        &self,
        organisation: &Reference<OrganisationId>,
    ) -> Result<SignInOptions, ClientError> {
        let call = Call::get("/v1/sign-in".to_owned());
        let call = call.with("organisation", &reference_text(organisation));
        self.transport().send(call).await?.json()
    }

    /// Exchanges an ID token of a provider for an access token of its person. Needs no credential.
    ///
    /// # Errors
    ///
    /// Bad request: the server did not accept the ID token; its audit log says why.
    pub async fn sign_in(
        &self,
        organisation: &Reference<OrganisationId>,
        id_token: &Plaintext,
    ) -> Result<AccessToken, ClientError> {
        let organisation = reference_text(organisation);
        // A byte takes three at most once it is percent-encoded.
        let room = FORM.len() + TOKEN.len() + 3 * (organisation.len() + id_token.len());
        let mut form = Zeroizing::new(Vec::with_capacity(room));
        form.extend_from_slice(FORM.as_bytes());
        for part in utf8_percent_encode(&organisation, NON_ALPHANUMERIC) {
            form.extend_from_slice(part.as_bytes());
        }
        form.extend_from_slice(TOKEN.as_bytes());
        for part in percent_encode(id_token.expose(), NON_ALPHANUMERIC) {
            form.extend_from_slice(part.as_bytes());
        }
        let reply = self
            .transport()
            .form("/oidc/token", Bytes::from_owner(form));
        let reply: TokenReply = reply.await?.json()?;
        Ok(AccessToken {
            token: Plaintext::new(reply.access_token.into_bytes()),
            expires_in: Duration::from_secs(reply.expires_in),
        })
    }

    /// Ends all sign-ins of the caller to the organisation.
    pub async fn end_sign_ins(&self) -> Result<(), ClientError> {
        let call = Call::delete("/v1/me/sign-ins".to_owned());
        self.transport().send(call).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Mock};

    #[tokio::test]
    async fn an_id_token_becomes_an_access_token() {
        let reply = r#"{"access_token":"st_at_x","token_type":"Bearer","expires_in":90}"#;
        let options = r#"{"organisation":"org-x","providers":[]}"#;
        let mock = Mock::start([
            Answer::json(200, options),
            Answer::json(200, reply),
            Answer::empty(204),
        ])
        .await;
        let client = mock.client();
        let acme = "acme".parse().unwrap();
        let found = client.sign_in_options(&acme).await.unwrap();
        assert_eq!(found.organisation, "org-x");
        let id_token = Plaintext::new(b"a.b-_.c".to_vec());
        let issued = client.sign_in(&acme, &id_token).await.unwrap();
        assert_eq!(issued.token.expose(), b"st_at_x");
        assert_eq!(issued.expires_in, Duration::from_secs(90));
        client.end_sign_ins().await.unwrap();
        let requests = mock.requests().await;
        assert_eq!(requests[0].target(), "/v1/sign-in?organisation=acme");
        assert_eq!(requests[1].line, "POST /oidc/token HTTP/1.1");
        let ends = "&organisation_id=acme&subject_token=a%2Eb%2D%5F%2Ec";
        assert!(requests[1].body.ends_with(ends), "{}", requests[1].body);
        assert_eq!(requests[1].header("authorization"), None);
        assert_eq!(requests[2].line, "DELETE /v1/me/sign-ins HTTP/1.1");
    }
}
