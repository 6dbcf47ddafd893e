//! URLs of secrets, and paths (contract 1.2 and 1.3): nothing crashes, a path has one spelling, and
//! whatever a URL names is the path that its escapes spell.

#![no_main]
// The server's own files, compiled here: they are private to it, and use nothing else of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

use http::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secret_url::{Remainder, Suffix};
use strongroom_types::{Directory, PathPrefix, SecretPath};
use url::Url;

#[path = "../../crates/server/src/http/secret_url.rs"]
mod secret_url;
#[path = "../../crates/server/src/http/url.rs"]
mod url;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    paths(text);
    if let Ok(uri) = text.parse() {
        every_call(&uri);
    }
    if let Ok(uri) = format!("/v1/secrets/nl-01/secret{text}").parse() {
        every_call(&uri);
    }
});

fn paths(text: &str) {
    let _ = text.parse::<Directory>();
    let _ = text.parse::<PathPrefix>();
    let Ok(path) = text.parse::<SecretPath>() else {
        return;
    };
    assert_eq!(path.as_str(), text);
    let escaped = utf8_percent_encode(text, NON_ALPHANUMERIC);
    for form in [
        format!("/v1/secrets/nl-01/secret{escaped}"),
        format!("/v1/secrets/nl-01/secret?path={escaped}"),
    ] {
        let uri: Uri = form.parse().expect("escaped, it is a URL");
        let named = Url::of(&uri).secret(Suffix::None).expect("a path is named");
        assert_eq!(named, path);
    }
}

fn every_call(uri: &Uri) {
    let url = Url::of(uri);
    let _ = (url.region(), url.key(), url.event(), url.lacks_version());
    let _ = (
        url.flag("recursive"),
        url.count("limit", 100),
        url.pairs("labels"),
    );
    let Some(remainder) = Remainder::of(url) else {
        return;
    };
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        let Some(suffix) = remainder.suffix(&method, url) else {
            continue;
        };
        if let Ok(path) = url.secret(suffix) {
            assert_eq!(
                path.as_str().parse().as_ref(),
                Ok(&path),
                "a path that is none"
            );
        }
    }
}
