//! An OpenID provider on a real socket, at which a person is signed in as soon as they come: with
//! PKCE and its redirects checked as a careful provider does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use reqwest::Url;
use rsa::sha2::{Digest, Sha256};
use serde_json::{Value, json};

use crate::issuer::{Pair, p256, part};

/// What the provider does otherwise than it should.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    #[default]
    None,
    /// Sends the person back with a refusal.
    Denies,
    /// Gives an ID token for another request.
    OtherNonce,
    /// Gives no ID token.
    NoIdToken,
    /// Says in the redirect that it is somebody else.
    OtherIssuer,
    /// Its discovery document is another issuer's.
    Lies,
    /// It knows no PKCE with S256.
    NoPkce,
    /// It wants to be asked in the clear, elsewhere.
    Cleartext,
}

/// A code that was given out.
struct Code {
    challenge: String,
    redirect: String,
    nonce: String,
}

#[derive(Default)]
struct State {
    twist: Twist,
    claims: Value,
    codes: Vec<Code>,
    stop: bool,
}

/// A provider that is running.
pub struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<JoinHandle<()>>,
}

/// Its one client, which is public.
pub const CLIENT: &str = "strongroom-cli";

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let (shared, pair) = (Arc::clone(&state), p256());
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().stop {
                    return;
                }
                // A client that breaks off is its own affair.
                let answered = stream.and_then(|stream| {
                    let own = format!("http://{address}");
                    answer(stream, &own, &mut shared.lock().unwrap(), &pair)
                });
                drop(answered);
            }
        });
        Self {
            address,
            state,
            serving: Some(serving),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whoever comes next is this person, beside issuer, client and nonce.
    pub fn person(&self, claims: Value) {
        self.state.lock().unwrap().claims = claims;
    }

    pub fn twist(&self, twist: Twist) {
        self.state.lock().unwrap().twist = twist;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.state.lock().unwrap().stop = true;
        let _woken = TcpStream::connect(self.address);
        if let Some(serving) = self.serving.take() {
            let _ended = serving.join();
        }
    }
}

/// The parameters of a query or a form.
fn field(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(field, _)| field == name);
    found.map_or(String::new(), |(_, value)| value.into_owned())
}

fn answer(mut stream: TcpStream, own: &str, state: &mut State, pair: &Pair) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim_end().to_ascii_lowercase();
        assert!(!header.starts_with("authorization:"), "a public client");
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if header.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap_or("/"));
    let url: Url = format!("{own}{target}").parse().unwrap();
    let (status, location, body) = match (method, url.path()) {
        ("GET", "/.well-known/openid-configuration") => ("200 OK", None, discovery(own, state)),
        ("GET", "/keys") => ("200 OK", None, json!({"keys": [pair.jwk("k")]})),
        ("GET", "/authorize") => ("302 Found", Some(authorize(own, state, &url)), json!({})),
        ("POST", "/token") => {
            let form = String::from_utf8(body).unwrap();
            let form: Url = format!("{own}/?{form}").parse().unwrap();
            match exchange(own, state, &form, pair) {
                Ok(tokens) => ("200 OK", None, tokens),
                Err(error) => ("400 Bad Request", None, json!({"error": error})),
            }
        }
        _ => ("404 Not Found", None, json!({})),
    };
    let location = location.map_or(String::new(), |url| format!("Location: {url}\r\n"));
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{location}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn discovery(own: &str, state: &State) -> Value {
    let mut document = json!({
        "issuer": own, "authorization_endpoint": format!("{own}/authorize?tenant=7"),
        "token_endpoint": format!("{own}/token"), "jwks_uri": format!("{own}/keys"),
        "code_challenge_methods_supported": ["plain", "S256"],
    });
    match state.twist {
        Twist::Lies => document["issuer"] = json!("https://accounts.google.com"),
        Twist::NoPkce => document["code_challenge_methods_supported"] = json!(["plain"]),
        Twist::Cleartext => document["token_endpoint"] = json!("http://idp.example.org/token"),
        _ => {}
    }
    document
}

/// Where the browser is sent back to.
fn authorize(own: &str, state: &mut State, url: &Url) -> Url {
    let redirect = field(url, "redirect_uri");
    let registered = (8765..=8770).map(|port| format!("http://127.0.0.1:{port}/callback"));
    assert!(
        registered.into_iter().any(|known| known == redirect),
        "{redirect}"
    );
    for (name, value) in [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(field(url, name), value, "{name}");
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert!(field(url, name).len() >= 22, "{name} is too easy to guess");
    }
    let issuer = match state.twist {
        Twist::OtherIssuer => "https://accounts.google.com",
        _ => own,
    };
    let mut back: Url = redirect.parse().unwrap();
    if state.twist == Twist::Denies {
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("error_description", "not\u{1b}[2J today");
    } else {
        let code = format!("code-{}", state.codes.len());
        back.query_pairs_mut().append_pair("code", &code);
        state.codes.push(Code {
            challenge: field(url, "code_challenge"),
            redirect,
            nonce: field(url, "nonce"),
        });
    }
    back.query_pairs_mut()
        .append_pair("state", &field(url, "state"))
        .append_pair("iss", issuer);
    back
}

/// The tokens for a code, to whoever began.
fn exchange(own: &str, state: &State, form: &Url, pair: &Pair) -> Result<Value, &'static str> {
    let code = field(form, "code");
    let number: Option<usize> = code.strip_prefix("code-").and_then(|n| n.parse().ok());
    let code = number.and_then(|number| state.codes.get(number));
    let code = code.ok_or("invalid_grant")?;
    let verifier = field(form, "code_verifier");
    if part(Sha256::digest(verifier.as_bytes())) != code.challenge
        || field(form, "redirect_uri") != code.redirect
    {
        return Err("invalid_grant");
    }
    if field(form, "client_id") != CLIENT || !field(form, "client_secret").is_empty() {
        return Err("invalid_client");
    }
    if field(form, "grant_type") != "authorization_code" {
        return Err("unsupported_grant_type");
    }
    let nonce = match state.twist {
        Twist::OtherNonce => "another",
        _ => &code.nonce,
    };
    let mut claims = json!({"iss": own, "aud": CLIENT, "nonce": nonce});
    for (name, value) in state.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = json!({"alg": "ES256", "kid": "k", "typ": "JWT"});
    let mut tokens = json!({"access_token": "theirs", "token_type": "Bearer", "expires_in": 60});
    if state.twist != Twist::NoIdToken {
        tokens["id_token"] = pair.token(&header, &claims).into();
    }
    Ok(tokens)
}
