//! Secrets (contract section 1).

use serde_json::value::RawValue;
use strongroom_api::{Browse, CreateSecret, PutReply, RevealReply, Secret, ValueInput};
use strongroom_api::{PolicyUpdate, PutValue};
use strongroom_types::{Directory, PathPrefix, SecretPath, Slug, Version};

use crate::ClientError;
use crate::transport::{Call, Transport};

/// The secrets of one region, in the client's organisation and project.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    transport: &'a Transport,
    region: &'a Slug,
}

impl<'a> Secrets<'a> {
    pub(crate) const fn new(transport: &'a Transport, region: &'a Slug) -> Self {
        Self { transport, region }
    }

    fn all(&self) -> String {
        format!("/v1/secrets/{}/secrets", self.region)
    }

    fn one(&self, path: &SecretPath, action: &str) -> String {
        format!("/v1/secrets/{}/secret{path}{action}", self.region)
    }

    /// One level of the tree: the child directories and the secrets in `directory`.
    pub async fn browse(&self, directory: &Directory) -> Result<Browse, ClientError> {
        let call = Call::get(self.all()).with("path", directory);
        self.transport.send(call).await?.json()
    }

    /// Every readable secret whose path starts with `prefix`, in the order of their paths.
    ///
    /// The API has no pages here: the reply holds them all.
    pub async fn list(&self, prefix: &PathPrefix) -> Result<Vec<Secret>, ClientError> {
        let call = Call::get(self.all()).with("pathPrefix", prefix);
        self.transport.send(call).await?.json()
    }

    /// Creates a secret with its first value.
    pub async fn create(&self, secret: &CreateSecret) -> Result<Secret, ClientError> {
        let call = Call::post(self.all()).sensitive(secret.to_body());
        self.transport.send(call).await?.json()
    }

    /// A secret's metadata, never its value.
    pub async fn read(&self, path: &SecretPath) -> Result<Secret, ClientError> {
        let call = Call::get(self.one(path, ""));
        self.transport.send(call).await?.json()
    }

    /// A secret's metadata with its versions, destroyed ones included.
    pub async fn read_with_versions(&self, path: &SecretPath) -> Result<Secret, ClientError> {
        let call = Call::get(self.one(path, "")).with("includeVersions", &true);
        self.transport.send(call).await?.json()
    }

    /// Adds a version, which becomes the current one.
    pub async fn put(&self, path: &SecretPath, value: ValueInput) -> Result<PutReply, ClientError> {
        let body = PutValue { path: None, value }.to_body();
        let call = Call::post(self.one(path, "/versions")).sensitive(body);
        self.transport.send(call).await?.json()
    }

    /// The value of a version, or of the current one. Every call leaves an audit record.
    pub async fn reveal(
        &self,
        path: &SecretPath,
        version: Option<Version>,
    ) -> Result<RevealReply, ClientError> {
        let mut call = Call::post(self.one(path, "/value"));
        if let Some(version) = version {
            call = call.json(format!("{{\"version\":{version}}}"));
        }
        self.transport
            .send(call)
            .await?
            .sensitive(RevealReply::parse)
    }

    /// Erases a version's value for good; its entry in the history stays. Destroying a version
    /// again changes nothing and succeeds.
    pub async fn destroy(&self, path: &SecretPath, version: Version) -> Result<(), ClientError> {
        let call = Call::delete(self.one(path, "/versions")).with("version", &version);
        self.transport.send(call).await.map(drop)
    }

    /// Removes a secret with all its versions for good. The path can be used again at once.
    pub async fn delete(&self, path: &SecretPath) -> Result<(), ClientError> {
        let call = Call::delete(self.one(path, ""));
        self.transport.send(call).await.map(drop)
    }

    /// Sets the access policy, which is sent as it is written. An object without any condition
    /// or statement clears it.
    pub async fn set_policy(
        &self,
        path: &SecretPath,
        policy: Box<RawValue>,
    ) -> Result<Secret, ClientError> {
        self.update_policy(path, Some(policy)).await
    }

