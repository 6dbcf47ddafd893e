//! Fields that requests for providers and federated identities share.

use url::Url;

use crate::object::Object;
use crate::request_error::RequestError;

/// The longest URL, in bytes.
const LONGEST_URL: usize = 512;

/// A URL that a server may be asked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UrlRule {
    /// Whether `http://` will do.
    pub(crate) plain: bool,
    /// Whether it may have a query: an issuer has none (OpenID Connect Discovery 1.0, section 3).
    pub(crate) query: bool,
}

impl UrlRule {
    /// The URL, if one is said; empty text says `Some(None)`.
    pub(crate) fn read(
        self,
        object: &Object<'_>,
        field: &'static str,
    ) -> Result<Option<Option<String>>, RequestError> {
        let Some(text) = object.text(field)? else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(Some(None));
        }
        if !self.takes(text.as_str()) {
            let what = if self.plain {
                "a URL"
            } else {
                "an https:// URL"
            };
            let rest = if self.query { "" } else { ", query" };
            return Err(RequestError::Word {
                field,
                expected: format!(
                    "{what} of at most {LONGEST_URL} characters, without user{rest} and fragment"
                ),
            });
        }
        Ok(Some(Some(text.as_str().to_owned())))
    }

    fn takes(self, text: &str) -> bool {
        // The parser repairs what has blanks, line breaks or back-slashes; here it is a mistake.
        let visible = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !visible || text.len() > LONGEST_URL {
            return false;
        }
        let Ok(url) = Url::parse(text) else {
            return false;
        };
        let scheme = url.scheme() == "https" || self.plain && url.scheme() == "http";
        let user = !url.username().is_empty() || url.password().is_some();
        scheme
            && url.has_host()
            && !user
            && url.fragment().is_none()
            && (self.query || url.query().is_none())
    }
}

/// A list of 1 to `max` texts of at most 255 characters; absent stays absent.
pub(crate) fn list(
    object: &Object<'_>,
    field: &'static str,
    max: usize,
) -> Result<Option<Vec<String>>, RequestError> {
    let Some(raw) = object.given(field) else {
        return Ok(None);
    };
    let expected = "an array of texts of 1 to 255 characters";
    let wrong = || RequestError::Type {
        field: object.named(field),
        expected,
    };
    let texts: Vec<String> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let fits = |text: &String| {
        let length = text.chars().count();
        (1..=255).contains(&length) && !text.chars().any(char::is_control)
    };
    if !texts.iter().all(fits) {
        return Err(wrong());
    }
    let len = texts.len();
    if !(1..=max).contains(&len) {
        return Err(RequestError::Entries { field, max, len });
    }
    Ok(Some(texts))
}

/// A JSON object as it was written, of at most `max` bytes.
pub(crate) fn document(
    object: &Object<'_>,
    field: &'static str,
    max: usize,
) -> Result<Option<String>, RequestError> {
    let Some(raw) = object.given(field) else {
        return Ok(None);
    };
    object.object(field)?;
    if raw.get().len() > max {
        return Err(RequestError::Word {
            field,
            expected: format!("a JSON object of at most {max} bytes"),
        });
    }
    Ok(Some(raw.get().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_what_can_be_asked() {
        let issuer = UrlRule {
            plain: false,
            query: false,
        };
        for (text, expected) in [
            ("https://token.actions.githubusercontent.com", true),
            ("https://gitlab.example.org:8443/sub/path/", true),
            ("https://[2001:db8::1]/", true),
            ("http://issuer.example.org", false),
            ("https://issuer.example.org?x", false),
            ("https://issuer.example.org#x", false),
            ("https://user@issuer.example.org", false),
            ("https://user:pass@issuer.example.org", false),
            ("https://", false),
            ("issuer.example.org", false),
            ("file:///etc/passwd", false),
            ("https://a\\b.example.org", false),
            ("https://a b.example.org", false),
            (" https://issuer.example.org", false),
            ("https://a\n.example.org", false),
        ] {
            assert_eq!(issuer.takes(text), expected, "{text}");
        }
        assert!(!issuer.takes(&format!("https://x/{}", "a".repeat(LONGEST_URL))));
        let keys = UrlRule {
            plain: true,
            query: true,
        };
        assert!(keys.takes("http://issuer.example.org/keys?tenant=7"));
        assert!(!keys.takes("ftp://issuer.example.org/keys"));
    }
}
