//! A foreign token: a JWT in compact form (RFC 7519, RFC 7515), read with the care that RFC 8725
//! asks for.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};
use strongroom_crypto::JwsAlgorithm;
use strongroom_types::Timestamp;

use super::refusal::ExchangeRefusal;
use crate::rows::federation::AudienceMatch;

/// The longest token that is looked at, in bytes. Those of the known issuers have 1 to 3 KiB.
const LONGEST: usize = 16 * 1024;
/// How far the clocks of two machines may be apart.
const SKEW: Duration = Duration::from_secs(60);
/// The header's `typ` of a token that says who somebody is. Others are made for another purpose.
const TYPES: [&str; 3] = ["jwt", "application/jwt", "at+jwt"];

/// A token whose signature nobody has checked yet.
pub(super) struct ForeignToken<'t> {
    pub(super) algorithm: JwsAlgorithm,
    /// The name of the key, as the header gives it.
    pub(super) key: Option<String>,
    /// What is signed: header and claims, as they travelled.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
    /// Whether it says that it is an access token (RFC 9068), which is no proof of who holds it.
    pub(super) is_access_token: bool,
    pub(super) claims: Claims,
}

/// What a token says.
pub(super) struct Claims {
    all: Map<String, Value>,
    pub(super) issuer: String,
    pub(super) subject: String,
    audiences: Vec<String>,
    expires: i64,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl<'t> ForeignToken<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, ExchangeRefusal> {
        if text.len() > LONGEST {
            return Err(ExchangeRefusal::TokenTooLong);
        }
        let malformed = ExchangeRefusal::MalformedToken;
        let (signed, signature) = text.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let header = object(header).ok_or(malformed)?;
        let (algorithm, key) = read_header(&header)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes());
        let typ = header.get("typ").and_then(Value::as_str);
        Ok(Self {
            is_access_token: typ.is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt")),
            algorithm,
            key,
            signed: signed.as_bytes(),
            signature: signature.map_err(|_| malformed)?,
            claims: Claims::read(object(claims).ok_or(malformed)?)?,
        })
    }
}

/// A part of the token: base64url without padding, of a JSON object.
fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// How the token is signed and by which key. Keys that the header brings along are never used.
fn read_header(
    header: &Map<String, Value>,
) -> Result<(JwsAlgorithm, Option<String>), ExchangeRefusal> {
    let algorithm = header.get("alg").and_then(Value::as_str);
    let algorithm = algorithm.ok_or(ExchangeRefusal::MalformedToken)?;
    let algorithm = algorithm
        .parse()
        .map_err(|_| ExchangeRefusal::UnsupportedAlgorithm)?;
    // Extensions that must be understood (RFC 7515, 4.1.11): none is.
    if header.contains_key("crit") {
        return Err(ExchangeRefusal::MalformedToken);
    }
    let known = |word: &Value| {
        let word = word.as_str().map(str::to_ascii_lowercase);
        word.is_some_and(|word| TYPES.contains(&word.as_str()))
    };
    if !header.get("typ").is_none_or(known) {
        return Err(ExchangeRefusal::MalformedToken);
    }
    match header.get("kid") {
        None => Ok((algorithm, None)),
        Some(Value::String(name)) => Ok((algorithm, Some(name.clone()))),
        Some(_) => Err(ExchangeRefusal::MalformedToken),
    }
}

