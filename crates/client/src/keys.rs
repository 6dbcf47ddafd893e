//! Keys (contract section 2).

use std::collections::BTreeMap;

use strongroom_api::{CreateKey, Decrypt, DecryptReply, Encrypt, EncryptReply, KmsKey, Rotation};
use strongroom_types::{KeyId, Plaintext, Reference, Slug, Version};

use crate::ClientError;
use crate::transport::{Call, Transport, reference_text};

/// The keys of one region, in the client's organisation and project.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    transport: &'a Transport,
    region: &'a Slug,
}

/// Which keys a list shows; whatever is given has to match exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// The identity.
    pub identity: Option<KeyId>,
    /// The name.
    pub name: Option<String>,
    /// The slug.
    pub slug: Option<Slug>,
    /// Labels that a key must have, among others.
    pub labels: BTreeMap<String, String>,
}

impl<'a> Keys<'a> {
    pub(crate) const fn new(transport: &'a Transport, region: &'a Slug) -> Self {
        Self { transport, region }
    }

    fn all(&self) -> String {
        format!("/v1/kms/{}/keys", self.region)
    }

    fn one(&self, key: &Reference<KeyId>, action: &str) -> String {
        format!(
            "/v1/kms/{}/keys/{}{action}",
            self.region,
            reference_text(key)
        )
    }

    async fn change(&self, call: Call) -> Result<KmsKey, ClientError> {
        self.transport.send(call).await?.json()
    }

    /// The readable keys that match. Their versions may be left out.
    pub async fn list(&self, filter: &KeyFilter) -> Result<Vec<KmsKey>, ClientError> {
        let mut call = Call::get(self.all())
            .with_some("identity", filter.identity.as_ref())
            .with_some("name", filter.name.as_ref())
            .with_some("slug", filter.slug.as_ref());
        for (label, value) in &filter.labels {
            call = call.with(format!("matchLabels[{label}]"), value);
        }
        self.transport.send(call).await?.json()
    }

    /// Creates a key.
    pub async fn create(&self, key: &CreateKey) -> Result<KmsKey, ClientError> {
        self.change(Call::post(self.all()).json(key.to_body()))
            .await
    }

