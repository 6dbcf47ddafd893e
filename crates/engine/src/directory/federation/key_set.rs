//! Sets of public keys as issuers publish them (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use strongroom_crypto::{ForeignKey, ForeignKeyError, JwsAlgorithm};

/// Keys of a set that are looked at.
const MOST_KEYS: usize = 64;
/// Members of a key that only its owner may have.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// A set of keys that cannot be used. Fields are named as in a request for a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JSON object with an array `keys`.
    #[error("`localJwks` must be a JSON Web Key Set: an object with an array `keys`")]
    NotASet,
    /// No key, or more than are looked at.
    #[error(
        "`localJwks.keys` must have 1 to {MOST_KEYS} keys that signatures can be verified with"
    )]
    Count,
    /// A private or a shared key.
    #[error("`localJwks.keys[{0}]` holds a private or shared key: send its public half only")]
    Private(usize),
    /// A key of a type that is not understood, or for another use.
    #[error(
        "`localJwks.keys[{0}]` is no key for signatures: known are RSA, EC with P-256 or P-384, \
         and OKP with Ed25519"
    )]
    Kind(usize),
    /// A key whose parts are missing or make no key.
    #[error("`localJwks.keys[{0}]`: {1}")]
    Parts(usize, ForeignKeyError),
}

/// Public keys of one issuer.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<NamedKey>,
}

#[derive(Debug)]
struct NamedKey {
    name: Option<String>,
    algorithm: Option<JwsAlgorithm>,
    key: ForeignKey,
}

/// Why no key of a set verifies a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unverified {
    /// The set has no key of this name.
    UnknownKey,
    /// The key is for other algorithms.
    OtherAlgorithm,
    /// The key did not sign this.
    BadSignature,
}