    /// Removes the access policy, so that roles alone decide who reads and writes the value.
    pub async fn clear_policy(&self, path: &SecretPath) -> Result<Secret, ClientError> {
        self.update_policy(path, None).await
    }

    async fn update_policy(
        &self,
        path: &SecretPath,
        access_policy: Option<Box<RawValue>>,
    ) -> Result<Secret, ClientError> {
        let body = PolicyUpdate { access_policy }.to_body();
        let call = Call::put(self.one(path, "/policy")).json(body);
        self.transport.send(call).await?.json()
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::{Description, Labels, Plaintext, SecretValue};

    use super::*;
    use crate::DecodeError;
    use crate::testing::{Answer, Mock, Received};

    const SECRET: &str = r#"{"path":"/app/a+b","createdAt":"2026-01-02T03:04:05Z",
        "updatedAt":"2026-01-02T03:04:05Z","kmsKeyIdentity":"kms-x","currentVersion":1,
        "objectVersion":1,"region":{"identity":"nl-01","name":"NL","slug":"nl-01"}}"#;

    const BASE: &str = "/v1/secrets/nl-01";

    fn path() -> SecretPath {
        "/app/a+b".parse().unwrap()
    }

    fn given(text: &str) -> ValueInput {
        ValueInput::Given {
            value: SecretValue::String(Plaintext::new(text.as_bytes().to_vec())),
            taken_raw: false,
        }
    }

