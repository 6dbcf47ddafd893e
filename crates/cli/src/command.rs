//! Running a command, and what its end says.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use strongroom_client::ClientError;

use crate::{
    AuditList, ConfirmError, ConnectError, IamArgs, InputError, KeptError, KeyArgs, KmsArgs,
    LoginArgs, LoginError, LogoutArgs, Process, RevealError, SecretArgs, Surroundings, UnsealArgs,
    WrapError,
};

/// A command, as it was parsed.
#[derive(Debug)]
pub enum Command {
    /// `strongroom secret …`
    Secret(SecretArgs),
    /// `strongroom key …`
    Key(KeyArgs),
    /// `strongroom kms …`
    Kms(KmsArgs),
    /// `strongroom iam …`
    Iam(IamArgs),
    /// `strongroom audit ls`
    Audit(AuditList),
    /// `strongroom unseal`
    Unseal(UnsealArgs),
    /// `strongroom login`
    Login(LoginArgs),
    /// `strongroom logout`
    Logout(LogoutArgs),
}

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command line or the settings have to be corrected first.
    Usage = 2,
    /// There is no such thing, or the caller may not know of it.
    NotFound = 3,
    /// The credential is not accepted, or does not permit this.
    Denied = 4,
}

/// Why a command did not do what it says.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What the command needs is not there.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There was no consent.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The value cannot be shown.
    #[error(transparent)]
    Reveal(#[from] RevealError),
    /// The key cannot be wrapped for import.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// Nobody was signed in or out.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

impl From<KeptError> for CommandError {
    fn from(error: KeptError) -> Self {
        Self::Login(error.into())
    }
}

impl CommandError {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Call(error) | Self::Connect(ConnectError::Regions(error)) => match error {
                ClientError::NotFound(_) => Exit::NotFound,
                ClientError::Unauthorized(_) | ClientError::Forbidden(_) => Exit::Denied,
                _ => Exit::Failed,
            },
            Self::Connect(_) | Self::Input(_) | Self::Confirm(ConfirmError::Nobody) => Exit::Usage,
            Self::Reveal(RevealError::NoSuchEntry { .. }) => Exit::NotFound,
            Self::Reveal(RevealError::Entries { .. } | RevealError::NoEntries) => Exit::Usage,
            Self::Wrap(error) => error.exit(),
            Self::Login(error) if error.is_usage() => Exit::Usage,
            Self::Login(error) if error.is_denial() => Exit::Denied,
            Self::Confirm(_) | Self::Reveal(_) | Self::Login(_) | Self::Output(_) => Exit::Failed,
        }
    }

    /// Whether nobody reads the output any more, as after `| head`.
    fn is_closed_output(&self) -> bool {
        matches!(
            self,
            Self::Output(error) | Self::Reveal(RevealError::Output(error))
                if error.kind() == io::ErrorKind::BrokenPipe
        )
    }
}

/// Runs a command in this process: says on standard error what went wrong, and returns the exit
/// code. Not to be called from within an async runtime; there, use [`execute`].
pub fn run(command: Command) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(execute(command, &mut Process::new())),
        Err(error) => {
            say(&format!("the runtime cannot be started: {error}"));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => {
            say(&explain(&error));
            ExitCode::from(error.exit() as u8)
        }
    }
}

