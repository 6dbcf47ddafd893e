//! How to reach the server, as whom, and where in it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use strongroom_client::{
    BuildError, Client, ClientError, Credential, CredentialError, Keys, OrganisationId, Plaintext,
    ProjectId, Reference, Secrets, Slug,
};

use crate::input::file;
use crate::login::{KeptError, Shelf};
use crate::{InputError, Surroundings};

/// The longest token, secret or bundle of certificates that is read from a file, in bytes.
const LONGEST_FILE: usize = 1 << 20;

const TOKEN: &str = "STRONGROOM_TOKEN";
const CLIENT_SECRET: &str = "STRONGROOM_CLIENT_SECRET";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where the server is.
    #[error(
        "nothing says where the server is: set STRONGROOM_ENDPOINT or --endpoint, for example \
         to https://strongroom.example.org, or http://127.0.0.1:8460 for `strongroom dev`"
    )]
    NoEndpoint,
    /// There is no credential.
    #[error(
        "there is no credential: set STRONGROOM_TOKEN, STRONGROOM_TOKEN_FILE, or \
         STRONGROOM_CLIENT_ID with STRONGROOM_CLIENT_SECRET, or sign in with `strongroom login`"
    )]
    NoCredential,
    /// A sign-in that is kept cannot be used.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// There is more than one credential.
    #[error("there are several credentials ({found}); keep one of them")]
    SeveralCredentials {
        /// Where they come from.
        found: String,
    },
    /// A client id without its secret.
    #[error(
        "a client id needs its secret: set STRONGROOM_CLIENT_SECRET or \
         STRONGROOM_CLIENT_SECRET_FILE"
    )]
    NoClientSecret,
    /// A client's secret is given in two ways.
    #[error(
        "the client's secret is given twice; keep one of STRONGROOM_CLIENT_SECRET and \
         STRONGROOM_CLIENT_SECRET_FILE"
    )]
    TwoClientSecrets,
    /// A file cannot be read.
    #[error("the {what} cannot be had")]
    File {
        /// What is in it.
        what: &'static str,
        /// Why.
        #[source]
        source: InputError,
    },
    /// The credential cannot be sent.
    #[error("the {what} cannot be used")]
    Credential {
        /// Which one.
        what: &'static str,
        /// Why.
        #[source]
        source: CredentialError,
    },
    /// The client cannot be put together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The installation has several regions and none was chosen.
    #[error("set STRONGROOM_REGION or --region to one of: {known}")]
    NoRegion {
        /// The regions that there are.
        known: String,
    },
    /// No region was chosen, and the server does not say which there are.
    #[error(transparent)]
    Regions(ClientError),
}

/// How lists and other answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: as the API answers.
    Json,
}

