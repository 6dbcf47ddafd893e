//! The real binary in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Caller, Web};

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `strongroom dev --json` prints: all that it takes to use the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The URL. Not in the file that `dev` keeps, since it changes with every start.
    #[serde(default)]
    pub endpoint: String,
    /// The organisation's identity.
    pub organisation: String,
    /// The region.
    pub region: String,
    /// The owner's token.
    pub token: String,
    /// The service account's client id.
    pub client_id: String,
    /// The service account's client secret.
    pub client_secret: String,
    /// An active key of type `aes256-gcm96`.
    pub kms_key_identity: String,
    /// A project.
    pub project: String,
}

/// How a server is to be started.
#[derive(Debug, Clone)]
#[must_use = "a plan starts nothing"]
pub struct Plan {
    binary: PathBuf,
    data: Option<PathBuf>,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    level: Option<String>,
    settings: String,
}

impl Plan {
    /// Keeps the data in this directory; without it, in one that goes away with the server.
    pub fn data(mut self, directory: &Path) -> Self {
        self.data = Some(directory.to_owned());
        self
    }

    /// Sets a variable of the server's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds arguments to the command line.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|each| (*each).to_owned()));
        self
    }

    /// Logs at this level (`info`, `debug` or `trace`), as JSON lines.
    ///
    /// `dev` has no settings, so with this or with [`Plan::settings`] the server runs as
    /// `strongroom server --config`, on a data directory that `dev` made first.
    pub fn level(mut self, level: &str) -> Self {
        self.level = Some(level.to_owned());
        self
    }

    /// Adds lines of configuration, such as `limits.body_seconds = 1`; see [`Plan::level`].
    pub fn settings(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// Starts the server; it is ready when this returns.
    pub fn start(self) -> ServerProcess {
        let home = TempDir::new().unwrap();
        let data = self.data.clone();
        let data = data.unwrap_or_else(|| home.path().join("data"));
        if self.level.is_none() && self.settings.is_empty() {
            let mut command = self.command(&["dev", "--json", "--listen", "127.0.0.1:0"]);
            command.arg("--data").arg(&data);
            let (running, output, _events) = Running::start(command);
            let line = running.wait_for(&output, Some);
            let details = serde_json::from_str(&line)
                .unwrap_or_else(|error| panic!("{error}: {line}\n{}", running.log()));
            return ServerProcess::new(running, details, home);
        }
        if !data.join("dev.json").exists() {
            ServerProcess::plan(&self.binary)
                .data(&data)
                .start()
                .stop_well();
        }
        let config = home.path().join("strongroom.toml");
        fs::write(&config, self.configuration(&data)).unwrap();
        let mut command = self.command(&["server", "--config"]);
        command.arg(&config);
        let (running, _output, events) = Running::start(command);
        let endpoint = running.wait_for(&events, |line| {
            let event: Value = serde_json::from_str(&line).ok()?;
            let endpoint = event["endpoint"].as_str()?.to_owned();
            event["message"]
                .as_str()?
                .starts_with("ready")
                .then_some(endpoint)
        });
        let kept = fs::read(data.join("dev.json")).unwrap();
        let mut details: Details = serde_json::from_slice(&kept).unwrap();
        details.endpoint = endpoint;
        ServerProcess::new(running, details, home)
    }

    fn configuration(&self, data: &Path) -> String {
        let level = self.level.as_deref().unwrap_or("info");
        format!(
            "server.listen = \"127.0.0.1:0\"\nstore.data = {data:?}\n\
             audit.segment_mebibytes = 8\nlogging.format = \"json\"\nlogging.level = \"{level}\"\n{}",
            self.settings
        )
    }

    /// The binary, with nothing of ours in its environment but what was asked for.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(words).args(&self.arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STRONGROOM") {
                command.env_remove(name);
            }
        }
        let environment = self.environment.iter();
        command.envs(environment.map(|(name, value)| (name, value)));
        command
    }
}

/// A server process. It is killed when this value goes away.
pub struct ServerProcess {
    /// What it takes to use it.
    pub details: Details,
    running: Running,
    _home: TempDir,
}

impl ServerProcess {
    /// Starts `strongroom dev` with data that goes away at the end.
    pub fn start(binary: &Path) -> Self {
        Self::plan(binary).start()
    }

    /// Prepares a start that is not the usual one.
    pub fn plan(binary: &Path) -> Plan {
        Plan {
            binary: binary.to_owned(),
            data: None,
            environment: Vec::new(),
            arguments: Vec::new(),
            level: None,
            settings: String::new(),
        }
    }

    fn new(running: Running, details: Details, home: TempDir) -> Self {
        Self {
            details,
            running,
            _home: home,
        }
    }

    /// A client without credentials.
    pub fn web(&self) -> Web {
        Web::new(&self.details.endpoint)
    }

    /// A client with the owner's token.
    pub fn owner(&self) -> Caller {
        self.web()
            .with(&self.details.token, &self.details.organisation)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        self.running.log()
    }

    /// Ends it at once, as a crash would (SIGKILL).
    pub fn kill(mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }

    /// Asks it to stop (SIGTERM) and waits. Returns how it ended and the whole log.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.running.signal("TERM");
        let status = self.running.child.wait().unwrap();
        self.running.settle();
        (status, self.running.log())
    }

    /// Like [`ServerProcess::stop`]; it has to end well.
    pub fn stop_well(self) -> String {
        let (status, log) = self.stop();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

/// A child process whose log is being read.
struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts it; also returns the lines of its output and those of its log.
    fn start(mut command: Command) -> (Self, Receiver<String>, Receiver<String>) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let log = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (output, of_output) = lines(stdout, None);
        let (events, of_events) = lines(stderr, Some(log.clone()));
        let running = Self {
            child,
            log,
            readers: vec![of_output, of_events],
        };
        (running, output, events)
    }

    /// Waits for a line that says what is wanted.
    fn wait_for<T>(&self, lines: &Receiver<String>, wanted: impl Fn(String) -> Option<T>) -> T {
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(found) = wanted(line) {
                        return found;
                    }
                }
                Err(error) => panic!("the server is not ready: {error}\n{}", self.log()),
            }
        }
    }

    fn log(&self) -> String {
        self.log.lock().clone()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success(), "the signal {name} was not sent");
    }

    /// Reads what an ended process still had to say.
    fn settle(&mut self) {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone after `stop` and `kill`; otherwise the test is over and nobody needs it.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Reads lines in a thread of their own, so that a full pipe never stops the server.
fn lines(
    pipe: impl Read + Send + 'static,
    log: Option<Arc<Mutex<String>>>,
) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, receiver) = channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            if let Some(log) = &log {
                let mut log = log.lock();
                log.push_str(&line);
                log.push('\n');
            }
            // Nobody listens any more once the server is ready.
            let _unheard = sender.send(line);
        }
    });
    (receiver, reader)
}
