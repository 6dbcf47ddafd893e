//! How a URL names a secret, and what it asks to do to it (contract 1.3).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use strongroom_api::RequestError;
use strongroom_types::{PathError, SecretPath};

use super::url::{Url, decoded};

/// The action word at the end of a secret's URL (contract 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suffix {
    /// None: the whole remainder is the path.
    None,
    /// `/value`.
    Value,
    /// `/versions`.
    Versions,
    /// `/policy`.
    Policy,
}

impl Suffix {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Value => "/value",
            Self::Versions => "/versions",
            Self::Policy => "/policy",
        }
    }
}

/// What follows `/v1/secrets/{region}/secret`, decoded. Not yet known to be a path.
#[derive(Debug)]
pub(super) struct Remainder<'a>(Cow<'a, str>);

impl<'a> Remainder<'a> {
    /// `None` where the URL is not that of a secret. Broken escapes stay as they are: the call is
    /// routed, and refused once the caller is known.
    pub(super) fn of(url: Url<'a>) -> Option<Self> {
        let rest = url.rest_from(4)?;
        let strip = |text: &str| match text.strip_prefix("secret") {
            Some(remainder) if remainder.is_empty() || remainder.starts_with('/') => {
                Some(text.len() - remainder.len())
            }
            _ => None,
        };
        match decoded(rest) {
            Cow::Borrowed(text) => text
                .get(strip(text)?..)
                .map(|text| Self(Cow::Borrowed(text))),
            Cow::Owned(mut text) => {
                text.drain(..strip(&text)?);
                Some(Self(Cow::Owned(text)))
            }
        }
    }

    /// Which action the URL asks for, by the method-based rule of contract 1.3. `None` where the
    /// method has no action here.
    pub(super) fn suffix(&self, method: &http::Method, url: Url<'_>) -> Option<Suffix> {
        let ends_in = |suffix: Suffix| self.0.ends_with(suffix.word()).then_some(suffix);
        match method.as_str() {
            "GET" => Some(Suffix::None),
            "POST" => ends_in(Suffix::Value).or_else(|| ends_in(Suffix::Versions)),
            "PUT" => ends_in(Suffix::Policy),
            "DELETE" => {
                let by_query = || self.0 == Suffix::Versions.word() && url.has("path");
                let destroys = |_: &Suffix| url.has("version") || by_query();
                Some(
                    ends_in(Suffix::Versions)
                        .filter(destroys)
                        .unwrap_or(Suffix::None),
                )
            }
            _ => None,
        }
    }
}

impl Url<'_> {
    /// Whether a delete's URL ends in `/versions` and names no version: perhaps a destroy whose
    /// version was forgotten.
    pub(super) fn lacks_version(&self) -> bool {
        !self.has("path")
            && Remainder::of(*self).is_some_and(|rest| rest.0.ends_with(Suffix::Versions.word()))
    }

    /// The secret that the URL names in front of `suffix`, in any of its forms: in the path, or
    /// as `?path=`, which then is authoritative and which a path in the URL must agree with.
    pub(super) fn secret(&self, suffix: Suffix) -> Result<SecretPath, RequestError> {
        let wrong = |source: PathError| RequestError::Path {
            field: "path",
            source,
        };
        check_escapes(self.path)?;
        let remainder = Remainder::of(*self).map(|rest| rest.0).unwrap_or_default();
        let in_url = remainder.strip_suffix(suffix.word()).unwrap_or(&remainder);
        match self.path_parameter("path")? {
            None => in_url.parse().map_err(wrong),
            Some(given) => {
                let path = given.parse().map_err(wrong)?;
                if in_url.is_empty() || in_url == given {
                    Ok(path)
                } else {
                    Err(RequestError::PathDiffers { place: "query" })
                }
            }
        }
    }
}

