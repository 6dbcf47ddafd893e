//! An installation made with `strongroom init`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use strongroom_testkit::{Caller, Web, b64, from_b64};
use tempfile::TempDir;

use crate::common::{Server, files, printed, shown, strongroom};

/// A configuration, a data directory, and what `init` said.
pub(crate) struct Installation {
    home: TempDir,
    environment: Vec<(String, String)>,
    pub(crate) organisation: String,
    pub(crate) token: String,
}

impl Installation {
    /// Makes one with these lines more in its configuration.
    pub(crate) fn new(settings: &str) -> Self {
        Self::with(settings, &[], |_| ())
    }

    /// The same, and what `init` printed.
    pub(crate) fn and_what_was_said(settings: &str) -> (Self, String) {
        let home = tempfile::tempdir().unwrap();
        Self::made(home, Vec::new(), settings)
    }

    /// Makes one in an environment, once `prepare` has put in its home what it needs there.
    /// `HOME` in a setting or a variable stands for that home.
    pub(crate) fn with(
        settings: &str,
        environment: &[(&str, &str)],
        prepare: impl FnOnce(&Path),
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        prepare(home.path());
        let placed = |text: &str| text.replace("HOME", home.path().to_str().unwrap());
        let environment = environment.iter();
        let environment = environment
            .map(|(name, value)| ((*name).to_owned(), placed(value)))
            .collect();
        Self::made(home, environment, settings).0
    }

    fn made(home: TempDir, environment: Vec<(String, String)>, settings: &str) -> (Self, String) {
        let mut installation = Self {
            environment,
            organisation: String::new(),
            token: String::new(),
            home,
        };
        installation.configure(settings);
        let said = printed(installation.command(&["init"]));
        installation.organisation = shown(&said, "organisation");
        installation.token = shown(&said, "owner token");
        (installation, said)
    }

    /// Writes the configuration anew with these lines more.
    pub(crate) fn configure(&self, settings: &str) {
        let settings = settings.replace("HOME", self.home().to_str().unwrap());
        let text = format!(
            "server.listen = \"127.0.0.1:0\"\nstore.data = {:?}\naudit.segment_mebibytes = 1\n\
             logging.format = \"json\"\n{settings}\n",
            self.data()
        );
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.home().join("strongroom.toml")
    }

    /// A command about this installation, in its environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = strongroom(words);
        command.arg("--config").arg(self.config());
        let environment = self.environment.iter();
        command.envs(environment.map(|(name, value)| (name, value)));
        command
    }

    /// Sets a variable of its environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts its server.
    pub(crate) fn start(&self) -> Server {
        Server::run(self.command(&["server"]))
    }

    /// Its owner, as a client of a running server.
    pub(crate) fn owner(&self, server: &Server) -> Caller {
        Web::new(&server.endpoint).with(&self.token, &self.organisation)
    }

    /// How often these words stand in its audit journal, whose texts are not encrypted.
    pub(crate) fn journalled(&self, words: &str) -> usize {
        let segments = files(&self.data().join("audit")).into_iter();
        segments
            .map(|segment| {
                let bytes = fs::read(segment).unwrap();
                let places = bytes.windows(words.len());
                places.filter(|place| *place == words.as_bytes()).count()
            })
            .sum()
    }

    /// Everything on its disk, by name. Only what a store keeps for one run is left out.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let names = files(&self.data()).into_iter();
        names
            .filter(|name| !name.to_str().unwrap().ends_with("-shm"))
            .map(|name| {
                let bytes = fs::read(&name).unwrap();
                (name, bytes)
            })
            .collect()
    }
}

/// Makes a key and a secret with this value.
pub(crate) fn create(owner: &Caller, path: &str, value: &str) {
    let key = key(owner);
    let body = json!({"path": path, "kmsKeyIdentity": key, "secretString": b64(value)});
    owner
        .post("/v1/secrets/nl-01/secrets")
        .json(&body)
        .expect(201);
}

/// The identity of the first key, which is made if there is none.
pub(crate) fn key(owner: &Caller) -> String {
    let keys = "/v1/kms/nl-01/keys";
    let listed = owner.get(keys).expect(200).json();
    let key = match listed[0]["identity"].as_str() {
        Some(_) => listed[0].clone(),
        None => owner
            .post(keys)
            .json(&json!({"name": "Main"}))
            .expect(201)
            .json(),
    };
    key["identity"].as_str().unwrap().to_owned()
}

/// The value of a secret's version.
pub(crate) fn reveal(owner: &Caller, path: &str, version: u64) -> String {
    let call = owner.post(&format!("/v1/secrets/nl-01/secret{path}/value"));
    let told = call.json(&json!({"version": version})).expect(200).json();
    String::from_utf8(from_b64(told["secretString"].as_str().unwrap())).unwrap()
}