impl Claims {
    fn read(all: Map<String, Value>) -> Result<Self, ExchangeRefusal> {
        let missing = ExchangeRefusal::MissingClaim;
        let text = |name: &str| {
            let text = all.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let audiences = match all.get("aud") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(some)) => some
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or(ExchangeRefusal::MalformedToken)?,
            _ => return Err(missing),
        };
        Ok(Self {
            issuer: text("iss").ok_or(missing)?,
            subject: text("sub").ok_or(missing)?,
            audiences,
            expires: seconds(&all, "exp")?.ok_or(missing)?,
            not_before: seconds(&all, "nbf")?,
            issued: seconds(&all, "iat")?,
            all,
        })
    }

    /// Everything that the token says.
    pub(super) fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// Whether the token counts now, with some room for clocks that differ.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<(), ExchangeRefusal> {
        let now = now.as_second();
        let skew = i64::try_from(SKEW.as_secs()).unwrap_or(0);
        let future = |at: Option<i64>| at.is_some_and(|at| at > now.saturating_add(skew));
        if self.expires.saturating_add(skew) <= now {
            Err(ExchangeRefusal::TokenExpired)
        } else if future(self.not_before) {
            Err(ExchangeRefusal::TokenNotYetValid)
        } else if future(self.issued) {
            Err(ExchangeRefusal::TokenFromTheFuture)
        } else {
            Ok(())
        }
    }

    /// Whether the audiences of the token and the trusted ones meet.
    pub(super) fn is_meant_for(&self, trusted: &[String], how: AudienceMatch) -> bool {
        match how {
            AudienceMatch::Exact => {
                matches!(self.audiences.as_slice(), [only] if trusted.contains(only))
            }
            AudienceMatch::Any => self.audiences.iter().any(|one| trusted.contains(one)),
            AudienceMatch::All => {
                !trusted.is_empty() && trusted.iter().all(|one| self.audiences.contains(one))
            }
        }
    }

    /// Whether the token was issued to this client (OpenID Connect Core 1.0, section 3.1.3.7, 3 to 5).
    pub(super) fn check_client(&self, client: &str) -> Result<(), ExchangeRefusal> {
        if !self.audiences.iter().any(|one| one == client) {
            return Err(ExchangeRefusal::AudienceMismatch);
        }
        match self.all.get("azp") {
            None if self.audiences.len() == 1 => Ok(()),
            Some(Value::String(party)) if party == client => Ok(()),
            _ => Err(ExchangeRefusal::PartyMismatch),
        }
    }

    /// When the token was made, in seconds since 1970; an ID token says so (section 2).
    pub(super) const fn issued(&self) -> Option<i64> {
        self.issued
    }
}

