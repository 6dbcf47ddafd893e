//! Why somebody may do something (`POST /v1/iam/explain`).

use serde::Serialize;
use strongroom_api::Explanation;

use crate::transport::Call;
use crate::{Client, ClientError};

/// A question about somebody's rights. What is not given is as for the caller, here and now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsQuestion {
    /// The type of the thing, such as `secret`.
    pub resource: String,
    /// What is to be done to it, such as `getSecretValue`.
    pub permission: String,
    /// The thing: a secret's path, else an identity or slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_identity: Option<String>,
    /// The member whose rights it is about, by identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_identity: Option<String>,
    /// The service account whose rights it is about, by identity or slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_identity: Option<String>,
    /// Where secrets and keys are, by slug or identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// From which address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// When, as in `2026-07-01T10:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl Client {
    /// Why somebody may do something in the client's organisation and project, or what is missing.
    pub async fn explain(&self, question: &RightsQuestion) -> Result<Explanation, ClientError> {
        // Texts alone always serialise.
        let body = serde_json::to_string(question).unwrap_or_default();
        let call = Call::post("/v1/iam/explain".to_owned()).json(body);
        self.transport().send(call).await?.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Mock};

    #[tokio::test]
    async fn a_question_says_only_what_is_asked() {
        let answer = r#"{"allowed":true,"reason":"owner","message":"m","resource":"secret",
            "permission":"list","principal":{"type":"user","identity":"usr-1","name":"Ann"},
            "grounds":[],"cut":[]}"#;
        let mock = Mock::start([Answer::json(200, answer)]).await;
        let question = RightsQuestion {
            resource: "secret".to_owned(),
            permission: "list".to_owned(),
            ..RightsQuestion::default()
        };
        let explained = mock.client().explain(&question).await.unwrap();
        assert!(explained.allowed);
        assert_eq!(explained.principal.kind, "user");
        let requests = mock.requests().await;
        assert_eq!(requests[0].line, "POST /v1/iam/explain HTTP/1.1");
    }
}
