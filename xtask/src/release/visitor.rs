//! One client of a server in training: mostly it reads, often it writes, and now and then it errs.

use reqwest::{Client, Method, StatusCode};
use serde_json::json;
use strongroom_types::KeyType;

use crate::live::caller::{Caller, CallerError, accepted, at_once};
use crate::live::dataset::{Dataset, path};

/// Reveals for each put.
const REVEALS: usize = 6;
/// Rounds between two operations with keys, two looks around, two times of housekeeping, two pages
/// of the audit log.
const KEYS_EVERY: usize = 2;
const LOOK_EVERY: usize = 8;
const HOUSE_EVERY: usize = 16;
const AUDIT_EVERY: usize = 40;
/// What is encrypted, signed and authenticated: 32 bytes.
const INPUT: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The keys that all clients use.
#[derive(Clone)]
pub(super) struct Keys {
    secrets: String,
    cipher: String,
    mac: String,
    signer: String,
}

impl Keys {
    /// Draws new ones, with this word in their names.
    pub(super) async fn create(caller: &Caller, word: &str) -> Result<Self, CallerError> {
        let create = |key_type| caller.create_key(key_type, word);
        Ok(Self {
            secrets: create(KeyType::ChaCha20Poly1305).await?,
            cipher: create(KeyType::Aes256Gcm96).await?,
            mac: create(KeyType::HmacSha256).await?,
            signer: create(KeyType::Ed25519).await?,
        })
    }
}

/// The client.
pub(super) struct Visitor {
    caller: Caller,
    owner: Caller,
    number: usize,
    secrets: usize,
    keys: Keys,
}

impl Visitor {
    /// Client `number` of a server, with a token of its own.
    pub(super) fn new(data: &Dataset, number: usize, keys: Keys) -> Self {
        let own = data.credentials.get(number).cloned().unwrap_or_default();
        Self {
            caller: data.caller_with(own),
            owner: data.owner(),
            number,
            secrets: data.secrets,
            keys,
        }
    }

    /// Does everything so often.
    pub(super) async fn rounds(&self, rounds: usize) -> Result<(), CallerError> {
        let due = |round: usize, every: usize| (round + self.number).is_multiple_of(every);
        for round in 0..rounds {
            self.read(round).await?;
            self.put(round).await?;
            if due(round, KEYS_EVERY) {
                self.use_keys().await?;
            }
            if due(round, LOOK_EVERY) {
                self.look_around(round).await?;
            }
            if due(round, HOUSE_EVERY) {
                self.keep_house(round).await?;
                self.err().await?;
            }
            if due(round, AUDIT_EVERY) {
                self.owner
                    .call(Method::GET, "/v1/audit?page=1&limit=50")
                    .await?;
            }
        }
        Ok(())
    }

    async fn read(&self, round: usize) -> Result<(), CallerError> {
        for step in 0..REVEALS {
            // Primes apart, so that neighbours in time are none in the store.
            let secret = self.secret(self.number * 7_919 + round * 104_729 + step * 1_299_709);
            self.reveal(&secret).await?;
        }
        Ok(())
    }

    async fn put(&self, round: usize) -> Result<(), CallerError> {
        let secret = self.secret(self.number * 31 + round * 7_919);
        let value = json!({ "secretString": INPUT });
        self.caller
            .post(&format!("{secret}/versions"), &value)
            .await?;
        Ok(())
    }

    async fn use_keys(&self) -> Result<(), CallerError> {
        let caller = &self.caller;
        let url = |key: &str, operation| caller.key_url(key, operation);
        let input = json!({ "input": INPUT });
        let encrypted = caller
            .post_json(
                &url(&self.keys.cipher, "encrypt"),
                &json!({ "plaintext": INPUT }),
            )
            .await?;
        let ciphertext = json!({ "ciphertext": encrypted.get("ciphertext") });
        caller
            .post(&url(&self.keys.cipher, "decrypt"), &ciphertext)
            .await?;
        caller.post(&url(&self.keys.mac, "hmac"), &input).await?;
        let signed = caller
            .post_json(&url(&self.keys.signer, "sign"), &input)
            .await?;
        let signature = json!({ "input": INPUT, "signature": signed.get("signature") });
        caller
            .post(&url(&self.keys.signer, "verify"), &signature)
            .await?;
        Ok(())
    }

