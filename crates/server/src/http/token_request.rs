//! What `POST /oidc/token` is asked with (contract 3.2 and 3.3; RFC 6749 section 4.4, RFC 8693).

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use strongroom_api::ErrorCode;
use strongroom_engine::{ExchangeAsk, IdTokenAsk, SignInAsk, TokenAsk, TokenExtras};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::credentials::Presented;
use super::guard::{OpenRequest, Parts};
use super::refusal::Refusal;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// The shortest and the longest life of a token that is asked for, in seconds (contract 3.3).
const SHORTEST: f64 = 60.0;
const LONGEST: f64 = 24.0 * 60.0 * 60.0;
/// The longest audience of an ID token, in characters.
const LONGEST_AUDIENCE: usize = 255;

/// A request for a token.
pub(super) struct TokenRequest {
    pub(super) ask: TokenAsk,
    /// What else is wanted.
    pub(super) more: TokenExtras,
}

/// A form, whose fields may be secrets.
struct Form<'a>(&'a [u8]);

impl Form<'_> {
    fn field(&self, name: &str) -> Option<Zeroizing<String>> {
        let mut fields = form_urlencoded::parse(self.0);
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| Zeroizing::new(value.into_owned()))
            .filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<Zeroizing<String>, Refusal> {
        self.field(name)
            .ok_or_else(|| invalid(format!("`{name}` is required, in a body of form fields")))
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message).for_oauth("invalid_request")
}

impl OpenRequest for TokenRequest {
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let form = Form(parts.body);
        let ask = match form.required("grant_type")?.as_str() {
            "client_credentials" => credentials(parts, &form)?,
            EXCHANGE => exchange(&form)?,
            _ => {
                let message = format!("`grant_type` must be client_credentials or {EXCHANGE}");
                let refusal = Refusal::new(ErrorCode::NotSupported, message);
                return Err(refusal.for_oauth("unsupported_grant_type"));
            }
        };
        Ok(Self {
            ask,
            more: TokenExtras {
                project: form.field("project").map(|text| text.to_string()),
                id_token: id_token(&form)?,
            },
        })
    }
}

fn wrong_client() -> Refusal {
    Refusal::of(ErrorCode::InvalidClient).for_oauth("invalid_client")
}