/// Refuses escapes that are no two hexadecimal digits, or no UTF-8.
fn check_escapes(path: &str) -> Result<(), RequestError> {
    if !path.as_bytes().contains(&b'%') {
        return Ok(());
    }
    let mut rest = path;
    while let Some((_, behind)) = rest.split_once('%') {
        let digits = behind.as_bytes().get(..2).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(RequestError::Escape);
        }
        rest = behind;
    }
    percent_decode_str(path)
        .decode_utf8()
        .map(drop)
        .map_err(|_| RequestError::Escape)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    /// How a call to `/v1/secrets/nl-01/secret…` is understood: its action and its path.
    fn call(method: &Method, rest: &str) -> Result<(Suffix, String), String> {
        let uri: http::Uri = format!("/v1/secrets/nl-01/secret{rest}").parse().unwrap();
        let url = Url::of(&uri);
        let remainder = Remainder::of(url).ok_or("no secret")?;
        let suffix = remainder.suffix(method, url).ok_or("no method")?;
        let path = url.secret(suffix).map_err(|error| error.to_string())?;
        Ok((suffix, path.as_str().to_owned()))
    }

    fn is(suffix: Suffix, path: &str) -> Result<(Suffix, String), String> {
        Ok((suffix, path.to_owned()))
    }

    #[test]
    fn the_method_decides_what_a_suffix_means() {
        for (method, rest, expected) in [
            (Method::GET, "/app/db", is(Suffix::None, "/app/db")),
            (Method::GET, "/app/value", is(Suffix::None, "/app/value")),
            (
                Method::GET,
                "/app/versions?version=1",
                is(Suffix::None, "/app/versions"),
            ),
            (Method::POST, "/app/value", is(Suffix::Value, "/app")),
            (
                Method::POST,
                "/app/value/value",
                is(Suffix::Value, "/app/value"),
            ),
            (Method::POST, "/app/versions", is(Suffix::Versions, "/app")),
            (
                Method::POST,
                "/versions/versions",
                is(Suffix::Versions, "/versions"),
            ),
            (Method::PUT, "/app/policy", is(Suffix::Policy, "/app")),
            (
                Method::DELETE,
                "/app/versions?version=2",
                is(Suffix::Versions, "/app"),
            ),
            (
                Method::DELETE,
                "/app/versions",
                is(Suffix::None, "/app/versions"),
            ),
            (Method::DELETE, "/app?version=2", is(Suffix::None, "/app")),
            (Method::DELETE, "/app", is(Suffix::None, "/app")),
            (Method::POST, "/app", Err("no method".to_owned())),
            (Method::PUT, "/app/value", Err("no method".to_owned())),
            (Method::PATCH, "/app", Err("no method".to_owned())),
            (Method::HEAD, "/app", Err("no method".to_owned())),
            (Method::GET, "s/app", Err("no secret".to_owned())),
        ] {
            assert_eq!(call(&method, rest), expected, "{method} {rest}");
        }
    }

    #[test]
    fn the_query_form_is_authoritative() {
        for (method, rest, expected) in [
            (Method::GET, "?path=/a/b", is(Suffix::None, "/a/b")),
            (Method::GET, "?path=%2Fa%2Fb", is(Suffix::None, "/a/b")),
            (Method::GET, "?path=/a+b", is(Suffix::None, "/a+b")),
            (Method::GET, "?path=/a%2Bb", is(Suffix::None, "/a+b")),
            (Method::GET, "?path=/a%20b", is(Suffix::None, "/a+b")),
            (Method::GET, "/a/b?path=/a/b", is(Suffix::None, "/a/b")),
            (
                Method::GET,
                "/value?path=/value",
                is(Suffix::None, "/value"),
            ),
            (Method::POST, "/value?path=/a/b", is(Suffix::Value, "/a/b")),
            (
                Method::POST,
                "/value?path=/value",
                is(Suffix::Value, "/value"),
            ),
            (
                Method::POST,
                "/a/b/value?path=/a/b",
                is(Suffix::Value, "/a/b"),
            ),
            (
                Method::POST,
                "/versions?path=/versions",
                is(Suffix::Versions, "/versions"),
            ),
            (
                Method::PUT,
                "/policy?path=/policy",
                is(Suffix::Policy, "/policy"),
            ),
            (
                Method::DELETE,
                "?path=/a/versions",
                is(Suffix::None, "/a/versions"),
            ),
            (
                Method::DELETE,
                "/versions?path=/a&version=1",
                is(Suffix::Versions, "/a"),
            ),
            // Without its version it stays a destroy, which then asks for the version.
            (
                Method::DELETE,
                "/versions?path=/a",
                is(Suffix::Versions, "/a"),
            ),
            (
                Method::DELETE,
                "/versions?path=/versions",
                is(Suffix::Versions, "/versions"),
            ),
        ] {
            assert_eq!(call(&method, rest), expected, "{method} {rest}");
        }
    }

    #[test]
    fn disagreeing_or_doubled_paths_are_refused() {
        for (method, rest) in [
            (Method::GET, "/a?path=/b"),
            (Method::GET, "/value?path=/a"),
            (Method::GET, "/a/?path=/a"),
            (Method::GET, "?path=/a&path=/a"),
            (Method::GET, "?path="),
            (Method::POST, "/a/value?path=/a/value"),
            (Method::DELETE, "/a/versions?path=/a"),
        ] {
            assert!(
                call(&method, rest).unwrap_err().contains("path"),
                "{method} {rest}"
            );
        }
    }

    #[test]
    fn hostile_paths_are_refused() {
        for rest in [
            "",
            "/",
            "/a/",
            "//a",
            "/a//b",
            "/./a",
            "/../a",
            "/a/..",
            "/a/%2e%2e/b",
            "/a/%2E/b",
            "%2F%2Fa",
            "/a%00",
            "/a%0Ab",
            "/a%20b",
            "/a%zz",
            "/a%2",
            "/a%",
            "/a%ff",
            "/a%c3%a9",
            "/a%252Fb",
            "/a;b",
            "/a:b",
            "/a@b",
            "/a*",
        ] {
            assert!(call(&Method::GET, rest).is_err(), "{rest}");
        }
        for rest in ["/value", "//value", "/a//value", "/../value"] {
            assert!(call(&Method::POST, rest).is_err(), "{rest}");
        }
    }

    #[test]
    fn encoded_words_and_slashes_are_the_plain_ones() {
        assert_eq!(
            call(&Method::POST, "%2Fapp%2F%76alue"),
            is(Suffix::Value, "/app")
        );
        assert_eq!(call(&Method::GET, "/app%2Fdb"), is(Suffix::None, "/app/db"));
        assert_eq!(call(&Method::GET, "/a+b%2Bc"), is(Suffix::None, "/a+b+c"));
    }

    #[test]
    fn a_forgotten_version_is_noticed() {
        let lacks = |rest: &str| {
            let uri: http::Uri = format!("/v1/secrets/nl-01/secret{rest}").parse().unwrap();
            Url::of(&uri).lacks_version()
        };
        assert!(lacks("/a/versions"));
        assert!(lacks("/versions"));
        assert!(!lacks("/a"));
        assert!(!lacks("?path=/a/versions"));
    }

    proptest! {
        #[test]
        fn a_path_is_the_same_in_every_form(text in "(/[a-zA-Z0-9_.+-]{1,6}){1,4}") {
            prop_assume!(text.parse::<SecretPath>().is_ok());
            let escaped = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
            let half = text.replace('+', "%2B").replace('.', "%2e");
            for form in [&text, &escaped, &half] {
                prop_assert_eq!(call(&Method::GET, form), is(Suffix::None, &text));
                prop_assert_eq!(
                    call(&Method::POST, &format!("{form}/value")),
                    is(Suffix::Value, &text)
                );
                prop_assert_eq!(
                    call(&Method::GET, &format!("?path={form}")),
                    is(Suffix::None, &text)
                );
                prop_assert_eq!(
                    call(&Method::POST, &format!("/versions?path={form}")),
                    is(Suffix::Versions, &text)
                );
                prop_assert_eq!(
                    call(&Method::PUT, &format!("{form}/policy?path={form}")),
                    is(Suffix::Policy, &text)
                );
                prop_assert_eq!(
                    call(&Method::DELETE, &format!("{form}/versions?version=1")),
                    is(Suffix::Versions, &text)
                );
            }
        }

        #[test]
        fn no_url_panics_and_whatever_passes_is_a_valid_path(rest in "[a-z/%.+?=&0-9]{0,24}") {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
                if let Ok((_, path)) = call(&method, &rest) {
                    prop_assert!(path.parse::<SecretPath>().is_ok());
                }
            }
        }
    }
}
