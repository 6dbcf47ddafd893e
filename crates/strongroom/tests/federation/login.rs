//! `strongroom login` by the binary itself: the test is the browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};
use strongroom_engine::{PrincipalRef, RoleRef};
use strongroom_testkit::{House, Tenant};
use strongroom_types::Clock;
use tempfile::TempDir;

use crate::provider::{CLIENT, Provider, Twist};
use crate::scene::{PROVIDERS, house};

/// The exit codes of the command line.
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const DENIED: i32 = 4;

/// An organisation whose people sign in, and the home of one of them, Bo.
struct Scene<'h> {
    acme: Tenant<'h>,
    provider: Provider,
    home: TempDir,
}

impl<'h> Scene<'h> {
    fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        acme.owner
            .create("/app/db", &acme.key, "hunter2")
            .expect(201);
        let bo = acme.user("bo@example.org");
        let all = RoleRef::BuiltIn("secrets:FullAccess");
        acme.bind(PrincipalRef::User(bo), all, None);
        let provider = Provider::start();
        let body = json!({
            "name": "Staff", "providerIssuer": provider.url(), "signIn": {"clientId": CLIENT},
        });
        acme.owner.post(PROVIDERS).json(&body).expect(201);
        let scene = Self {
            acme,
            provider,
            home: tempfile::tempdir().unwrap(),
        };
        scene.person(&json!({}));
        scene
    }

    /// Bo comes next; `more` adds to or replaces claims.
    fn person(&self, more: &Value) {
        let now = self.acme.house.clock.now().as_second();
        let mut claims = json!({
            "sub": "sub-bo", "email": "bo@example.org", "email_verified": true,
            "iat": now, "exp": now + 300,
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.provider.person(claims);
    }

    /// The binary, with nothing of ours in its environment but the home.
    fn strongroom(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strongroom"));
        for (name, _) in std::env::vars() {
            if name.starts_with("STRONGROOM") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("STRONGROOM_CONFIG_DIR", home)
            .env("STRONGROOM_ENDPOINT", self.acme.house.web.endpoint())
            .env("STRONGROOM_REGION", "nl-01")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.strongroom(self.home.path(), arguments);
        command.output().unwrap()
    }

    /// Runs a command that must end like this, and returns what it complained about.
    fn complaint(&self, arguments: &[&str], code: i32) -> String {
        complaint(&self.run(arguments), code)
    }

    fn login(&self, home: &Path) -> Login {
        let line = ["login", "--no-browser", "--organisation", "acme"];
        Login::start(self.strongroom(home, &line))
    }

    /// Signs in by a browser that does as it is told.
    fn signed_in(&self) -> Output {
        let login = self.login(self.home.path());
        let (status, _) = get(&login.redirect());
        assert_eq!(status, 200);
        login.end()
    }

    /// How many tokens the server was asked for.
    fn asked(&self) -> usize {
        let issued = self.acme.owner.audit("action=auth.token.issued").len();
        issued + self.acme.owner.audit("action=auth.token.failed").len()
    }
}

fn complaint(output: &Output, code: i32) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(!error.contains("eyJ"), "a token is shown: {error}");
    error
}

fn files(home: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(home.join("sign-ins"))
        .into_iter()
        .flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A sign-in that waits for its browser.
struct Login {
    child: Child,
    /// The page that it asks to open.
    page: Url,
}

impl Login {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        let page = output.lines().map_while(Result::ok);
        let page = page.filter_map(|line| Url::parse(line.trim()).ok());
        let page = page.take(1).next().expect("no page to open");
        Self { child, page }
    }

    /// Where the provider sends the browser.
    fn redirect(&self) -> Url {
        let (status, answer) = get(&self.page);
        assert_eq!(status, 302);
        let location = answer
            .lines()
            .find_map(|line| line.strip_prefix("Location: "));
        location.unwrap().parse().unwrap()
    }

    fn end(self) -> Output {
        self.child.wait_with_output().unwrap()
    }
}

/// What a browser gets: the status, and everything that was sent.
fn get(url: &Url) -> (u16, String) {
    let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect((host, port)).unwrap();
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn a_person_signs_in_reads_a_secret_and_signs_out() {
    let house = house();
    let scene = Scene::new(&house);
    let none = scene.complaint(&["secret", "get", "/app/db"], USAGE);
    assert!(none.contains("strongroom login"), "{none}");
    let login = scene.login(scene.home.path());
    let redirect = login.redirect();
    // Pages of strangers that happen to know the port change nothing.
    let mut forged = redirect.clone();
    forged.set_query(Some("code=code-0&state=guessed"));
    assert_eq!(get(&forged).0, 400);
    let (status, page) = get(&redirect);
    assert_eq!(status, 200);
    assert!(!page.contains("code-0"), "{page}");
    let output = login.end();
    assert!(output.status.success(), "{}", complaint(&output, 0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("eyJ"), "{said}");
    let kept = files(scene.home.path());
    assert_eq!(kept.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&kept[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for more in [&[][..], &["--organisation", "acme"]] {
        let line: Vec<_> = ["secret", "get", "/app/db"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let read = scene.run(&line);
        assert_eq!(read.stdout, b"hunter2", "{}", complaint(&read, 0));
    }
    let entries = scene.acme.owner.audit("action=secret.get_value");
    assert_eq!(entries[0]["context"]["credentials_type"], "sign_in");
    assert!(scene.run(&["logout"]).status.success());
    assert_eq!(files(scene.home.path()).len(), 0);
    scene.complaint(&["secret", "get", "/app/db"], USAGE);
}

#[test]
fn a_provider_that_answers_wrongly_signs_nobody_in() {
    let house = house();
    let scene = Scene::new(&house);
    for (twist, code, words) in [
        (Twist::Denies, DENIED, "access_denied: not [2J today"),
        (Twist::OtherNonce, FAILED, "nonce"),
        (Twist::NoIdToken, FAILED, "without an ID token"),
        (Twist::OtherIssuer, FAILED, "not from the provider"),
    ] {
        scene.provider.twist(twist);
        let said = complaint(&scene.signed_in(), code);
        assert!(said.contains(words), "{twist:?}: {said}");
    }
    let line = ["login", "--no-browser", "--organisation", "acme"];
    for (twist, words) in [
        (Twist::Lies, "another issuer's"),
        (Twist::NoPkce, "PKCE"),
        (Twist::Cleartext, "http://idp.example.org/token"),
    ] {
        scene.provider.twist(twist);
        let said = scene.complaint(&line, FAILED);
        assert!(said.contains(words), "{twist:?}: {said}");
    }
    assert_eq!(scene.asked(), 0, "the server was asked");
    assert_eq!(files(scene.home.path()).len(), 0);
    scene.provider.twist(Twist::None);
    assert!(scene.signed_in().status.success());
}

#[test]
fn whom_the_server_does_not_accept_learns_what_to_look_at() {
    let house = house();
    let scene = Scene::new(&house);
    for claims in [
        json!({"email_verified": false}),
        json!({"email": "eve@example.org"}),
        json!({"aud": "other"}),
    ] {
        scene.person(&claims);
        let said = complaint(&scene.signed_in(), DENIED);
        assert!(said.contains("e-mail address as verified"), "{said}");
    }
    assert_eq!(scene.asked(), 3);
    let unknown = scene.complaint(&["login", "--organisation", "nothing"], 3);
    assert!(unknown.contains("signIn"), "{unknown}");
    let line = ["login", "--organisation", "acme", "--provider", "Nobody"];
    let nobody = scene.complaint(&line, USAGE);
    assert!(nobody.contains("--provider can be: Staff"), "{nobody}");
}

#[test]
fn signing_out_everywhere_ends_the_sign_ins_of_other_machines() {
    let house = house();
    let scene = Scene::new(&house);
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(scene.signed_in().status.success());
    let login = scene.login(elsewhere.path());
    get(&login.redirect());
    assert!(login.end().status.success());
    let there = || {
        let mut command = scene.strongroom(elsewhere.path(), &["secret", "get", "/app/db"]);
        command.output().unwrap()
    };
    assert_eq!(there().stdout, b"hunter2");
    house.turn(Duration::from_secs(1));
    assert!(scene.run(&["logout", "--everywhere"]).status.success());
    complaint(&there(), DENIED);
    house.turn(Duration::from_secs(1));
    scene.person(&json!({}));
    assert!(scene.signed_in().status.success());
    assert_eq!(scene.run(&["secret", "get", "/app/db"]).stdout, b"hunter2");
}