/// The flags that every command over the network has, each with its variable in the environment.
///
/// Tokens and client secrets have no flag of their own: arguments can be seen by every user of
/// the machine. They come from `STRONGROOM_TOKEN` and `STRONGROOM_CLIENT_SECRET`, or from files.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The server, such as `https://strongroom.example.org`.
    #[arg(long, global = true, env = "STRONGROOM_ENDPOINT", value_name = "URL")]
    #[arg(hide_env_values = true)]
    endpoint: Option<String>,
    /// A file with the token. (The token itself: STRONGROOM_TOKEN, never an argument.)
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_TOKEN_FILE",
        value_name = "FILE"
    )]
    #[arg(hide_env_values = true)]
    token_file: Option<PathBuf>,
    /// A service account's client id. (Its secret: STRONGROOM_CLIENT_SECRET.)
    #[arg(long, global = true, env = "STRONGROOM_CLIENT_ID", value_name = "ID")]
    #[arg(hide_env_values = true)]
    client_id: Option<String>,
    /// A file with the client's secret.
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_CLIENT_SECRET_FILE",
        value_name = "FILE"
    )]
    #[arg(hide_env_values = true)]
    client_secret_file: Option<PathBuf>,
    /// The organisation, by identity or slug; needed by callers that belong to several.
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_ORGANISATION",
        value_name = "REF"
    )]
    #[arg(hide_env_values = true)]
    organisation: Option<Reference<OrganisationId>>,
    /// The project, by identity or slug; without it, the organisation's own level.
    #[arg(long, global = true, env = "STRONGROOM_PROJECT", value_name = "REF")]
    #[arg(hide_env_values = true)]
    project: Option<Reference<ProjectId>>,
    /// The region, such as nl-01; needed where the server has several.
    #[arg(long, global = true, env = "STRONGROOM_REGION", value_name = "SLUG")]
    #[arg(hide_env_values = true)]
    region: Option<Slug>,
    /// Root certificates (PEM) to trust beside the system's.
    #[arg(long, global = true, env = "STRONGROOM_CA_FILE", value_name = "FILE")]
    #[arg(hide_env_values = true)]
    ca_file: Option<PathBuf>,
    /// Permit http:// to another machine, where the network itself encrypts.
    #[arg(long, global = true, env = "STRONGROOM_ALLOW_CLEARTEXT")]
    #[arg(hide_env_values = true)]
    allow_cleartext: bool,
    /// How long one request may take, in seconds [default: 30].
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_TIMEOUT",
        value_name = "SECONDS"
    )]
    #[arg(hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=3600))]
    timeout: Option<u16>,
    /// How answers are written.
    #[arg(long, short, global = true, value_enum, default_value_t)]
    output: Format,
}

/// An open connection.
pub(crate) struct Session {
    client: Client,
    region: Slug,
}

impl Session {
    pub(crate) fn secrets(&self) -> Secrets<'_> {
        self.client.secrets(&self.region)
    }

    pub(crate) fn keys(&self) -> Keys<'_> {
        self.client.keys(&self.region)
    }
}

impl Connection {
    pub(crate) const fn format(&self) -> Format {
        self.output
    }

    /// The region that was chosen, if one was.
    pub(crate) const fn region(&self) -> Option<&Slug> {
        self.region.as_ref()
    }

    /// A client, for what needs no region.
    pub(crate) fn client(&self, surroundings: &dyn Surroundings) -> Result<Client, ConnectError> {
        self.client_with(|| self.credential(surroundings))
    }

    /// A client that has no credential, whatever the environment offers.
    pub(crate) fn stranger(&self) -> Result<Client, ConnectError> {
        self.client_with(|| Ok(Credential::none()))
    }

    fn client_with(
        &self,
        credential: impl FnOnce() -> Result<Credential, ConnectError>,
    ) -> Result<Client, ConnectError> {
        let endpoint = self.endpoint()?;
        let mut builder = Client::builder(endpoint, credential()?)
            .allow_cleartext(self.allow_cleartext)
            .proxies_from_environment(true);
        if let Some(organisation) = &self.organisation {
            builder = builder.organisation(organisation.clone());
        }
        if let Some(project) = &self.project {
            builder = builder.project(project.clone());
        }
        if let Some(seconds) = self.timeout {
            builder = builder.timeout(Duration::from_secs(seconds.into()));
        }
        if let Some(pem) = self.root_certificates()? {
            builder = builder.root_certificates(pem.expose().to_vec());
        }
        Ok(builder.build()?)
    }

    /// A client and the region to work in: the chosen one, or the only one that there is.
    pub(crate) async fn open(
        &self,
        surroundings: &dyn Surroundings,
    ) -> Result<Session, ConnectError> {
        let client = self.client(surroundings)?;
        let region = match &self.region {
            Some(region) => region.clone(),
            None => only_region(&client).await?,
        };
        Ok(Session { client, region })
    }