/// By HTTP Basic, or in the form. Clients try the one and then the other, so both count.
fn credentials(parts: &Parts<'_>, form: &Form<'_>) -> Result<TokenAsk, Refusal> {
    if let Presented::Basic { id, secret } = Presented::of(parts.headers) {
        return from_basic(&id, &secret);
    }
    match (form.field("client_id"), form.field("client_secret")) {
        (Some(id), Some(secret)) => Ok(TokenAsk::Credentials {
            access_key: id.to_string(),
            secret: Plaintext::new(secret.as_bytes().to_vec()),
        }),
        _ => Err(wrong_client()),
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
fn from_basic(id: &str, secret: &Plaintext) -> Result<TokenAsk, Refusal> {
    let text = std::str::from_utf8(secret.expose()).map_err(|_| wrong_client())?;
    Ok(TokenAsk::Credentials {
        access_key: decoded(id).into_owned(),
        secret: Plaintext::new(decoded(text).as_bytes().to_vec()),
    })
}

/// Of a workload, which acts as a service account, or of a person, who acts as themselves.
fn exchange(form: &Form<'_>) -> Result<TokenAsk, Refusal> {
    let token = form.required("subject_token")?;
    let token = Plaintext::new(token.as_bytes().to_vec());
    let kind = form.required("subject_token_type")?;
    let organisation = form.required("organisation_id")?.to_string();
    match (kind.as_str(), form.field("service_account_id")) {
        (JWT, _) => Ok(TokenAsk::Exchange(ExchangeAsk {
            token,
            organisation,
            service_account: form.required("service_account_id")?.to_string(),
            lifetime: lifetime(form)?,
        })),
        (ID_TOKEN, None) => Ok(TokenAsk::SignIn(SignInAsk {
            token,
            organisation,
            lifetime: lifetime(form)?,
        })),
        (ID_TOKEN, Some(_)) => Err(invalid(format!(
            "an ID token signs a person in: leave `service_account_id` out, or, for a service \
             account, send {JWT} as `subject_token_type`"
        ))),
        _ => Err(invalid(format!(
            "`subject_token_type` must be {JWT}, or {ID_TOKEN} to sign a person in"
        ))),
    }
}

fn lifetime(form: &Form<'_>) -> Result<Option<Duration>, Refusal> {
    let lifetime = form.field("access_token_lifetime");
    let lifetime = lifetime.map(|text| {
        lifetime_of(&text).ok_or_else(|| {
            let message = "`access_token_lifetime` must be a number of seconds, as in 3600, or a \
                           duration, as in 39600s or 1h30m";
            invalid(message.to_owned())
        })
    });
    lifetime.transpose()
}

/// What an ID token is asked for with, if the scope asks for one (OpenID Connect Core 1.0, section
/// 3.1.2.1; `audience` as in RFC 8693, section 2.1).
fn id_token(form: &Form<'_>) -> Result<Option<IdTokenAsk>, Refusal> {
    let scope = form.field("scope").unwrap_or_default();
    if !scope.split(' ').any(|scope| scope == "openid") {
        return Ok(None);
    }
    let audience = form.field("audience");
    let fits = |text: &Zeroizing<String>| {
        text.chars().count() <= LONGEST_AUDIENCE && !text.chars().any(char::is_control)
    };
    if !audience.as_ref().is_none_or(fits) {
        return Err(invalid(format!(
            "`audience` must have at most {LONGEST_AUDIENCE} characters, none of them a control character"
        )));
    }
    Ok(Some(IdTokenAsk {
        audience: audience.map(|text| text.to_string()),
    }))
}

/// A duration as Go writes it, or bare seconds; brought into the bounds (contract 6.16).
fn lifetime_of(text: &str) -> Option<Duration> {
    let plain = |number: &str| -> Option<f64> {
        let legal = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        (!number.is_empty() && number.len() <= 20 && number.bytes().all(legal))
            .then(|| number.parse().ok())
            .flatten()
    };
    if let Some(seconds) = plain(text) {
        return Some(Duration::from_secs_f64(seconds.clamp(SHORTEST, LONGEST)));
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, next) = behind.split_at(end.unwrap_or(behind.len()));
        seconds += plain(number)?
            * match unit {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = next;
    }
    (!text.is_empty()).then(|| Duration::from_secs_f64(seconds.clamp(SHORTEST, LONGEST)))
}

/// Form-decoded: `+` is a space. Ids and secrets of this service hold neither.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri, header};
    use strongroom_api::Rules;

    use super::*;
    use crate::http::url::Url;

    fn ask(basic: Option<&'static str>, body: &str) -> Result<TokenAsk, u16> {
        let mut headers = HeaderMap::new();
        if let Some(basic) = basic {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(basic));
        }
        let uri = Uri::from_static("/oidc/token");
        let rules = Rules::default();
        let (url, body) = (Url::of(&uri), body.as_bytes());
        let parts = Parts {
            url,
            headers: &headers,
            body,
            rules: &rules,
        };
        let read = TokenRequest::read(&parts).map_err(|refusal| refusal.code().status())?;
        Ok(read.ask)
    }

    fn read(basic: Option<&'static str>, body: &str) -> Result<(String, String), u16> {
        let TokenAsk::Credentials { access_key, secret } = ask(basic, body)? else {
            return Err(0);
        };
        let secret = String::from_utf8(secret.expose().to_vec()).unwrap();
        Ok((access_key, secret))
    }

    #[test]
    fn both_ways_are_read() {
        let both = Ok(("id".to_owned(), "se:c/ret".to_owned()));
        // base64 of `id:se%3Ac%2Fret`.
        let basic = "Basic aWQ6c2UlM0FjJTJGcmV0";
        assert_eq!(read(Some(basic), "grant_type=client_credentials"), both);
        let form = "grant_type=client_credentials&client_id=id&client_secret=se%3Ac%2Fret";
        assert_eq!(read(None, form), both);
        assert_eq!(
            read(
                Some(basic),
                "client_id=x&client_secret=y&grant_type=client_credentials"
            ),
            both
        );
    }

    #[test]
    fn an_id_token_is_asked_for_by_its_scope_alone() {
        let ask = |more: &str| {
            let form = format!("x=y{more}");
            let asked = id_token(&Form(form.as_bytes()));
            let asked = asked.map_err(|refusal| refusal.code().status())?;
            Ok::<_, u16>(asked.map(|ask| ask.audience))
        };
        assert_eq!(ask("&audience=a"), Ok(None));
        assert_eq!(ask("&scope=openidx+xopenid"), Ok(None));
        assert_eq!(ask("&scope=openid"), Ok(Some(None)));
        let named = "&scope=api%3Aread+openid&audience=a";
        assert_eq!(ask(named), Ok(Some(Some("a".to_owned()))));
        let long = "a".repeat(256);
        assert_eq!(ask(&format!("&scope=openid&audience={long}")), Err(400));
        assert_eq!(ask("&scope=openid&audience=a%0Ab"), Err(400));
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(read(None, ""), Err(400));
        assert_eq!(
            read(None, "grant_type=password&client_id=a&client_secret=b"),
            Err(400)
        );
        assert_eq!(read(None, "grant_type=client_credentials"), Err(401));
        assert_eq!(
            read(None, "grant_type=client_credentials&client_id=a"),
            Err(401)
        );
        assert_eq!(
            read(Some("Basic ???"), "grant_type=client_credentials"),
            Err(401)
        );
    }

    #[test]
    fn an_exchange_names_token_organisation_and_account() {
        const WHOLE: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
            &subject_token=a.b.c&subject_token_type=urn:ietf:params:oauth:token-type:jwt\
            &organisation_id=acme&service_account_id=robot&access_token_lifetime=39600s";
        let Ok(TokenAsk::Exchange(read)) = ask(None, WHOLE) else {
            panic!("not an exchange");
        };
        assert_eq!(read.token.expose(), b"a.b.c");
        assert_eq!(
            (read.organisation.as_str(), read.service_account.as_str()),
            ("acme", "robot")
        );
        assert_eq!(read.lifetime, Some(Duration::from_secs(39_600)));
        for left_out in [
            "&subject_token=a.b.c",
            "&subject_token_type=urn:ietf:params:oauth:token-type:jwt",
            "&organisation_id=acme",
            "&service_account_id=robot",
        ] {
            assert_eq!(
                ask(None, &WHOLE.replace(left_out, "")).err(),
                Some(400),
                "{left_out}"
            );
        }
        assert_eq!(
            ask(None, &WHOLE.replace("type:jwt", "type:saml2")).err(),
            Some(400)
        );
        assert_eq!(ask(None, &WHOLE.replace("39600s", "soon")).err(), Some(400));
    }

    #[test]
    fn a_person_names_token_and_organisation_alone() {
        const WHOLE: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
            &subject_token=a.b.c&subject_token_type=urn:ietf:params:oauth:token-type:id_token\
            &organisation_id=acme&access_token_lifetime=2h";
        let Ok(TokenAsk::SignIn(read)) = ask(None, WHOLE) else {
            panic!("not a sign-in");
        };
        assert_eq!(read.token.expose(), b"a.b.c");
        assert_eq!(read.organisation, "acme");
        assert_eq!(read.lifetime, Some(Duration::from_secs(7200)));
        for wrong in [
            WHOLE.replace("&organisation_id=acme", ""),
            WHOLE.replace("&subject_token=a.b.c", ""),
            format!("{WHOLE}&service_account_id=robot"),
        ] {
            assert_eq!(ask(None, &wrong).err(), Some(400), "{wrong}");
        }
    }

    #[test]
    fn lifetimes_are_seconds_or_durations_within_bounds() {
        for (text, seconds) in [
            ("3600", Some(3600)),
            ("39600s", Some(39_600)),
            ("1h30m", Some(5400)),
            ("11h0m0s", Some(39_600)),
            ("1.5h", Some(5400)),
            ("1", Some(60)),
            ("0", Some(60)),
            ("1000h", Some(86_400)),
            ("99999999999999999999", Some(86_400)),
            ("", None),
            ("-1", None),
            ("h", None),
            ("1d", None),
            ("1h ", None),
            ("1e3", None),
            ("1..5s", None),
            ("NaN", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(lifetime_of(text), expected, "{text}");
        }
    }
}
