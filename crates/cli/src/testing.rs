//! Surroundings that tests write down, and a server that answers what they say.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use strongroom_client::{Plaintext, Secret};
use strongroom_types::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::{
    AuditList, Command, CommandError, IamArgs, KeyArgs, KmsArgs, LoginArgs, LogoutArgs, SecretArgs,
    Surroundings, UnsealArgs, execute,
};

/// Surroundings of a test.
pub(crate) struct Scene {
    pub(crate) variables: BTreeMap<&'static str, String>,
    stdin: Cursor<Vec<u8>>,
    pub(crate) output: Vec<u8>,
    pub(crate) terminal_output: bool,
    /// What the person at the terminal types; without one, standard input is no terminal.
    pub(crate) person: Option<String>,
    /// What the person was asked.
    pub(crate) asked: Vec<String>,
    /// The directory of the configuration, if there is one.
    pub(crate) configuration: Option<PathBuf>,
    /// Seconds since 1970.
    pub(crate) now: i64,
    /// Where pages go that are shown in the browser; without it there is no browser.
    pub(crate) browser: Option<mpsc::UnboundedSender<String>>,
}

impl Scene {
    pub(crate) fn with_stdin(bytes: &[u8]) -> Self {
        Self {
            variables: BTreeMap::new(),
            stdin: Cursor::new(bytes.to_vec()),
            output: Vec::new(),
            terminal_output: false,
            person: None,
            asked: Vec::new(),
            configuration: None,
            now: 1_000_000,
            browser: None,
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.output).unwrap()
    }
}

impl Surroundings for Scene {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn configuration(&self) -> Option<PathBuf> {
        self.configuration.clone()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap()
    }

    fn browse(&mut self, url: &str) -> io::Result<()> {
        let browser = self.browser.as_ref();
        let browser = browser.ok_or(io::ErrorKind::NotFound)?;
        browser.send(url.to_owned()).unwrap();
        Ok(())
    }

    fn input(&mut self) -> &mut dyn Read {
        &mut self.stdin
    }

    fn output(&mut self) -> &mut dyn Write {
        &mut self.output
    }

    fn input_is_terminal(&self) -> bool {
        self.person.is_some()
    }

    fn output_is_terminal(&self) -> bool {
        self.terminal_output
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        self.asked.push(question.to_owned());
        Ok(self.person.clone().unwrap())
    }

    fn ask_hidden(&mut self, question: &str) -> io::Result<Plaintext> {
        self.ask(question)
            .map(|line| Plaintext::new(line.into_bytes()))
    }
}

/// The commands as the binary mounts them.
#[derive(Debug, Parser)]
#[command(name = "strongroom")]
pub(crate) struct Line {
    #[command(subcommand)]
    command: Mounted,
}

#[derive(Debug, Subcommand)]
enum Mounted {
    Secret(SecretArgs),
    Key(KeyArgs),
    Kms(KmsArgs),
    Iam(IamArgs),
    Unseal(UnsealArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Audit {
        #[command(subcommand)]
        command: Audit,
    },
}

#[derive(Debug, Subcommand)]
enum Audit {
    Ls(AuditList),
}

/// The command of a line, which starts after the binary's name.
pub(crate) fn parse(line: &[&str]) -> Result<Command, clap::Error> {
    let line = Line::try_parse_from(["strongroom"].iter().chain(line))?;
    Ok(match line.command {
        Mounted::Secret(args) => Command::Secret(args),
        Mounted::Key(args) => Command::Key(args),
        Mounted::Kms(args) => Command::Kms(args),
        Mounted::Iam(args) => Command::Iam(args),
        Mounted::Unseal(args) => Command::Unseal(args),
        Mounted::Login(args) => Command::Login(args),
        Mounted::Logout(args) => Command::Logout(args),
        Mounted::Audit {
            command: Audit::Ls(list),
        } => Command::Audit(list),
    })
}

/// A secret's metadata.
pub(crate) fn secret_at(path: &str) -> Secret {
    let body = format!(
        r#"{{"path":"{path}","createdAt":"2026-01-02T03:04:05Z","currentVersion":2,
            "updatedAt":"2026-01-02T03:04:05Z","kmsKeyIdentity":"kms-x","objectVersion":1,
            "region":{{"identity":"nl-01","name":"NL","slug":"nl-01"}}}}"#
    );
    serde_json::from_str(&body).unwrap()
}

/// A server that answers a script, one connection per answer.
pub(crate) struct Mock {
    address: SocketAddr,
    serving: JoinHandle<Vec<String>>,
}

impl Mock {
    /// Statuses and JSON bodies, in their order.
    pub(crate) async fn start(script: Vec<(u16, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut requests = Vec::new();
            for (status, body) in script {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !is_complete(&request) {
                    let read = stream.read(&mut buffer).await.unwrap();
                    assert!(read > 0, "the request ended early");
                    request.extend_from_slice(&buffer[..read]);
                }
                requests.push(String::from_utf8(request).unwrap());
                let len = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
            requests
        });
        Self { address, serving }
    }

    /// The requests, whole. Waits until the script is played out.
    pub(crate) async fn requests(self) -> Vec<String> {
        self.serving.await.unwrap()
    }

    /// Runs a command line against this server, in the region nl-01.
    pub(crate) async fn run(&self, line: &[&str], scene: &mut Scene) -> Result<(), CommandError> {
        let endpoint = format!("http://{}", self.address);
        let connection = ["--endpoint", &endpoint, "--region", "nl-01"];
        let line: Vec<&str> = line.iter().copied().chain(connection).collect();
        scene
            .variables
            .insert("STRONGROOM_TOKEN", "tc_pat_x".to_owned());
        execute(parse(&line).unwrap(), scene).await
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    body.len() >= length.unwrap_or(0)
}
