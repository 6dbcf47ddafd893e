//! Putting a client together.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Url, redirect};
use strongroom_types::{OrganisationId, ProjectId, Reference};

use crate::transport::{Transport, reference_text};
use crate::{Client, Credential};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The endpoint is no URL.
    #[error("the endpoint is not a URL such as https://strongroom.example.org")]
    Endpoint(#[source] <Url as FromStr>::Err),
    /// The endpoint is a URL of another kind.
    #[error("the endpoint must start with https:// or http:// and name a host")]
    Scheme,
    /// The endpoint has a part that no endpoint has.
    #[error("the endpoint must have no user name, password, query or fragment")]
    Parts,
    /// A credential would travel unencrypted to another machine.
    #[error(
        "the endpoint is not on this machine and http:// would send the credential and every \
         secret in the clear; use https://, or allow it where the network itself encrypts"
    )]
    Cleartext,
    /// The additional root certificates cannot be read.
    #[error("the root certificates are not certificates in PEM form")]
    Certificates(#[source] reqwest::Error),
    /// The text has no certificate.
    #[error("the root certificates are empty: there is no BEGIN CERTIFICATE in them")]
    NoCertificates,
    /// The HTTP client cannot be set up, for example because the system has no root certificates.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// What a client is made of. See [`Client::builder`].
#[derive(Debug)]
pub struct Builder {
    endpoint: String,
    credential: Credential,
    organisation: Option<Reference<OrganisationId>>,
    project: Option<Reference<ProjectId>>,
    root_certificates: Option<Vec<u8>>,
    connect_timeout: Duration,
    timeout: Duration,
    reply_limit: usize,
    cleartext: bool,
    proxies: bool,
}

impl Builder {
    pub(crate) fn new(endpoint: &str, credential: Credential) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            credential,
            organisation: None,
            project: None,
            root_certificates: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            reply_limit: 64 << 20,
            cleartext: false,
            proxies: false,
        }
    }

    /// The organisation to work in; needed unless the credential belongs to exactly one.
    pub fn organisation(mut self, organisation: Reference<OrganisationId>) -> Self {
        self.organisation = Some(organisation);
        self
    }

    /// The project to work in; without it, the organisation's own level.
    pub fn project(mut self, project: Reference<ProjectId>) -> Self {
        self.project = Some(project);
        self
    }

    /// Certificates in PEM form to trust beside the system's.
    pub fn root_certificates(mut self, pem: Vec<u8>) -> Self {
        self.root_certificates = Some(pem);
        self
    }

    /// How long to try to connect; 5 seconds unless told otherwise.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a request may take from connecting to the last byte of its reply; 30 seconds
    /// unless told otherwise.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The longest reply that is read, in bytes; 64 MiB unless told otherwise.
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Permits `http://` to another machine. Only sensible where the network itself encrypts,
    /// as a service mesh does.
    pub fn allow_cleartext(mut self, allow: bool) -> Self {
        self.cleartext = allow;
        self
    }

    /// Whether to go through the proxies of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`; not unless
    /// told so, and never to an endpoint on this machine.
    pub fn proxies_from_environment(mut self, obey: bool) -> Self {
        self.proxies = obey;
        self
    }

    /// The client.
    pub fn build(self) -> Result<Client, BuildError> {
        let endpoint = parse_endpoint(&self.endpoint)?;
        let encrypted = endpoint.scheme() == "https";
        let local = is_local(&endpoint);
        if !encrypted && !local && !self.cleartext {
            return Err(BuildError::Cleartext);
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("strongroom-client/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(&self)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout);
        if local || !self.proxies {
            http = http.no_proxy();
        }
        if let Some(pem) = &self.root_certificates {
            let roots = Certificate::from_pem_bundle(pem).map_err(BuildError::Certificates)?;
            if roots.is_empty() {
                return Err(BuildError::NoCertificates);
            }
            http = http.tls_certs_merge(roots);
        } else if !encrypted {
            // Nothing will be verified, so a machine without any root certificates is fine.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(BuildError::Http)?;
        Ok(Client::over(Transport::new(
            http,
            endpoint,
            self.credential,
            self.reply_limit,
        )))
    }
}

fn headers(builder: &Builder) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let scope = [
        (
            "x-organisation-identity",
            builder.organisation.as_ref().map(reference_text),
        ),
        (
            "x-project-identity",
            builder.project.as_ref().map(reference_text),
        ),
    ];
    for (name, value) in scope {
        let Some(value) = value else { continue };
        // Identities and slugs are letters, digits and `-_.`, so this does not fail.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

fn parse_endpoint(text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).map_err(BuildError::Endpoint)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(BuildError::Scheme);
    }
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if bare {
        Ok(url)
    } else {
        Err(BuildError::Parts)
    }
}

/// Whether the endpoint is on this machine, by its address or the name that RFC 6761 reserves.
fn is_local(endpoint: &Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use strongroom_types::Plaintext;

    use super::*;

    fn builder(endpoint: &str) -> Builder {
        let token = Plaintext::new(b"tc_pat_x".to_vec());
        Client::builder(endpoint, Credential::token(token).unwrap())
    }

    #[test]
    fn endpoints_are_plain_urls() {
        let error = |text| builder(text).build().unwrap_err();
        assert!(matches!(error("strongroom"), BuildError::Endpoint(_)));
        for text in ["ftp://x.example", "unix:/run/strongroom", "localhost:8460"] {
            assert!(matches!(error(text), BuildError::Scheme), "{text}");
        }
        for text in [
            "https://me:pw@x.example",
            "https://x.example/?a",
            "https://x.example/#a",
        ] {
            assert!(matches!(error(text), BuildError::Parts), "{text}");
            assert!(!error(text).to_string().contains("pw"));
        }
    }

    #[test]
    fn cleartext_stays_on_this_machine_unless_allowed() {
        for text in [
            "http://127.0.0.1:8460",
            "http://[::1]:8460",
            "http://localhost",
        ] {
            assert!(builder(text).build().is_ok(), "{text}");
        }
        for text in [
            "http://strongroom.example.org",
            "http://10.0.0.1",
            "http://127.0.0.1.evil.org",
        ] {
            let error = builder(text).build().unwrap_err();
            assert!(matches!(error, BuildError::Cleartext), "{text}");
            assert!(builder(text).allow_cleartext(true).build().is_ok());
        }
    }

    #[test]
    fn root_certificates_have_to_be_there() {
        let with = |pem: &str| {
            builder("https://x.example")
                .root_certificates(pem.into())
                .build()
        };
        assert!(matches!(with("nothing"), Err(BuildError::NoCertificates)));
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(matches!(with(broken), Err(BuildError::Certificates(_))));
    }

    #[test]
    fn a_builder_shows_no_credential() {
        assert!(!format!("{:?}", builder("https://x.example")).contains("tc_pat_"));
    }
}