    /// A key's metadata and versions, never its material.
    pub async fn read(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::get(self.one(key, ""))).await
    }

    /// Encrypts 1 to 65,535 bytes with a version of the key, or with the latest.
    pub async fn encrypt(
        &self,
        key: &Reference<KeyId>,
        plaintext: Plaintext,
        key_version: Option<Version>,
    ) -> Result<EncryptReply, ClientError> {
        let body = Encrypt {
            plaintext,
            key_version,
            associated_data: Plaintext::new(Vec::new()),
        }
        .to_body();
        let call = Call::post(self.one(key, "/encrypt")).sensitive(body);
        self.transport.send(call).await?.json()
    }

    /// Decrypts what an encrypt answered; the ciphertext names the version of the key.
    pub async fn decrypt(
        &self,
        key: &Reference<KeyId>,
        ciphertext: &str,
    ) -> Result<DecryptReply, ClientError> {
        let body = Decrypt {
            ciphertext: ciphertext.to_owned(),
            associated_data: Plaintext::new(Vec::new()),
        }
        .to_body();
        let call = Call::post(self.one(key, "/decrypt")).sensitive(body);
        self.transport
            .send(call)
            .await?
            .sensitive(DecryptReply::parse)
    }

    /// Changes whether and how often a key rotates by itself.
    pub async fn configure_rotation(
        &self,
        key: &Reference<KeyId>,
        rotation: Rotation,
    ) -> Result<KmsKey, ClientError> {
        let call = Call::patch(self.one(key, "/rotation")).json(rotation.to_body());
        self.change(call).await
    }

    /// Gives a key a new version, which new operations use; older ones still decrypt.
    pub async fn rotate(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::post(self.one(key, "/rotate"))).await
    }

    /// Switches a key off: no operation of it works, nor any value that it protects.
    pub async fn disable(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::post(self.one(key, "/disable"))).await
    }

    /// Switches a key on again.
    pub async fn enable(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::post(self.one(key, "/enable"))).await
    }

    /// Schedules a key's removal, after which nothing that it protects can ever be read. It stops
    /// working at once.
    pub async fn delete(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::delete(self.one(key, ""))).await
    }

    /// Calls off a key's scheduled removal.
    pub async fn cancel_deletion(&self, key: &Reference<KeyId>) -> Result<KmsKey, ClientError> {
        self.change(Call::delete(self.one(key, "/cancel-deletion")))
            .await
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::{Description, KeyType, Labels};

    use super::*;
    use crate::testing::{Answer, Mock, Received};

    const KEY: &str = r#"{"identity":"kms-x","name":"Main","slug":"main",
        "keyType":"aes256-gcm96","status":"active","exportAllowed":false,
        "keyRotationEnabled":false,"latestVersion":2,"minDecryptionVersion":1,
        "createdAt":"2026-01-02T03:04:05Z","updatedAt":"2026-01-02T03:04:05Z",
        "objectVersion":1}"#;

    const BASE: &str = "/v1/kms/nl-01/keys";

    fn main() -> Reference<KeyId> {
        "main".parse().unwrap()
    }

    async fn one<T>(
        answer: &str,
        call: impl AsyncFnOnce(Keys<'_>) -> Result<T, ClientError>,
    ) -> (Received, T) {
        let mock = Mock::start([Answer::json(200, answer)]).await;
        let client = mock.client();
        let region = "nl-01".parse().unwrap();
        let result = call(client.keys(&region)).await.unwrap();
        (mock.requests().await.remove(0), result)
    }

    #[tokio::test]
    async fn every_change_has_its_own_place() {
        let identity = KeyId::from_bytes([7; 16]);
        let by_identity = Reference::Identity(identity);
        let (request, _) = one(KEY, async |keys| keys.read(&by_identity).await).await;
        assert_eq!(request.line, format!("GET {BASE}/{identity} HTTP/1.1"));
        let (request, key) = one(KEY, async |keys| keys.rotate(&main()).await).await;
        assert_eq!(request.line, format!("POST {BASE}/main/rotate HTTP/1.1"));
        assert_eq!(key.latest_version, 2);
        let (request, _) = one(KEY, async |keys| keys.disable(&main()).await).await;
        assert_eq!(request.line, format!("POST {BASE}/main/disable HTTP/1.1"));
        let (request, _) = one(KEY, async |keys| keys.enable(&main()).await).await;
        assert_eq!(request.line, format!("POST {BASE}/main/enable HTTP/1.1"));
        let (request, _) = one(KEY, async |keys| keys.delete(&main()).await).await;
        assert_eq!(request.line, format!("DELETE {BASE}/main HTTP/1.1"));
        let (request, _) = one(KEY, async |keys| keys.cancel_deletion(&main()).await).await;
        assert_eq!(
            request.line,
            format!("DELETE {BASE}/main/cancel-deletion HTTP/1.1")
        );
        let rotation = Rotation {
            enabled: Some(true),
            period_days: Some(30),
            min_decryption_version: None,
        };
        let (request, _) = one(KEY, async |keys| {
            keys.configure_rotation(&main(), rotation).await
        })
        .await;
        assert_eq!(request.line, format!("PATCH {BASE}/main/rotation HTTP/1.1"));
        assert_eq!(Rotation::parse(request.body.as_bytes()).unwrap(), rotation);
    }

    #[tokio::test]
    async fn a_list_filters_at_the_server() {
        let filter = KeyFilter {
            identity: None,
            name: Some("Main key".to_owned()),
            slug: Some("main".parse().unwrap()),
            labels: [("team/a".to_owned(), "x&y".to_owned())].into(),
        };
        let (request, keys) = one(&format!("[{KEY}]"), async |keys| keys.list(&filter).await).await;
        assert_eq!(
            request.target(),
            format!("{BASE}?name=Main+key&slug=main&matchLabels%5Bteam%2Fa%5D=x%26y")
        );
        assert_eq!(keys.len(), 1);
        let (request, _) = one("[]", async |keys| keys.list(&KeyFilter::default()).await).await;
        assert_eq!(request.target(), BASE);
    }

    #[tokio::test]
    async fn a_create_is_what_the_server_parses() {
        let wanted = CreateKey {
            name: "Main".parse().unwrap(),
            key_type: KeyType::ChaCha20Poly1305,
            description: Description::default(),
            labels: Labels::default(),
            annotations: Labels::default(),
            export_allowed: false,
            rotation_enabled: true,
            rotation_period_days: Some(90),
            import: None,
        };
        let (request, _) = one(KEY, async |keys| keys.create(&wanted).await).await;
        let rules = strongroom_api::Rules::default();
        let read = CreateKey::parse(request.body.as_bytes(), &rules).unwrap();
        assert_eq!(read, wanted);
    }

    #[tokio::test]
    async fn bytes_go_in_and_come_out() {
        let reply = r#"{"ciphertext":"thalassa:v2:QUJD","keyVersion":"2"}"#;
        let (request, sealed) = one(reply, async |keys| {
            let bytes = Plaintext::new(b"hunter2".to_vec());
            keys.encrypt(&main(), bytes, Version::new(2).ok()).await
        })
        .await;
        assert_eq!(request.line, format!("POST {BASE}/main/encrypt HTTP/1.1"));
        assert_eq!(
            request.body,
            r#"{"plaintext":"aHVudGVyMg==","keyVersion":"2"}"#
        );
        let reply = r#"{"plaintext":"aHVudGVyMg==","keyVersion":"2"}"#;
        let (request, opened) = one(reply, async |keys| {
            keys.decrypt(&main(), &sealed.ciphertext).await
        })
        .await;
        assert_eq!(request.body, r#"{"ciphertext":"thalassa:v2:QUJD"}"#);
        assert_eq!(opened.plaintext.expose(), b"hunter2");
    }
}
