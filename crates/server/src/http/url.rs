//! The URL of a request, read raw.
//!
//! Percent escapes are decoded once and here; nothing merges slashes, resolves dots or redirects.
//! `+` in a path is a plus. `%2F` is a slash, so that both spellings of a path name one secret.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use strongroom_api::RequestError;
use strongroom_types::{EventId, KeyId, Reference, Slug};

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

    /// How the URL names one of the organisation's own: `/v1/x/{name}`. `None` where it is the name
    /// of no possible one.
    pub(super) fn member(&self) -> Option<Slug> {
        self.segment(3).parse().ok()
    }

    /// One segment, decoded; empty where there is none. Segment 0 is before the first slash.
    pub(super) fn segment(&self, index: usize) -> Cow<'a, str> {
        let rest = self.rest_from(index).unwrap_or_default();
        let end = rest.bytes().position(|byte| byte == b'/');
        decoded(end.and_then(|end| rest.get(..end)).unwrap_or(rest))
    }

    /// The path from this segment on, as it arrived. `None` where there are fewer.
    pub(super) fn rest_from(&self, index: usize) -> Option<&'a str> {
        let Some(slashes) = index.checked_sub(1) else {
            return Some(self.path);
        };
        let mut bytes = self.path.bytes().enumerate();
        let (slash, _) = bytes
            .by_ref()
            .filter(|(_, byte)| *byte == b'/')
            .nth(slashes)?;
        self.path.get(slash + 1..)
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

    /// A query parameter's text, decoded; none where it is absent or empty. Refused where it is given
    /// twice.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, RequestError> {
        let value = self.parameter(name)?.filter(|value| !value.is_empty());
        Ok(value.map(Cow::into_owned))
    }

    /// All values of a query parameter that can be repeated, without empty ones.
    pub(super) fn every(&self, name: &str) -> Vec<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(parameter, value)| parameter == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
            .collect()
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
            .ok_or(RequestError::Count { name, max })
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

    /// Whether the query has this parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.query.is_empty()
            && form_urlencoded::parse(self.query.as_bytes()).any(|(found, _)| found == name)
    }
}

/// The text with its percent escapes decoded; lent where it has none, as nearly always. Bytes that
/// are no UTF-8 become the replacement character, which no name has.
pub(super) fn decoded(raw: &str) -> Cow<'_, str> {
    if raw.as_bytes().contains(&b'%') {
        percent_decode_str(raw).decode_utf8_lossy()
    } else {
        Cow::Borrowed(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_from_before_the_first_slash() {
        let url = Url {
            path: "/v1/kms/n%6C-01",
            query: "",
        };
        assert_eq!(url.segment(0), "");
        assert_eq!(url.segment(1), "v1");
        assert_eq!(url.segment(2), "kms");
        assert_eq!(url.segment(3), "nl-01");
        assert_eq!(url.segment(4), "");
        assert_eq!(url.rest_from(2), Some("kms/n%6C-01"));
        assert_eq!(url.rest_from(4), None);
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
        for name in ["zero", "big"] {
            let refused = url.count(name, 10).unwrap_err().to_string();
            assert!(refused.ends_with("from 1 to 10"), "{refused}");
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
}