fn say(message: &str) {
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Runs a command in the given surroundings.
pub async fn execute(
    command: Command,
    surroundings: &mut dyn Surroundings,
) -> Result<(), CommandError> {
    match command {
        Command::Secret(args) => args.execute(surroundings).await?,
        Command::Key(args) => args.execute(surroundings).await?,
        Command::Kms(args) => args.execute(surroundings)?,
        Command::Iam(args) => args.execute(surroundings).await?,
        Command::Audit(list) => list.execute(surroundings).await?,
        Command::Unseal(args) => args.execute(surroundings).await?,
        Command::Login(args) => args.execute(surroundings).await?,
        Command::Logout(args) => args.execute(surroundings).await?,
    }
    surroundings.output().flush().map_err(CommandError::Output)
}

/// An error and its causes, as text for people: each cause in a line of its own, none twice.
pub fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  because: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::testing::{Line, Mock, Scene, parse, secret_at};

    fn secret() -> String {
        serde_json::to_string(&secret_at("/app/db")).unwrap()
    }

    const VALUE: &str = r#"{"path":"/app/db","version":2,"secretString":"aHVudGVyMg==",
        "kmsKeyIdentity":"kms-x","kmsKeyVersion":"1"}"#;

    const KEY: &str = r#"{"identity":"kms-x","name":"Main","slug":"main",
        "keyType":"aes256-gcm96","status":"active","exportAllowed":false,
        "keyRotationEnabled":true,"rotationPeriodInDays":90,"latestVersion":2,
        "minDecryptionVersion":1,"versions":[{"version":1,"createdAt":"2026-01-02T03:04:05Z"}],
        "createdAt":"2026-01-02T03:04:05Z","updatedAt":"2026-01-02T03:04:05Z",
        "objectVersion":1}"#;

    /// Runs a line against one answer; returns the request and what was written.
    async fn one(line: &[&str], stdin: &[u8], answer: &str) -> (String, String) {
        let mock = Mock::start(vec![(200, answer.to_owned())]).await;
        let mut scene = Scene::with_stdin(stdin);
        mock.run(line, &mut scene).await.unwrap();
        (mock.requests().await.remove(0), scene.text().to_owned())
    }

    async fn refused(line: &[&str], status: u16) -> CommandError {
        let body = r#"{"message":"no","code":"x","requestId":"r-1"}"#;
        let mock = Mock::start(vec![(status, body.to_owned())]).await;
        mock.run(line, &mut Scene::with_stdin(b""))
            .await
            .unwrap_err()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }

    #[test]
    fn paths_and_names_are_checked_before_anything_is_sent() {
        for line in [
            &["secret", "get", "no-slash"][..],
            &["secret", "get", "/a//b"],
            &["secret", "get", "/a", "--version", "0"],
            &["secret", "get", "/a", "--key", "a/b"],
            &["secret", "get", "/a", "--key", "a", "--json"],
            &["secret", "create", "/a", "-"],
            &["secret", "destroy", "/a"],
            &["key", "create", "x", "--type", "aes512"],
            &["key", "create", "x", "--rotate-every", "0"],
            &["key", "rotation", "main"],
            &["key", "rotation", "main", "--every", "9", "--off"],
            &["audit", "ls", "--limit", "0"],
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }

    #[tokio::test]
    async fn get_writes_exactly_the_bytes() {
        let (request, output) = one(&["secret", "get", "/app/db"], b"", VALUE).await;
        assert!(request.starts_with("POST /v1/secrets/nl-01/secret/app/db/value HTTP/1.1\r\n"));
        assert_eq!(output, "hunter2");
        let line = ["secret", "get", "/app/db", "--version", "2", "--json"];
        let (request, output) = one(&line, b"", VALUE).await;
        assert!(request.ends_with(r#"{"version":2}"#), "{request}");
        let json: serde_json::Value = serde_json::from_str(&output).unwrap();
        assert_eq!(json["secretString"], "aHVudGVyMg==");
    }

    #[tokio::test]
    async fn put_and_create_send_what_was_read() {
        let reply = r#"{"path":"/app/db","version":3,"kmsKeyIdentity":"k","kmsKeyVersion":"1"}"#;
        let line = ["secret", "put", "/app/db", "-", "--strip-newline"];
        let (request, output) = one(&line, b"hunter2\n", reply).await;
        assert!(
            request.ends_with(r#"{"secretString":"aHVudGVyMg=="}"#),
            "{request}"
        );
        assert_eq!(output, "path:    /app/db\nversion: 3\n");
        let line = [
            "secret",
            "create",
            "/app/db",
            "--kms-key",
            "main",
            "--generate",
            "48",
            "--label",
            "a=b",
        ];
        let (request, output) = one(&line, b"", &secret()).await;
        assert!(
            request.ends_with(
                r#"{"path":"/app/db","kmsKeyIdentity":"main","labels":{"a":"b"},"generateSecret":{"byteLength":48}}"#
            ),
            "{request}"
        );
        assert!(output.contains("current version: 2\n"), "{output}");
    }

    #[tokio::test]
    async fn lists_are_tables_or_json() {
        let level = format!(
            r#"{{"path":"/app/","prefixes":["/app/web/"],"secrets":[{}]}}"#,
            secret()
        );
        let (request, output) = one(&["secret", "ls", "/app"], b"", &level).await;
        assert!(request.starts_with("GET /v1/secrets/nl-01/secrets?path=%2Fapp%2F HTTP"));
        assert!(output.starts_with("PATH"), "{output}");
        assert!(output.contains("\n/app/web/\n/app/db "), "{output}");
        let all = format!("[{}]", secret());
        let line = ["secret", "ls", "-r", "/app", "--output", "json"];
        let (request, output) = one(&line, b"", &all).await;
        assert!(request.starts_with("GET /v1/secrets/nl-01/secrets?pathPrefix=%2Fapp HTTP"));
        let json: serde_json::Value = serde_json::from_str(&output).unwrap();
        assert_eq!(json[0]["path"], "/app/db");
        let (_, output) = one(&["secret", "tree"], b"", &all).await;
        assert_eq!(output, "/\n  app/\n    db\n");
        let (_, output) = one(&["key", "ls"], b"", &format!("[{KEY}]")).await;
        assert!(output.contains("every 90 days"), "{output}");
    }

    #[tokio::test]
    async fn keys_encrypt_and_decrypt() {
        let sealed = r#"{"ciphertext":"thalassa:v2:QUJD","keyVersion":"2"}"#;
        let (request, output) = one(&["key", "encrypt", "main", "-"], b"hunter2", sealed).await;
        assert!(
            request.ends_with(r#"{"plaintext":"aHVudGVyMg=="}"#),
            "{request}"
        );
        assert_eq!(output, "thalassa:v2:QUJD\n");
        let opened = r#"{"plaintext":"aHVudGVyMg==","keyVersion":"2"}"#;
        let line = ["key", "decrypt", "main"];
        let (request, plain) = one(&line, output.as_bytes(), opened).await;
        assert!(
            request.ends_with(r#"{"ciphertext":"thalassa:v2:QUJD"}"#),
            "{request}"
        );
        assert_eq!(plain, "hunter2");
    }

    #[tokio::test]
    async fn keys_are_shown_after_each_change() {
        for (line, place) in [
            (
                &["key", "show", "main"][..],
                "GET /v1/kms/nl-01/keys/main HTTP",
            ),
            (
                &["key", "rotate", "main"],
                "POST /v1/kms/nl-01/keys/main/rotate HTTP",
            ),
            (
                &["key", "disable", "main"],
                "POST /v1/kms/nl-01/keys/main/disable HTTP",
            ),
            (
                &["key", "enable", "main"],
                "POST /v1/kms/nl-01/keys/main/enable HTTP",
            ),
            (
                &["key", "delete", "main", "-y"],
                "DELETE /v1/kms/nl-01/keys/main HTTP",
            ),
            (
                &["key", "cancel-deletion", "main"],
                "DELETE /v1/kms/nl-01/keys/main/cancel-deletion HTTP",
            ),
            (
                &["key", "rotation", "main", "--every", "30"],
                "PATCH /v1/kms/nl-01/keys/main/rotation HTTP",
            ),
            (&["key", "create", "Main"], "POST /v1/kms/nl-01/keys HTTP"),
        ] {
            let (request, output) = one(line, b"", KEY).await;
            assert!(request.starts_with(place), "{request}");
            assert!(
                output.contains("version:        1 2026-01-02T03:04:05Z"),
                "{output}"
            );
        }
    }

    #[tokio::test]
    async fn what_cannot_be_taken_back_needs_consent() {
        for line in [
            &["secret", "delete", "/a"][..],
            &["secret", "destroy", "/a", "--version", "1"],
            &["secret", "policy", "clear", "/a"],
            &["key", "delete", "main"],
        ] {
            let mock = Mock::start(Vec::new()).await;
            let mut scene = Scene::with_stdin(b"y\n");
            let error = mock.run(line, &mut scene).await.unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{line:?}");
            scene.person = Some("no\n".to_owned());
            let error = mock.run(line, &mut scene).await.unwrap_err();
            assert_eq!(error.exit(), Exit::Failed, "{line:?}");
            assert_eq!(scene.asked.len(), 1);
        }
        let mock = Mock::start(vec![(204, String::new())]).await;
        let mut scene = Scene::with_stdin(b"");
        scene.person = Some("y\n".to_owned());
        mock.run(&["secret", "delete", "/a"], &mut scene)
            .await
            .unwrap();
        assert!(mock.requests().await[0].starts_with("DELETE /v1/secrets/nl-01/secret/a HTTP"));
    }

    #[tokio::test]
    async fn the_exit_code_says_what_happened() {
        let line = ["secret", "show", "/a"];
        for (status, exit) in [
            (404, Exit::NotFound),
            (401, Exit::Denied),
            (403, Exit::Denied),
            (400, Exit::Failed),
            (503, Exit::Failed),
        ] {
            let error = refused(&line, status).await;
            assert_eq!(error.exit(), exit, "{status}");
            assert!(
                explain(&error).ends_with("no (request r-1)"),
                "{}",
                explain(&error)
            );
        }
    }

    #[tokio::test]
    async fn the_only_region_needs_no_name() {
        let region = |slug: &str| {
            format!(r#"{{"identity":"{slug}","name":"X","slug":"{slug}","kmsAvailable":true}}"#)
        };
        let run = async |regions: String, more: Option<String>| {
            let script = [Some(regions), more].into_iter().flatten();
            let mock = Mock::start(script.map(|body| (200, body)).collect()).await;
            let mut scene = Scene::with_stdin(b"");
            scene.variables.insert("STRONGROOM_TOKEN", "x".to_owned());
            let line = ["secret", "show", "/app/db", "--endpoint", &mock.endpoint()];
            let outcome = execute(parse(&line).unwrap(), &mut scene).await;
            (outcome, mock.requests().await)
        };
        let (outcome, requests) = run(format!("[{}]", region("nl-01")), Some(secret())).await;
        outcome.unwrap();
        assert!(requests[1].starts_with("GET /v1/secrets/nl-01/secret/app/db HTTP"));
        let both = format!("[{},{}]", region("nl-01"), region("de-01"));
        let error = run(both, None).await.0.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("nl-01, de-01"), "{error}");
    }

    #[tokio::test]
    async fn audit_entries_are_listed() {
        let page = r#"{"items":[{"createdAt":"2026-01-02T03:04:05Z","eventID":"evt-1",
            "action":"secret.get_value","resourceType":"secret","resourceIdentity":"/app/db"}],
            "totalItems":1,"totalCount":1,"page":1,"itemsPerPage":5,"totalPages":1}"#;
        let line = [
            "audit",
            "ls",
            "-n",
            "5",
            "--action",
            "secret.get_value,POST",
            "--status",
            "200",
        ];
        let (request, output) = one(&line, b"", page).await;
        assert!(
            request.starts_with(
                "GET /v1/audit?page=1&limit=5&action=secret.get_value%2CPOST&responseStatus=200 HTTP"
            ),
            "{request}"
        );
        assert!(output.contains("/app/db"), "{output}");
    }
}
