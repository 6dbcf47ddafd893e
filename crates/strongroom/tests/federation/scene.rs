//! An organisation with a service account, and the means to exchange tokens.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{PrincipalRef, RoleRef};
use strongroom_testkit::{Caller, House, Reply, Tenant};
use strongroom_types::Clock;

use crate::issuer::{Issuer, Pair};

pub const PROVIDERS: &str = "/v1/federated-identity-providers";
pub const IDENTITIES: &str = "/v1/federated-identities";
pub const AUDIENCE: &str = "https://api.thalassa.cloud";

/// A server that may ask issuers on this machine.
pub fn house() -> House {
    House::with(|config| {
        config.federation.allow_plain_http = true;
        config.federation.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    })
}

/// What a test works with.
pub struct Scene<'h> {
    pub acme: Tenant<'h>,
    pub account: String,
    pub provider: String,
    pub issuer: Issuer,
}

impl<'h> Scene<'h> {
    /// The organisation `acme` with the account `robot`, which may read secrets' values, and an
    /// issuer that it trusts.
    pub fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        let account = acme.service_account("robot");
        let principal = PrincipalRef::ServiceAccount(account);
        acme.bind(principal, RoleRef::BuiltIn("secrets:FullAccess"), None);
        acme.owner.create("/app/db", &acme.key, "v").expect(201);
        let issuer = Issuer::start();
        let provider = json!({"name": "issuer", "providerIssuer": issuer.url()});
        let provider = acme.owner.post(PROVIDERS).json(&provider).expect(201);
        Self {
            provider: identity_of(&provider),
            account: account.to_string(),
            acme,
            issuer,
        }
    }

    /// A federated identity for this subject; `more` adds to or replaces its fields.
    pub fn admit(&self, subject: &str, more: &Value) -> String {
        let mut body = json!({
            "name": "ci", "serviceAccountIdentity": self.account,
            "providerIdentity": self.provider, "providerSubject": subject,
            "trustedAudiences": [AUDIENCE], "audienceMatchMode": "any",
            "allowedScopes": ["api:read", "api:write"],
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        identity_of(&self.acme.owner.post(IDENTITIES).json(&body).expect(201))
    }

    /// Claims that count now; `more` adds to or replaces them, and `null` takes them away.
    pub fn claims(&self, subject: &str, more: &Value) -> Value {
        let now = self.acme.house.clock.now().as_second();
        let mut claims = json!({
            "iss": self.issuer.url(), "sub": subject, "aud": AUDIENCE,
            "iat": now, "nbf": now, "exp": now + 300,
        });
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => {
                    claims.as_object_mut().unwrap().remove(name);
                }
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    /// A token by this key.
    pub fn token(&self, name: &str, pair: &Pair, algorithm: &str, claims: &Value) -> String {
        pair.token(
            &json!({"alg": algorithm, "kid": name, "typ": "JWT"}),
            claims,
        )
    }

    pub fn exchange(&self, token: &str) -> Reply {
        self.exchange_with(token, "")
    }

    /// The exchange, with further fields that start with `&`.
    pub fn exchange_with(&self, token: &str, more: &str) -> Reply {
        let form = form(token, "acme", &self.account) + more;
        self.acme.house.web.post("/oidc/token").form(&form).send()
    }

    /// The caller with the token that an exchange came to.
    pub fn caller(&self, reply: Reply) -> Caller {
        let reply = reply.expect(200).json();
        let token = reply["access_token"].as_str().unwrap();
        let organisation = self.acme.organisation.to_string();
        self.acme.house.web.with(token, &organisation)
    }

    /// The reason of the latest refusal, as the audit log has it.
    pub fn reason(&self) -> String {
        // Records of one instant have no order; a moment later this one is the latest.
        self.acme.house.turn(Duration::from_millis(1));
        let entries = self.acme.owner.audit("action=auth.token.failed");
        let reason = entries[0]["context"]["reason"].as_str();
        reason.unwrap_or_default().to_owned()
    }

    /// Insists that the token is refused, for this reason, and that the caller does not learn it.
    pub fn refused(&self, token: &str, reason: &str) {
        let reply = self.exchange(token).expect(400);
        assert_eq!(reply.json()["error"], "invalid_grant", "{reason}");
        assert_eq!(self.reason(), reason);
        let other = self.exchange("a.b.c").expect(400);
        assert_eq!(reply.message(), other.message(), "{reason} is told");
        self.acme.house.turn(Duration::from_millis(1));
    }
}

pub fn form(token: &str, organisation: &str, account: &str) -> String {
    format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt\
         &subject_token={token}&organisation_id={organisation}&service_account_id={account}"
    )
}

pub fn identity_of(reply: &Reply) -> String {
    reply.json()["identity"].as_str().unwrap().to_owned()
}