    fn credential(&self, surroundings: &dyn Surroundings) -> Result<Credential, ConnectError> {
        let token = surroundings.variable(TOKEN);
        let found: Vec<&str> = [
            (token.is_some(), TOKEN),
            (self.token_file.is_some(), "STRONGROOM_TOKEN_FILE"),
            (self.client_id.is_some(), "STRONGROOM_CLIENT_ID"),
        ]
        .into_iter()
        .filter_map(|(given, name)| given.then_some(name))
        .collect();
        if found.len() > 1 {
            let found = found.join(", ");
            return Err(ConnectError::SeveralCredentials { found });
        }
        if let Some(id) = &self.client_id {
            let secret = self.client_secret(surroundings)?;
            return Credential::client_credentials(id, secret).map_err(|source| {
                let what = "client id with its secret";
                ConnectError::Credential { what, source }
            });
        }
        let token = match (token, &self.token_file) {
            (Some(token), _) => Plaintext::new(token.into_bytes()),
            (None, Some(path)) => file(path, LONGEST_FILE).map_err(|source| {
                let what = "token";
                ConnectError::File { what, source }
            })?,
            (None, None) => self.signed_in(surroundings)?,
        };
        sent_as_it_is(token)
    }

    /// The token of the sign-in that is kept.
    fn signed_in(&self, surroundings: &dyn Surroundings) -> Result<Plaintext, ConnectError> {
        let shelf = Shelf::of(surroundings).ok_or(ConnectError::NoCredential)?;
        let now = surroundings.now();
        let kept = shelf.find(self.endpoint()?, self.organisation(), now)?;
        let kept = kept.ok_or(ConnectError::NoCredential)?;
        Ok(kept.alive(now)?.token)
    }

    pub(crate) const fn organisation(&self) -> Option<&Reference<OrganisationId>> {
        self.organisation.as_ref()
    }

    pub(crate) const fn allows_cleartext(&self) -> bool {
        self.allow_cleartext
    }

    /// The server.
    pub(crate) fn endpoint(&self) -> Result<&str, ConnectError> {
        let endpoint = self.endpoint.as_deref();
        endpoint
            .filter(|endpoint| !endpoint.is_empty())
            .ok_or(ConnectError::NoEndpoint)
    }

    /// A client with this token, whatever the environment offers.
    pub(crate) fn client_of(&self, token: Plaintext) -> Result<Client, ConnectError> {
        let credential = sent_as_it_is(token)?;
        self.client_with(|| Ok(credential))
    }

    /// What asks another server than ours, perhaps on this machine: nothing of ours goes there.
    pub(crate) fn http(&self, local: bool) -> Result<reqwest::Client, ConnectError> {
        let wrong = |source| ConnectError::Build(BuildError::Http(source));
        let seconds = self.timeout.unwrap_or(30).into();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(Duration::from_secs(seconds));
        if let Some(pem) = self.root_certificates()? {
            let roots = reqwest::Certificate::from_pem_bundle(pem.expose());
            let roots = roots.map_err(BuildError::Certificates)?;
            http = http.tls_certs_merge(roots);
        }
        if local {
            http = http.no_proxy();
        }
        http.build().map_err(wrong)
    }

    fn root_certificates(&self) -> Result<Option<Plaintext>, ConnectError> {
        let source = |source| ConnectError::File {
            what: "file of root certificates",
            source,
        };
        let path = self.ca_file.as_ref();
        path.map(|path| file(path, LONGEST_FILE).map_err(source))
            .transpose()
    }

    fn client_secret(&self, surroundings: &dyn Surroundings) -> Result<Plaintext, ConnectError> {
        match (
            surroundings.variable(CLIENT_SECRET),
            &self.client_secret_file,
        ) {
            (Some(_), Some(_)) => Err(ConnectError::TwoClientSecrets),
            (Some(secret), None) => Ok(Plaintext::new(secret.into_bytes())),
            (None, Some(path)) => file(path, LONGEST_FILE).map_err(|source| {
                let what = "client's secret";
                ConnectError::File { what, source }
            }),
            (None, None) => Err(ConnectError::NoClientSecret),
        }
    }
}

fn sent_as_it_is(token: Plaintext) -> Result<Credential, ConnectError> {
    Credential::token(token).map_err(|source| {
        let what = "token";
        ConnectError::Credential { what, source }
    })
}

/// Says where it goes, not as whom.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("region", &self.region)
            .field("organisation", &self.organisation)
            .field("project", &self.project)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

