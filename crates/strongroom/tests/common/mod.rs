//! The binary as its operators run it: with a configuration file, an environment and signals.

#![allow(
    dead_code,
    reason = "every test that uses this module uses another part of it"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fs, thread};

/// The binary under test.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_strongroom"))
}

/// How long a server may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary with these arguments, and nothing of ours in its environment.
pub(crate) fn strongroom(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STRONGROOM") {
            command.env_remove(name);
        }
    }
    command.env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// Runs it to its end, which has to be a good one, and returns what it printed.
pub(crate) fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it to its end, which has to be this exit code, and returns what it complained about.
pub(crate) fn complaint(mut command: Command, code: i32) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let error = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{command:?}: {error}");
    error
}

/// The word after a label in what `init` printed.
pub(crate) fn shown(output: &str, label: &str) -> String {
    let rest = output.lines().find_map(|line| line.strip_prefix(label));
    let word = rest.and_then(|rest| rest.split_whitespace().next());
    word.unwrap_or_else(|| panic!("no {label} in {output}"))
        .to_owned()
}

/// All regular files below a directory, in order of their names.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A server process whose log is being read. It does not outlive the test.
pub(crate) struct Server {
    child: Child,
    /// Where it listens, as it said itself.
    pub(crate) endpoint: String,
    log: Arc<Mutex<String>>,
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// `strongroom server` with a configuration; it is ready when this returns.
    pub(crate) fn start(config: &Path) -> Self {
        let mut command = strongroom(&["server", "--config"]);
        command.arg(config);
        Self::run(command)
    }

    /// Starts a server of any kind that logs when it is ready.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, pipe) = (Arc::<Mutex<String>>::default(), child.stderr.take());
        let (sender, lines) = channel();
        let reader = read(pipe.unwrap(), log.clone(), move |line| {
            // Nobody listens any more once the server is ready.
            let _unheard = sender.send(line);
        });
        let mut server = Self {
            child,
            endpoint: String::new(),
            log,
            lines,
            reader: Some(reader),
        };
        let ready = server.logged("ready");
        let mut words = ready.split(|c: char| c == '"' || c == '=' || c.is_whitespace());
        let endpoint = words.find(|word| word.starts_with("http")).unwrap();
        server.endpoint = endpoint.to_owned();
        server
    }

    /// Waits for the next line of the log that holds these words, and returns it.
    pub(crate) fn logged(&self, words: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(words) => return line,
                Ok(_) => {}
                Err(error) => panic!("{words:?} was never logged: {error}\n{}", self.log()),
            }
        }
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "{name} was not sent");
    }

    /// Waits for its end; returns how it ended and the whole log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }

    /// Asks it to stop, which has to go well, and returns the whole log.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        log
    }

    /// Ends it as a crash would, and returns the whole log.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.ended().1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop` and `kill`; otherwise the test failed and nobody needs it.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn read(
    pipe: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    heard: impl Fn(String) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
            let text = String::from_utf8_lossy(&line).into_owned();
            log.lock().unwrap().push_str(&text);
            heard(text);
            line.clear();
        }
    })
}
