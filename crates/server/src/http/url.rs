//! The URL of a request, read raw.
//!
//! Percent escapes are decoded once and here; nothing merges slashes, resolves dots or redirects.
//! `+` in a path is a plus. `%2F` is a slash, so that both spellings of a path name one secret.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use strongroom_api::RequestError;
use strongroom_types::{EventId, KeyId, PathError, Reference, SecretPath};

/// A URL's path and query, as they arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Url<'a> {
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn of(uri: &'a http::Uri) -> Self {
        Self {
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
        }
    }

    /// The region, which all routes that have one keep in the same place: `/v1/x/{region}/…`.
    pub(super) fn region(&self) -> Cow<'a, str> {
        self.segment(3)
    }

    /// How the URL names a key: `/v1/kms/{region}/keys/{id}`. `None` where it is the name of no
    /// possible key.
    pub(super) fn key(&self) -> Option<Reference<KeyId>> {
        self.segment(5).parse().ok()
    }

    /// The audit entry: `/v1/audit/{eventID}`. `None` where it is the name of no possible entry.
    pub(super) fn event(&self) -> Option<EventId> {
        self.segment(3).parse().ok()
    }

    /// One segment, decoded; empty where there is none. Segment 0 is before the first slash.
    fn segment(&self, index: usize) -> Cow<'a, str> {
        let raw = self.path.split('/').nth(index).unwrap_or_default();
        percent_decode_str(raw).decode_utf8_lossy()
    }

    /// A query parameter, decoded; refused where it is given twice.
    pub(super) fn parameter(
        &self,
        name: &'static str,
    ) -> Result<Option<Cow<'a, str>>, RequestError> {
        if self.query.is_empty() {
            return Ok(None);
        }
        let mut found = form_urlencoded::parse(self.query.as_bytes())
            .filter(|(parameter, _)| parameter == name)
            .map(|(_, value)| value);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(RequestError::Query {
                name,
                problem: "is given twice",
            }),
        }
    }

    /// A query parameter that holds a path. A space is never legal in one, so what a hand-written
    /// URL spells as `+` is a plus.
    pub(super) fn path_parameter(
        &self,
        name: &'static str,
    ) -> Result<Option<String>, RequestError> {
        Ok(self.parameter(name)?.map(|text| text.replace(' ', "+")))
    }

    /// A query parameter that is a whole number from 1 to `max`.
    pub(super) fn count(
        &self,
        name: &'static str,
        max: usize,
    ) -> Result<Option<usize>, RequestError> {
        let Some(text) = self.parameter(name)? else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|count| digits && (1..=max).contains(count))
            .map(Some)
            .ok_or(RequestError::Query {
                name,
                problem: "must be a whole number from 1 up",
            })
    }

    /// A query parameter that is `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, RequestError> {
        match self.parameter(name)?.as_deref() {
            None | Some("false" | "") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(RequestError::Query {
                name,
                problem: "must be true or false",
            }),
        }
    }

    /// The parameters `prefix[key]=value`, in their order.
    pub(super) fn pairs(&self, prefix: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter_map(|(name, value)| {
                let key = name
                    .strip_prefix(prefix)?
                    .strip_prefix('[')?
                    .strip_suffix(']')?;
                Some((key.to_owned(), value.into_owned()))
            })
            .collect()
    }
}

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
        let rest = url.path.splitn(5, '/').nth(4)?;
        let strip = |text: &str| match text.strip_prefix("secret") {
            Some(remainder) if remainder.is_empty() || remainder.starts_with('/') => {
                Some(text.len() - remainder.len())
            }
            _ => None,
        };
        match percent_decode_str(rest).decode_utf8_lossy() {
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
    /// Whether the query has this parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.query.is_empty()
            && form_urlencoded::parse(self.query.as_bytes()).any(|(found, _)| found == name)
    }

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

    #[test]
    fn parameters_are_read_strictly() {
        let uri: http::Uri =
            "/v1/x?limit=5&zero=0&plus=%2B5&big=99&on=true&odd=1&two=1&two=2&m[a%5D]=x&m[b]=y%26"
                .parse()
                .unwrap();
        let url = Url::of(&uri);
        assert_eq!(url.count("limit", 10).unwrap(), Some(5));
        assert_eq!(url.count("none", 10).unwrap(), None);
        for name in ["zero", "plus", "big", "on", "two"] {
            assert!(url.count(name, 10).is_err(), "{name}");
        }
        assert!(url.flag("on").unwrap() && !url.flag("none").unwrap());
        assert!(url.flag("odd").is_err());
        let pairs = url.pairs("m");
        assert_eq!(pairs[1], ("b".to_owned(), "y&".to_owned()));
    }

    #[test]
    fn names_of_no_possible_key_are_none() {
        let key = |id: &str| {
            let uri: http::Uri = format!("/v1/kms/nl-01/keys/{id}/encrypt").parse().unwrap();
            Url::of(&uri).key()
        };
        assert_eq!(
            key("primary"),
            Some(Reference::Slug("primary".parse().unwrap()))
        );
        let identity = KeyId::from_bytes([3; 16]);
        assert_eq!(
            key(&identity.to_string()),
            Some(Reference::Identity(identity))
        );
        for id in ["A", "a%2Fb", "%00", "%ff", ""] {
            assert_eq!(key(id), None, "{id}");
        }
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
