//! Running the binary.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// The binary with these arguments, and nothing of ours in its environment but small audit segments,
/// which are written in full beforehand.
pub(crate) fn strongroom(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strongroom"));
    command.args(arguments);
    for (name, _) in std::env::vars() {
        if name.starts_with("STRONGROOM") {
            command.env_remove(name);
        }
    }
    command.env("STRONGROOM__AUDIT__SEGMENT_MEBIBYTES", "1");
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    strongroom(arguments).output().unwrap()
}

/// Runs it to its end, which has to be a good one, and returns what it printed.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it to its end, which has to be this exit code, and returns what it complained about.
pub(crate) fn complaint(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
    assert!(error.starts_with("error: "), "{error}");
    for dump in ["Os {", "Error(", "Err(", "{ path:", "source:"] {
        assert!(!error.contains(dump), "a debug dump: {error}");
    }
    error
}

/// A server process, which does not outlive the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) output: BufReader<ChildStdout>,
    pub(crate) errors: BufReader<ChildStderr>,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            output,
            errors,
        }
    }

    /// `strongroom dev --json` and the line that it prints.
    pub(crate) fn dev(data: Option<&Path>) -> (Self, Value) {
        let mut command = strongroom(&["dev", "--json", "--listen", "127.0.0.1:0"]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut server = Self::start(command);
        let mut line = String::new();
        server.output.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut error = String::new();
            server.errors.read_to_string(&mut error).unwrap();
            panic!("dev did not start: {error}");
        }
        (server, serde_json::from_str(&line).unwrap())
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &script])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Reads the log (JSON) until an event with this message, and returns it.
    pub(crate) fn logged(&mut self, message: &str) -> Value {
        let mut log = String::new();
        loop {
            let mut line = String::new();
            if self.errors.read_line(&mut line).unwrap() == 0 {
                panic!("{message:?} was never logged:\n{log}");
            }
            log.push_str(&line);
            if let Ok(event) = serde_json::from_str::<Value>(&line)
                && event["message"]
                    .as_str()
                    .is_some_and(|said| said.starts_with(message))
            {
                return event;
            }
        }
    }

    /// Asks it to stop and waits; it has to end well. Returns what it still printed.
    pub(crate) fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        let (mut output, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.errors.read_to_string(&mut errors).unwrap();
        assert!(status.success(), "{status}: {errors}");
        output
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop`; otherwise the test failed and nobody needs it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and body of a GET, with a token if one is given.
pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut request = reqwest::Client::new().get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    })
}