    /// Answers one call and returns the request that came of it.
    async fn one<T>(
        answer: Answer,
        call: impl AsyncFnOnce(Secrets<'_>) -> Result<T, ClientError>,
    ) -> (Received, Result<T, ClientError>) {
        let mock = Mock::start([answer]).await;
        let client = mock.client();
        let region = "nl-01".parse().unwrap();
        let result = call(client.secrets(&region)).await;
        (mock.requests().await.remove(0), result)
    }

    #[tokio::test]
    async fn reading_calls_ask_at_the_right_place() {
        let browse = r#"{"path":"/app/","prefixes":["/app/db/"],"secrets":[]}"#;
        let (request, found) = one(Answer::json(200, browse), async |secrets| {
            secrets.browse(&"/app".parse().unwrap()).await
        })
        .await;
        assert_eq!(request.target(), format!("{BASE}/secrets?path=%2Fapp%2F"));
        assert_eq!(found.unwrap().prefixes, ["/app/db/"]);

        let list = format!("[{SECRET}]");
        let (request, found) = one(Answer::json(200, &list), async |secrets| {
            secrets.list(&"/app/a+".parse().unwrap()).await
        })
        .await;
        assert_eq!(
            request.target(),
            format!("{BASE}/secrets?pathPrefix=%2Fapp%2Fa%2B")
        );
        assert_eq!(found.unwrap()[0].path, "/app/a+b");

        let (request, found) = one(Answer::json(200, SECRET), async |secrets| {
            secrets.read(&path()).await
        })
        .await;
        assert_eq!(request.line, format!("GET {BASE}/secret/app/a+b HTTP/1.1"));
        assert_eq!(found.unwrap().current_version, 1);

        let (request, _) = one(Answer::json(200, SECRET), async |secrets| {
            secrets.read_with_versions(&path()).await
        })
        .await;
        assert_eq!(
            request.target(),
            format!("{BASE}/secret/app/a+b?includeVersions=true")
        );
    }

    #[tokio::test]
    async fn a_create_sends_the_value_in_base64() {
        let secret = CreateSecret {
            path: path(),
            key: "main".parse().unwrap(),
            value: Some(given("hunter2")),
            description: Description::default(),
            labels: Labels::default(),
            annotations: Labels::default(),
            access_policy: None,
        };
        let (request, created) = one(Answer::json(201, SECRET), async |secrets| {
            secrets.create(&secret).await
        })
        .await;
        assert_eq!(request.line, format!("POST {BASE}/secrets HTTP/1.1"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(
            request.body,
            r#"{"path":"/app/a+b","kmsKeyIdentity":"main","secretString":"aHVudGVyMg=="}"#
        );
        assert_eq!(created.unwrap().path, "/app/a+b");
    }

    #[tokio::test]
    async fn a_put_adds_a_version() {
        let reply = r#"{"path":"/app/a+b","version":2,"kmsKeyIdentity":"k","kmsKeyVersion":"1"}"#;
        let (request, put) = one(Answer::json(200, reply), async |secrets| {
            secrets
                .put(&path(), ValueInput::Generate { bytes: 32 })
                .await
        })
        .await;
        assert_eq!(
            request.line,
            format!("POST {BASE}/secret/app/a+b/versions HTTP/1.1")
        );
        assert_eq!(request.body, r#"{"generateSecret":{"byteLength":32}}"#);
        assert_eq!(put.unwrap().version, 2);
    }

    #[tokio::test]
    async fn a_reveal_returns_the_bytes() {
        let reply = r#"{"path":"/app/a+b","version":3,"secretString":"AP8=",
            "kmsKeyIdentity":"k","kmsKeyVersion":"1"}"#;
        let (request, found) = one(Answer::json(200, reply), async |secrets| {
            secrets.reveal(&path(), None).await
        })
        .await;
        assert_eq!(
            request.line,
            format!("POST {BASE}/secret/app/a+b/value HTTP/1.1")
        );
        assert_eq!((request.header("content-type"), &*request.body), (None, ""));
        let SecretValue::String(bytes) = found.unwrap().value else {
            panic!("a string was sent")
        };
        assert_eq!(bytes.expose(), [0, 255]);

        let entries = reply.replace(
            r#""secretString":"AP8=""#,
            r#""secretKeyValues":{"u":"YQ=="}"#,
        );
        let (request, found) = one(Answer::json(200, &entries), async |secrets| {
            secrets.reveal(&path(), Some(Version::FIRST)).await
        })
        .await;
        assert_eq!(request.body, r#"{"version":1}"#);
        let SecretValue::KeyValue(entries) = found.unwrap().value else {
            panic!("entries were sent")
        };
        assert_eq!(entries[&"u".parse().unwrap()].expose(), b"a");
    }

    #[tokio::test]
    async fn a_broken_reveal_is_told_by_field_and_never_by_content() {
        let reply = r#"{"path":"/a","version":3,"secretString":"hunter2!",
            "kmsKeyIdentity":"k","kmsKeyVersion":"1"}"#;
        let (_, found) = one(Answer::json(200, reply), async |secrets| {
            secrets.reveal(&path(), None).await
        })
        .await;
        let Err(ClientError::Decode(DecodeError::Field(cause))) = found else {
            panic!("the value is no base64")
        };
        assert!(cause.to_string().contains("secretString"), "{cause}");
        assert!(!cause.to_string().contains("hunter2"), "{cause}");
    }

    #[tokio::test]
    async fn removals_name_exactly_what_goes() {
        let (request, done) = one(Answer::empty(204), async |secrets| {
            secrets.destroy(&path(), Version::FIRST).await
        })
        .await;
        assert_eq!(
            request.line,
            format!("DELETE {BASE}/secret/app/a+b/versions?version=1 HTTP/1.1")
        );
        done.unwrap();
        let (request, done) = one(Answer::empty(204), async |secrets| {
            secrets.delete(&path()).await
        })
        .await;
        assert_eq!(
            request.line,
            format!("DELETE {BASE}/secret/app/a+b HTTP/1.1")
        );
        done.unwrap();
    }

    #[tokio::test]
    async fn policies_travel_as_they_are_written() {
        let written = r#"{ "conditions": [] , "x": 1.0 }"#;
        let policy: Box<RawValue> = serde_json::from_str(written).unwrap();
        let (request, _) = one(Answer::json(200, SECRET), async |secrets| {
            secrets.set_policy(&path(), policy).await
        })
        .await;
        assert_eq!(
            request.line,
            format!("PUT {BASE}/secret/app/a+b/policy HTTP/1.1")
        );
        assert_eq!(request.body, format!(r#"{{"accessPolicy":{written}}}"#));
        let (request, _) = one(Answer::json(200, SECRET), async |secrets| {
            secrets.clear_policy(&path()).await
        })
        .await;
        assert_eq!(request.body, r#"{"accessPolicy":null}"#);
    }
}