impl KeySet {
    /// A set that somebody pins: each of its keys must be of use.
    pub(super) fn pinned(text: &str) -> Result<Self, KeySetError> {
        let keys = members(text.as_bytes())?;
        if !(1..=MOST_KEYS).contains(&keys.len()) {
            return Err(KeySetError::Count);
        }
        let keys = keys.iter().enumerate();
        let keys = keys.map(|(at, key)| read(at, key));
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// A set that was fetched: keys that are not understood are passed over (RFC 7517, section 5).
    pub(super) fn published(bytes: &[u8]) -> Result<Self, KeySetError> {
        let keys = members(bytes)?;
        let keys = keys.iter().take(MOST_KEYS).enumerate();
        let keys: Vec<_> = keys.filter_map(|(at, key)| read(at, key).ok()).collect();
        if keys.is_empty() {
            return Err(KeySetError::Count);
        }
        Ok(Self { keys })
    }

    /// Whether a token that names its key so can be verified. One that names none tries them all.
    pub(super) fn knows(&self, name: Option<&str>) -> bool {
        self.named(name).next().is_some()
    }

    /// Whether one of the keys that the token names signed it.
    pub(super) fn verify(
        &self,
        name: Option<&str>,
        algorithm: JwsAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Unverified> {
        if !self.knows(name) {
            return Err(Unverified::UnknownKey);
        }
        let permitted = |key: &&NamedKey| {
            key.key.permits(algorithm) && key.algorithm.is_none_or(|only| only == algorithm)
        };
        let mut keys = self.named(name).filter(permitted).peekable();
        if keys.peek().is_none() {
            return Err(Unverified::OtherAlgorithm);
        }
        let signed = keys.any(|key| key.key.verify(algorithm, message, signature).is_ok());
        signed.then_some(()).ok_or(Unverified::BadSignature)
    }

    fn named<'s>(&'s self, name: Option<&'s str>) -> impl Iterator<Item = &'s NamedKey> {
        let wanted = move |key: &&NamedKey| name.is_none() || key.name.as_deref() == name;
        self.keys.iter().filter(wanted)
    }
}

fn members(bytes: &[u8]) -> Result<Vec<Value>, KeySetError> {
    let Ok(Value::Object(mut set)) = serde_json::from_slice(bytes) else {
        return Err(KeySetError::NotASet);
    };
    match set.remove("keys") {
        Some(Value::Array(keys)) => Ok(keys),
        _ => Err(KeySetError::NotASet),
    }
}

fn read(at: usize, value: &Value) -> Result<NamedKey, KeySetError> {
    let kind = || KeySetError::Kind(at);
    let key = value.as_object().ok_or_else(kind)?;
    if PRIVATE.iter().any(|member| key.contains_key(*member)) {
        return Err(KeySetError::Private(at));
    }
    let text = |member: &str| key.get(member).and_then(Value::as_str);
    if !is_for_verifying(key) {
        return Err(kind());
    }
    let bytes = |member: &str| {
        let bytes = BASE64URL_NOPAD.decode(text(member).unwrap_or_default().as_bytes());
        bytes.map_err(|_| KeySetError::Parts(at, ForeignKeyError::Rejected))
    };
    let made = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => ForeignKey::rsa(&bytes("n")?, &bytes("e")?),
        (Some("EC"), Some("P-256")) => ForeignKey::p256(&bytes("x")?, &bytes("y")?),
        (Some("EC"), Some("P-384")) => ForeignKey::p384(&bytes("x")?, &bytes("y")?),
        (Some("OKP"), Some("Ed25519")) => ForeignKey::ed25519(&bytes("x")?),
        _ => return Err(kind()),
    };
    let made = made.map_err(|error| KeySetError::Parts(at, error))?;
    let algorithm = text("alg")
        .map(str::parse)
        .transpose()
        .map_err(|_| kind())?;
    if algorithm.is_some_and(|algorithm| !made.permits(algorithm)) {
        return Err(kind());
    }
    Ok(NamedKey {
        name: text("kid").map(str::to_owned),
        algorithm,
        key: made,
    })
}

fn is_for_verifying(key: &Map<String, Value>) -> bool {
    let used = key.get("use").is_none_or(|word| word == "sig");
    let operations = key.get("key_ops").and_then(Value::as_array);
    used && operations.is_none_or(|words| words.iter().any(|word| word == "verify"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.2, and RFC 7515, appendix A.3.1.
    const ED25519: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const P256: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

    fn set(keys: &[String]) -> String {
        format!("{{\"keys\":[{}]}}", keys.join(","))
    }

    fn pinned(key: &str) -> Result<KeySet, KeySetError> {
        KeySet::pinned(&set(&[format!("{{{key}}}")]))
    }

    #[test]
    fn keys_are_read_with_their_names() {
        let both = set(&[
            format!(r#"{{{ED25519},"kid":"a","use":"sig","alg":"EdDSA"}}"#),
            format!(r#"{{{P256},"key_ops":["verify"]}}"#),
        ]);
        let keys = KeySet::pinned(&both).unwrap();
        assert!(keys.knows(Some("a")) && keys.knows(None) && !keys.knows(Some("b")));
        let verify = |name, algorithm| keys.verify(name, algorithm, b"m", &[0; 64]);
        assert_eq!(
            verify(Some("b"), JwsAlgorithm::EdDsa),
            Err(Unverified::UnknownKey)
        );
        assert_eq!(
            verify(Some("a"), JwsAlgorithm::Es256),
            Err(Unverified::OtherAlgorithm)
        );
        assert_eq!(
            verify(None, JwsAlgorithm::Rs256),
            Err(Unverified::OtherAlgorithm)
        );
        assert_eq!(
            verify(None, JwsAlgorithm::Es256),
            Err(Unverified::BadSignature)
        );
    }

    #[test]
    fn a_pinned_key_that_is_of_no_use_is_refused() {
        for (key, error) in [
            (format!(r#"{ED25519},"d":"AAAA""#), KeySetError::Private(0)),
            (
                r#""kty":"oct","k":"AAAA""#.to_owned(),
                KeySetError::Private(0),
            ),
            (r#""kty":"oct""#.to_owned(), KeySetError::Kind(0)),
            (format!(r#"{ED25519},"use":"enc""#), KeySetError::Kind(0)),
            (format!(r#"{ED25519},"alg":"ES256""#), KeySetError::Kind(0)),
            (format!(r#"{ED25519},"alg":"HS256""#), KeySetError::Kind(0)),
            (
                format!(r#"{ED25519},"key_ops":["sign"]"#),
                KeySetError::Kind(0),
            ),
            (P256.replace("P-256", "P-521"), KeySetError::Kind(0)),
            (
                P256.replace("x_FE", "x_FF"),
                KeySetError::Parts(0, ForeignKeyError::Rejected),
            ),
            (
                r#""kty":"RSA","n":"AQAB","e":"AQAB""#.to_owned(),
                KeySetError::Parts(0, ForeignKeyError::ModulusSize),
            ),
        ] {
            assert_eq!(pinned(&key).err(), Some(error), "{key}");
        }
        assert_eq!(KeySet::pinned("{}").err(), Some(KeySetError::NotASet));
        assert_eq!(KeySet::pinned("[]").err(), Some(KeySetError::NotASet));
        assert_eq!(KeySet::pinned(&set(&[])).err(), Some(KeySetError::Count));
    }

    #[test]
    fn a_published_key_that_is_of_no_use_is_passed_over() {
        let mixed = set(&[
            r#"{"kty":"oct","k":"AAAA","kid":"shared"}"#.to_owned(),
            "7".to_owned(),
            format!(r#"{{{ED25519},"kid":"a"}}"#),
        ]);
        let keys = KeySet::published(mixed.as_bytes()).unwrap();
        assert!(keys.knows(Some("a")) && !keys.knows(Some("shared")));
        let none = set(&[r#"{"kty":"oct","k":"AAAA"}"#.to_owned()]);
        assert_eq!(
            KeySet::published(none.as_bytes()).err(),
            Some(KeySetError::Count)
        );
    }
}
