//! An OpenID Connect issuer on a real socket, whose keys rotate while it runs.
//!
//! Its keys and signatures are RustCrypto's: what it signs is so verified by another implementation.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey, Pss};
use serde_json::{Value, json};
use strongroom_crypto::{KeyMaterial, SystemEntropy, random};
use strongroom_types::KeyType;

/// A key pair of the issuer.
#[derive(Clone)]
pub enum Pair {
    Rsa(Box<PrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

pub fn rsa() -> Pair {
    // The library's own generator is slow without optimisation.
    let made = KeyMaterial::generate(KeyType::Rsa2048, &SystemEntropy).unwrap();
    let key = PrivateKey::from_pkcs8_der(made.export_material().expose());
    Pair::Rsa(Box::new(key.unwrap()))
}

pub fn p256() -> Pair {
    let bytes: [u8; 32] = random(&SystemEntropy).unwrap();
    Pair::P256(p256::ecdsa::SigningKey::from_slice(&bytes).unwrap())
}

pub fn p384() -> Pair {
    let bytes: [u8; 48] = random(&SystemEntropy).unwrap();
    Pair::P384(p384::ecdsa::SigningKey::from_slice(&bytes).unwrap())
}

pub fn ed25519() -> Pair {
    let bytes: [u8; 32] = random(&SystemEntropy).unwrap();
    Pair::Ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))
}

pub fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Pair {
    /// The public half as a JSON Web Key.
    pub fn jwk(&self, name: &str) -> Value {
        match self {
            Self::Rsa(key) => json!({
                "kty": "RSA", "kid": name, "use": "sig",
                "n": part(key.n_bytes()), "e": part(key.e_bytes()),
            }),
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                json!({
                    "kty": "EC", "crv": "P-256", "kid": name, "alg": "ES256",
                    "x": part(point.x().unwrap()), "y": part(point.y().unwrap()),
                })
            }
            Self::P384(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                json!({
                    "kty": "EC", "crv": "P-384", "kid": name, "use": "sig",
                    "x": part(point.x().unwrap()), "y": part(point.y().unwrap()),
                })
            }
            Self::Ed25519(key) => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": name, "use": "sig",
                "x": part(key.verifying_key().as_bytes()),
            }),
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let signed = match algorithm {
                    "RS384" => key.sign(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message)),
                    "RS512" => key.sign(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message)),
                    "PS256" => key.sign(Pss::<Sha256>::new(), &Sha256::digest(message)),
                    "PS384" => key.sign(Pss::<Sha384>::new(), &Sha384::digest(message)),
                    "PS512" => key.sign(Pss::<Sha512>::new(), &Sha512::digest(message)),
                    _ => key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)),
                };
                signed.unwrap()
            }
            Self::P256(key) => {
                use p256::ecdsa::signature::Signer as _;
                let signed: p256::ecdsa::Signature = key.sign(message);
                signed.to_bytes().to_vec()
            }
            Self::P384(key) => {
                use p384::ecdsa::signature::Signer as _;
                let signed: p384::ecdsa::Signature = key.sign(message);
                signed.to_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    /// A token with this header and these claims.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
        let algorithm = header["alg"].as_str().unwrap_or("RS256");
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", part(signature))
    }
}

/// How the issuer answers.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Well,
    /// Every request is a fault.
    Broken,
    /// Every document is somewhere else.
    Redirecting,
    /// Documents do not end.
    Endless,
    /// The discovery document is another issuer's.
    Lying,
}

#[derive(Default)]
struct State {
    keys: Vec<Value>,
    mood: Mood,
    asked: usize,
    stop: bool,
}

/// An issuer that is running.
pub struct Issuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<JoinHandle<()>>,
}

impl Issuer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().stop {
                    return;
                }
                // A client that breaks off is its own affair.
                let _gone = stream.and_then(|stream| answer(stream, address, &shared));
            }
        });
        Self {
            address,
            state,
            serving: Some(serving),
        }
    }

    /// Its `iss`.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Publishes a key beside the others.
    pub fn publish(&self, name: &str, pair: &Pair) {
        self.state.lock().unwrap().keys.push(pair.jwk(name));
    }

    /// Publishes a key that it would better not.
    pub fn publish_raw(&self, key: Value) {
        self.state.lock().unwrap().keys.push(key);
    }

    /// Takes a key back.
    pub fn withdraw(&self, name: &str) {
        let keys = &mut self.state.lock().unwrap().keys;
        keys.retain(|key| key["kid"] != name);
    }

    pub fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.state.lock().unwrap().stop = true;
        let _woken = TcpStream::connect(self.address);
        if let Some(serving) = self.serving.take() {
            let _ended = serving.join();
        }
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, address: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (mood, keys) = {
        let mut state = state.lock().unwrap();
        state.asked += usize::from(path == "/keys");
        (state.mood, state.keys.clone())
    };
    let own = url(address);
    let issuer = match mood {
        Mood::Lying => "https://token.actions.githubusercontent.com",
        _ => own.as_str(),
    };
    let (status, body) = match (mood, path) {
        (Mood::Broken, _) => ("500 Oh", String::new()),
        (Mood::Redirecting, "/keys") => ("302 Found", String::new()),
        (Mood::Endless, "/keys") => ("200 OK", " ".repeat(1 << 20)),
        (_, "/.well-known/openid-configuration") => (
            "200 OK",
            json!({"issuer": issuer, "jwks_uri": format!("{own}/keys")}).to_string(),
        ),
        (_, "/keys" | "/elsewhere") => ("200 OK", json!({"keys": keys}).to_string()),
        _ => ("404 Not Found", String::new()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nLocation: {own}/elsewhere\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