/// Seconds since 1970 (RFC 7519: NumericDate, which may have a fraction).
fn seconds(all: &Map<String, Value>, name: &str) -> Result<Option<i64>, ExchangeRefusal> {
    let Some(value) = all.get(name) else {
        return Ok(None);
    };
    let whole = value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.abs() < 1e15)?;
        // Within these bounds every whole number is exact.
        Some(number.floor() as i64)
    });
    whole.map(Some).ok_or(ExchangeRefusal::MalformedToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: &str =
        r#"{"iss":"https://i","sub":"s","aud":["a","b"],"exp":1000,"nbf":900.5,"iat":900}"#;

    fn text(header: &str, claims: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{}", part(header), part(claims), part("signature"))
    }

    fn refused(header: &str, claims: &str) -> Option<ExchangeRefusal> {
        ForeignToken::read(&text(header, claims)).err()
    }

    fn claims(text: &str) -> Claims {
        Claims::read(serde_json::from_str(text).unwrap())
            .ok()
            .unwrap()
    }

    #[test]
    fn headers_decide_how_a_token_is_read() {
        use ExchangeRefusal::{MalformedToken, UnsupportedAlgorithm};
        for (header, refusal) in [
            (r#"{"alg":"RS256"}"#, None),
            (
                r#"{"alg":"ES256","typ":"JWT","kid":"k","jku":"https://evil"}"#,
                None,
            ),
            (r#"{"alg":"none"}"#, Some(UnsupportedAlgorithm)),
            (r#"{"alg":"HS256"}"#, Some(UnsupportedAlgorithm)),
            (
                r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
                Some(MalformedToken),
            ),
            (
                r#"{"alg":"RS256","typ":"logout+jwt"}"#,
                Some(MalformedToken),
            ),
            (r#"{"alg":"RS256","kid":7}"#, Some(MalformedToken)),
            (r#"{"alg":7}"#, Some(MalformedToken)),
            ("{}", Some(MalformedToken)),
            ("[]", Some(MalformedToken)),
        ] {
            assert_eq!(refused(header, CLAIMS), refusal, "{header}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = text(r#"{"alg":"RS256"}"#, CLAIMS);
        let padded = format!("{good}=");
        let four = format!("{good}.AAAA");
        let long = format!("{good}{}", "A".repeat(LONGEST));
        for (token, refusal) in [
            ("", ExchangeRefusal::MalformedToken),
            ("..", ExchangeRefusal::MalformedToken),
            ("a.b", ExchangeRefusal::MalformedToken),
            (padded.as_str(), ExchangeRefusal::MalformedToken),
            (four.as_str(), ExchangeRefusal::MalformedToken),
            (long.as_str(), ExchangeRefusal::TokenTooLong),
        ] {
            assert_eq!(
                ForeignToken::read(token).err(),
                Some(refusal),
                "{token:.40}"
            );
        }
    }

    #[test]
    fn claims_that_decide_must_be_there() {
        use ExchangeRefusal::{MalformedToken, MissingClaim};
        let header = r#"{"alg":"RS256"}"#;
        for (from, to, refusal) in [
            (r#""iss":"https://i","#, "", MissingClaim),
            (r#""sub":"s","#, "", MissingClaim),
            (r#""sub":"s""#, r#""sub":"""#, MissingClaim),
            (r#""sub":"s""#, r#""sub":["s"]"#, MissingClaim),
            (r#""aud":["a","b"],"#, "", MissingClaim),
            (r#"["a","b"]"#, "[7]", MalformedToken),
            (r#""exp":1000,"#, "", MissingClaim),
            (r#""exp":1000"#, r#""exp":"1000""#, MalformedToken),
            (r#""exp":1000"#, r#""exp":1e300"#, MalformedToken),
            (r#""nbf":900.5"#, r#""nbf":true"#, MalformedToken),
        ] {
            let changed = CLAIMS.replace(from, to);
            assert_eq!(refused(header, &changed), Some(refusal), "{changed}");
        }
    }

    #[test]
    fn times_have_a_minute_of_room() {
        let claims = claims(CLAIMS);
        for (second, expected) in [
            (900, Ok(())),
            (840, Ok(())),
            (839, Err(ExchangeRefusal::TokenNotYetValid)),
            (1059, Ok(())),
            (1060, Err(ExchangeRefusal::TokenExpired)),
        ] {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(claims.check_time(now), expected, "{second}");
        }
        let early = self::claims(r#"{"iss":"i","sub":"s","aud":"a","exp":9999,"iat":500}"#);
        let now = Timestamp::from_second(439).unwrap();
        assert_eq!(
            early.check_time(now),
            Err(ExchangeRefusal::TokenFromTheFuture)
        );
    }

    #[test]
    fn an_id_token_is_for_its_client_alone() {
        use ExchangeRefusal::{AudienceMismatch, PartyMismatch};
        for (said, expected) in [
            (r#""aud":"cli""#, Ok(())),
            (r#""aud":["cli"]"#, Ok(())),
            (r#""aud":["cli"],"azp":"cli""#, Ok(())),
            (r#""aud":["cli","x"],"azp":"cli""#, Ok(())),
            (r#""aud":["cli","x"]"#, Err(PartyMismatch)),
            (r#""aud":["cli","x"],"azp":"x""#, Err(PartyMismatch)),
            (r#""aud":"cli","azp":"x""#, Err(PartyMismatch)),
            (r#""aud":"cli","azp":7"#, Err(PartyMismatch)),
            (r#""aud":"x","azp":"cli""#, Err(AudienceMismatch)),
            (r#""aud":[],"azp":"cli""#, Err(AudienceMismatch)),
        ] {
            let claims = claims(&format!(r#"{{"iss":"i","sub":"s","exp":9,{said}}}"#));
            assert_eq!(claims.check_client("cli"), expected, "{said}");
        }
    }

    #[test]
    fn audiences_meet_in_three_ways() {
        use AudienceMatch::{All, Any, Exact};
        let two = claims(CLAIMS);
        let one = claims(&CLAIMS.replace(r#"["a","b"]"#, r#""a""#));
        let none = claims(&CLAIMS.replace(r#"["a","b"]"#, "[]"));
        for (claims, trusted, how, expected) in [
            (&two, &["a"][..], Any, true),
            (&two, &["c"], Any, false),
            (&two, &["a"], Exact, false),
            (&one, &["a", "c"], Exact, true),
            (&one, &["c"], Exact, false),
            (&two, &["a", "b"], All, true),
            (&two, &["a", "b", "c"], All, false),
            (&one, &["a", "b"], All, false),
            (&one, &[], All, false),
            (&none, &["a"], Any, false),
            (&none, &[], Exact, false),
        ] {
            let trusted: Vec<_> = trusted.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(
                claims.is_meant_for(&trusted, how),
                expected,
                "{trusted:?} {how:?}"
            );
        }
    }
}
