//! Starting a server on a core of its own, and stopping exactly that one.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The core that the measured server runs on; the load runs on the other one.
const SERVER_CORE: &str = "0";
/// How long a server may take to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It did not start.
    #[error("{program} did not start")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It ended, or closed its output, before it was ready.
    #[error("{program} ended before it was ready; its own message is above")]
    Ended {
        /// The program.
        program: String,
    },
    /// Its first line is no JSON.
    #[error("{program} printed something else than one line of JSON")]
    NotJson {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Its memory could not be read.
    #[error("the memory of process {pid} could not be read")]
    Memory {
        /// The process.
        pid: u32,
    },
}

/// A running server, stopped when this value goes away.
pub(crate) struct Server {
    child: Child,
    /// What it printed when it was ready.
    pub(crate) ready: serde_json::Value,
    /// How long that took from its start.
    pub(crate) took: Duration,
}

impl Server {
    /// Starts a program pinned to the server's core and waits for its line of JSON.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: &OsStr,
        arguments: &[A],
    ) -> Result<Self, ProcessError> {
        Self::start_in(&[], program, arguments)
    }

    /// As [`Server::start`], with more in its environment.
    pub(crate) fn start_in<A: AsRef<OsStr>>(
        environment: &[(&str, PathBuf)],
        program: &OsStr,
        arguments: &[A],
    ) -> Result<Self, ProcessError> {
        let name = program.to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = Command::new("taskset")
            .args(["-c", SERVER_CORE])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| ProcessError::Start {
                program: name.clone(),
                source,
            })?;
        let stdout = child.stdout.take();
        let mut server = Self {
            child,
            ready: serde_json::Value::Null,
            took: Duration::ZERO,
        };
        let mut line = String::new();
        let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
        if !matches!(read, Some(Ok(length)) if length > 0) {
            return Err(ProcessError::Ended { program: name });
        }
        server.took = started.elapsed();
        server.ready = serde_json::from_str(&line).map_err(|source| ProcessError::NotJson {
            program: name,
            source,
        })?;
        Ok(server)
    }

    /// A text that the server printed under this name when it was ready; empty if it did not.
    pub(crate) fn said(&self, name: &str) -> &str {
        self.ready
            .get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    }

    /// Its resident memory in bytes, and the most that it ever was.
    pub(crate) fn memory(&self) -> Result<(u64, u64), ProcessError> {
        let pid = self.child.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.map_err(|_| ProcessError::Memory { pid })?;
        let kibibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        match (kibibytes("VmRSS"), kibibytes("VmHWM")) {
            (Some(now), Some(most)) => Ok((now * 1024, most * 1024)),
            _ => Err(ProcessError::Memory { pid }),
        }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        self.ask_to_stop()?;
        self.child.wait().map(|_| ())
    }

    fn ask_to_stop(&self) -> io::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .stderr(Stdio::null())
            .status()
            .map(|_| ())
    }
}

impl Drop for Server {
    /// Stops it cleanly, so that its data are whole for the next run; kills it if it hangs.
    fn drop(&mut self) {
        let ended = |child: &mut Child| matches!(child.try_wait(), Ok(Some(_)) | Err(_));
        if ended(&mut self.child) {
            return;
        }
        let patience = Instant::now();
        if self.ask_to_stop().is_ok() {
            while patience.elapsed() < PATIENCE {
                if ended(&mut self.child) {
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        // Nothing more can be done for a server that neither stops nor dies.
        let _hung = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Server, ProcessError> {
        Server::start(OsStr::new("sh"), &["-c", script])
    }

    #[test]
    fn what_a_server_says_is_heard_and_it_can_be_stopped() {
        let server = shell("echo '{\"endpoint\":\"here\"}'; exec tail -f /dev/null").unwrap();
        assert_eq!(server.said("endpoint"), "here");
        assert_eq!(server.said("token"), "");
        let (now, most) = server.memory().unwrap();
        assert!(now > 0 && now <= most);
        server.stop().unwrap();
    }

    #[test]
    fn a_server_that_ends_or_talks_otherwise_is_noticed() {
        assert!(matches!(shell("exit 3"), Err(ProcessError::Ended { .. })));
        assert!(matches!(
            shell("echo ready"),
            Err(ProcessError::NotJson { .. })
        ));
    }
}
