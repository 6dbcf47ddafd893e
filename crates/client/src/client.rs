//! The client and what it offers outside of any region.

use std::fmt;
use std::sync::Arc;

use strongroom_api::{Region, Summary};
use strongroom_types::Slug;

use crate::transport::{Call, Transport};
use crate::{Audit, Builder, ClientError, Credential, Keys, Secrets};

/// A client of one endpoint, organisation and project, with one credential.
///
/// Cheap to clone; clones share connections and the access token.
#[derive(Clone)]
pub struct Client {
    transport: Arc<Transport>,
}

impl Client {
    /// Starts a client of the server at `endpoint`, such as `https://strongroom.example.org`.
    pub fn builder(endpoint: &str, credential: Credential) -> Builder {
        Builder::new(endpoint, credential)
    }

    pub(crate) fn over(transport: Transport) -> Self {
        Self {
            transport: Arc::new(transport),
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The secrets of a region.
    pub fn secrets<'a>(&'a self, region: &'a Slug) -> Secrets<'a> {
        Secrets::new(&self.transport, region)
    }

    /// The keys of a region.
    pub fn keys<'a>(&'a self, region: &'a Slug) -> Keys<'a> {
        Keys::new(&self.transport, region)
    }

    /// The audit entries of the organisation.
    pub fn audit(&self) -> Audit<'_> {
        Audit::new(&self.transport)
    }

    /// The regions of the installation.
    pub async fn regions(&self) -> Result<Vec<Region>, ClientError> {
        let call = Call::get("/v1/regions".to_owned());
        self.transport.send(call).await?.json()
    }

    /// Whether the organisation has the KMS, and how many keys each region holds (contract K1).
    pub async fn key_summary(&self) -> Result<Summary, ClientError> {
        let call = Call::get("/v1/kms/summary".to_owned());
        self.transport.send(call).await?.json()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.transport.endpoint().as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Answer, Mock};

    #[tokio::test]
    async fn regions_and_summary_need_no_region() {
        let mock = Mock::start([
            Answer::json(
                200,
                r#"[{"identity":"nl-01","name":"NL 1","slug":"nl-01","kmsAvailable":true}]"#,
            ),
            Answer::json(200, r#"{"featureEnabled":false,"regions":[]}"#),
        ])
        .await;
        let client = mock.client();
        let regions = client.regions().await.unwrap();
        assert_eq!(regions[0].slug, "nl-01");
        assert!(!client.key_summary().await.unwrap().feature_enabled);
        let requests = mock.requests().await;
        assert_eq!(requests[0].line, "GET /v1/regions HTTP/1.1");
        assert_eq!(requests[1].line, "GET /v1/kms/summary HTTP/1.1");
    }

    #[tokio::test]
    async fn shown_for_debugging_it_names_the_endpoint_and_no_credential() {
        let mock = Mock::start([]).await;
        let shown = format!("{:?}", mock.client());
        assert!(shown.contains("127.0.0.1"), "{shown}");
        assert!(!shown.contains(crate::testing::TOKEN), "{shown}");
    }
}