async fn only_region(client: &Client) -> Result<Slug, ConnectError> {
    let regions = client.regions().await.map_err(ConnectError::Regions)?;
    let slugs: Vec<&str> = regions.iter().map(|region| region.slug.as_str()).collect();
    let only = match slugs.as_slice() {
        [only] => only.parse().ok(),
        _ => None,
    };
    only.ok_or_else(|| ConnectError::NoRegion {
        known: slugs.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn credential(
        connection: &Connection,
        variables: &[(&'static str, &str)],
    ) -> Result<Credential, ConnectError> {
        let mut scene = Scene::with_stdin(b"");
        for (name, value) in variables {
            scene.variables.insert(name, (*value).to_owned());
        }
        connection.credential(&scene)
    }

    fn kind(connection: &Connection, variables: &[(&'static str, &str)]) -> String {
        format!("{:?}", credential(connection, variables).unwrap())
    }

    #[test]
    fn a_token_comes_from_the_environment_or_a_file() {
        let nothing = Connection::default();
        assert_eq!(kind(&nothing, &[(TOKEN, "tc_pat_x")]), "Credential(token)");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "tc_pat_x\n").unwrap();
        let from_file = Connection {
            token_file: Some(path),
            ..Connection::default()
        };
        assert_eq!(kind(&from_file, &[]), "Credential(token)");
    }

    #[test]
    fn client_credentials_need_both_halves() {
        let connection = Connection {
            client_id: Some("id".to_owned()),
            ..Connection::default()
        };
        let secret = [(CLIENT_SECRET, "hunter2")];
        assert_eq!(kind(&connection, &secret), "Credential(client credentials)");
        let missing = credential(&connection, &[]).unwrap_err();
        assert!(matches!(missing, ConnectError::NoClientSecret));
        let twice = Connection {
            client_secret_file: Some("secret".into()),
            ..connection
        };
        let error = credential(&twice, &secret).unwrap_err();
        assert!(matches!(error, ConnectError::TwoClientSecrets));
    }

    #[test]
    fn none_and_several_credentials_are_told() {
        let error = credential(&Connection::default(), &[]).unwrap_err();
        assert!(matches!(error, ConnectError::NoCredential));
        let connection = Connection {
            client_id: Some("id".to_owned()),
            ..Connection::default()
        };
        let both = [(TOKEN, "hunter2"), (CLIENT_SECRET, "hunter3")];
        let error = credential(&connection, &both).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ConnectError::SeveralCredentials { .. }));
        assert!(
            text.contains("STRONGROOM_TOKEN, STRONGROOM_CLIENT_ID"),
            "{text}"
        );
        assert!(!text.contains("hunter"), "{text}");
    }

    #[test]
    fn a_broken_token_is_told_without_showing_it() {
        let error = credential(&Connection::default(), &[(TOKEN, "hunter 2")]).unwrap_err();
        let text = crate::explain(&error);
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.contains("copied whole"), "{text}");
    }

    #[test]
    fn an_endpoint_is_needed() {
        let scene = Scene::with_stdin(b"");
        for endpoint in [None, Some(String::new())] {
            let connection = Connection {
                endpoint,
                ..Connection::default()
            };
            let error = connection.client(&scene).map(drop).unwrap_err();
            assert!(matches!(error, ConnectError::NoEndpoint));
        }
    }

    #[test]
    fn root_certificates_are_read_before_anything_is_sent() {
        let mut scene = Scene::with_stdin(b"");
        scene.variables.insert(TOKEN, "x".to_owned());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let connection = Connection {
            endpoint: Some("https://strongroom.example.org".to_owned()),
            ca_file: Some(path.clone()),
            ..Connection::default()
        };
        let error = connection.client(&scene).map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::File { .. }));
        std::fs::write(&path, "no certificate").unwrap();
        let error = connection.client(&scene).map(drop).unwrap_err();
        assert!(matches!(
            error,
            ConnectError::Build(BuildError::NoCertificates)
        ));
    }
}