    async fn look_around(&self, round: usize) -> Result<(), CallerError> {
        let secrets = self.caller.secrets_url();
        let described = self.secret(round);
        for url in [
            described.as_str(),
            &format!("{secrets}?path=/load/"),
            &format!("{secrets}?limit=50"),
            &self.caller.keys_url(),
        ] {
            self.caller.call(Method::GET, url).await?;
        }
        self.reveal_version(&described, 1).await
    }

    /// A secret from its beginning to its end.
    async fn keep_house(&self, round: usize) -> Result<(), CallerError> {
        let path = format!("/training/{}/{round}", self.number);
        let secret = self.caller.secret_url(&path);
        let created = json!({
            "path": path,
            "description": "Lives for a moment",
            "kmsKeyIdentity": self.keys.secrets,
            "secretKeyValues": { "user": "dGhlIHVzZXI=", "password": INPUT },
        });
        let secrets = self.caller.secrets_url();
        self.caller.post(&secrets, &created).await?;
        let here = json!({ "accessPolicy": { "conditions": [
            { "type": "ip", "effect": "allow", "cidrs": ["127.0.0.0/8", "::1/128"] },
        ] } });
        let policy = self
            .caller
            .request(Method::PUT, &format!("{secret}/policy"));
        accepted(policy.json(&here), "a policy").await?;
        self.reveal(&secret).await?;
        let versions = format!("{secret}/versions");
        self.caller
            .post(&versions, &json!({ "secretString": INPUT }))
            .await?;
        self.reveal(&secret).await?;
        self.reveal_version(&secret, 1).await?;
        let destroyed = format!("{versions}?version=1");
        self.caller.call(Method::DELETE, &destroyed).await?;
        self.caller.call(Method::DELETE, &secret).await?;
        Ok(())
    }

    /// What people and programs get wrong.
    async fn err(&self) -> Result<(), CallerError> {
        let missing = self.caller.secret_url("/training/none/value");
        let missing = self.caller.request(Method::POST, &missing);
        refused(missing, StatusCode::NOT_FOUND).await?;
        let create = self.caller.secrets_url();
        let create = self.caller.request(Method::POST, &create);
        let create = create.json(&json!({ "path": "no/slash" }));
        refused(create, StatusCode::BAD_REQUEST).await
    }

    async fn reveal(&self, secret: &str) -> Result<(), CallerError> {
        let url = format!("{secret}/value");
        self.caller.call(Method::POST, &url).await.map(drop)
    }

    async fn reveal_version(&self, secret: &str, version: u32) -> Result<(), CallerError> {
        let url = format!("{secret}/value");
        let version = json!({ "version": version });
        self.caller.post(&url, &version).await.map(drop)
    }

    fn secret(&self, number: usize) -> String {
        self.caller.secret_url(&path(number % self.secrets))
    }
}

/// Sends what must be refused in this way.
async fn refused(request: reqwest::RequestBuilder, with: StatusCode) -> Result<(), CallerError> {
    let reply = request.send().await?;
    let (what, status) = (reply.url().path().to_owned(), reply.status());
    if status == with {
        reply.bytes().await?;
        return Ok(());
    }
    let body = reply.text().await?;
    Err(CallerError::Refused { what, status, body })
}

/// Asks a reference, so often as a visitor reveals; it answers everything alike.
pub(super) async fn hail(
    client: &Client,
    endpoint: &str,
    clients: usize,
    rounds: usize,
) -> Result<(), CallerError> {
    let hails = (0..clients).map(|_| {
        let request = client.post(format!("{endpoint}/v1/anything"));
        async move {
            for _ in 0..rounds * REVEALS {
                if let Some(request) = request.try_clone() {
                    accepted(request, "a reference").await?;
                }
            }
            Ok(())
        }
    });
    at_once(hails).await
}
