//! A provider for each route about one, and a federated identity for each route about one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strongroom_server::http::{Route, routes};
use strongroom_testkit::Tenant;

/// What the routes work on.
pub(crate) struct Federation {
    account: String,
    provider: String,
    of_route: BTreeMap<&'static str, String>,
}

impl Federation {
    pub(crate) fn new(acme: &Tenant<'_>) -> Self {
        let make = |url: &str, body: Value| {
            let made = acme.owner.post(url).json(&body).expect(201).json();
            made["identity"].as_str().unwrap().to_owned()
        };
        let provider = |name: &str| {
            let issuer = format!("https://{}.example.org", name.to_lowercase());
            let body = json!({"name": name, "providerIssuer": issuer});
            make("/v1/federated-identity-providers", body)
        };
        let mut federation = Self {
            account: acme.service_account("robot").to_string(),
            provider: provider("all"),
            of_route: BTreeMap::new(),
        };
        for route in routes().table() {
            let made = if route.template.contains("{provider}") {
                provider(route.name)
            } else if route.template.contains("{federated}") {
                make("/v1/federated-identities", federation.identity(route.name))
            } else {
                continue;
            };
            federation.of_route.insert(route.name, made);
        }
        federation
    }

    /// What makes a federated identity.
    fn identity(&self, name: &str) -> Value {
        json!({
            "name": name, "serviceAccountIdentity": self.account,
            "providerIdentity": self.provider, "providerSubject": "me",
            "trustedAudiences": ["us"], "allowedScopes": ["api:read"],
        })
    }

    /// What a call sends, which is nothing for most; `None` for a route of another kind.
    pub(crate) fn body(&self, route: &Route) -> Option<Option<Value>> {
        Some(match route.name {
            "listFederatedProviders"
            | "readFederatedProvider"
            | "deleteFederatedProvider"
            | "listFederatedIdentities"
            | "readFederatedIdentity"
            | "deleteFederatedIdentity" => None,
            "createFederatedProvider" => {
                Some(json!({"name": "new", "providerIssuer": "https://new.example.org"}))
            }
            "createFederatedIdentity" => Some(self.identity("new")),
            "updateFederatedProvider" | "updateFederatedIdentity" => {
                Some(json!({"description": "changed"}))
            }
            _ => return None,
        })
    }

    /// The URL with the part of the route's own thing in it.
    pub(crate) fn fill(&self, route: &Route, url: &str) -> String {
        let own = self.of_route.get(route.name);
        let own = own.map_or("", String::as_str);
        url.replace("{provider}", own).replace("{federated}", own)
    }
}
