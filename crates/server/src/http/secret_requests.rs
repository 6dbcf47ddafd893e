//! What the calls on secrets are parsed into.

use strongroom_api::{self as api, ErrorCode, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{DeleteSecretError, NewSecret, NewValue, PageRequest, PolicyDocument};
use strongroom_types::{PathError, PathPrefix, SecretPath, Version};

use super::guard::{Parts, Request, Target};
use super::refusal::Refusal;
use super::secret_url::Suffix;

/// The most entries that one page may ask for.
pub(super) const MOST_ENTRIES: usize = 10_000;

fn page(parts: &Parts<'_>) -> Result<PageRequest, RequestError> {
    let after = parts.url.path_parameter("after")?;
    let wrong = |source: PathError| RequestError::Path {
        field: "after",
        source,
    };
    after
        .as_deref()
        .map(str::parse::<PathPrefix>)
        .transpose()
        .map_err(wrong)?;
    Ok(PageRequest {
        limit: parts.url.count("limit", MOST_ENTRIES)?,
        after,
    })
}

/// S1.
pub(super) struct Browse(pub(super) PageRequest);

impl Request for Browse {
    type Action = authz::BrowseSecrets;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let text = parts.url.path_parameter("path")?;
        let wrong = |source: PathError| RequestError::Path {
            field: "path",
            source,
        };
        let directory = text.as_deref().unwrap_or("/").parse().map_err(wrong)?;
        Ok((directory, Self(page(parts)?)))
    }
}

/// S2.
pub(super) struct List(pub(super) PageRequest);

impl Request for List {
    type Action = authz::ListSecrets;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let name = "pathPrefix";
        if parts.url.has("path") {
            let problem = "cannot be combined with `path`; send one of them";
            return Err(RequestError::Query { name, problem }.into());
        }
        let text = parts.url.path_parameter(name)?.unwrap_or_default();
        let wrong = |source: PathError| RequestError::Path {
            field: name,
            source,
        };
        Ok((text.parse().map_err(wrong)?, Self(page(parts)?)))
    }
}

/// S3.
pub(super) struct Create(pub(super) NewSecret);

impl Request for Create {
    type Action = authz::CreateSecret;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::CreateSecret::parse(parts.body, parts.rules)?;
        let policy = body
            .access_policy
            .map(|policy| PolicyDocument::parse(policy.get()));
        let new = NewSecret {
            key: body.key,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            policy: policy.transpose()?.flatten(),
            value: body.value.map(new_value),
        };
        Ok((body.path, Self(new)))
    }
}

fn new_value(input: api::ValueInput) -> NewValue {
    match input {
        api::ValueInput::Given { value, taken_raw } => NewValue::Given { value, taken_raw },
        api::ValueInput::Generate { bytes } => NewValue::Generate { bytes },
    }
}

/// S4.
pub(super) struct Read {
    pub(super) include_versions: bool,
}

impl Request for Read {
    type Action = authz::ReadSecret;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::None)?;
        Ok((
            path,
            Self {
                include_versions: parts.url.flag("includeVersions")?,
            },
        ))
    }
}

/// S5.
pub(super) struct SetPolicy(pub(super) Option<PolicyDocument>);

impl Request for SetPolicy {
    type Action = authz::UpdateSecretPolicy;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::Policy)?;
        let policy = api::PolicyUpdate::parse(parts.body)?.access_policy;
        let policy = policy.map(|policy| PolicyDocument::parse(policy.get()));
        Ok((path, Self(policy.transpose()?.flatten())))
    }
}

/// The path of the URL, with which one in the body must agree.
fn agreed(url: SecretPath, body: Option<SecretPath>) -> Result<SecretPath, RequestError> {
    match body {
        Some(other) if other != url => Err(RequestError::PathDiffers { place: "body" }),
        _ => Ok(url),
    }
}

/// S6.
pub(super) struct Put(pub(super) NewValue);

impl Request for Put {
    type Action = authz::PutSecretValue;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::Versions)?;
        let body = api::PutValue::parse(parts.body, parts.rules)?;
        Ok((agreed(path, body.path)?, Self(new_value(body.value))))
    }
}

/// S7.
pub(super) struct Reveal {
    pub(super) version: Option<Version>,
}

impl Request for Reveal {
    type Action = authz::ReadSecretValue;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::Value)?;
        let body = api::GetValue::parse(parts.body)?;
        Ok((
            agreed(path, body.path)?,
            Self {
                version: body.version,
            },
        ))
    }
}

/// S8.
pub(super) struct Destroy {
    pub(super) version: Version,
}

impl Request for Destroy {
    type Action = authz::DestroySecretVersion;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::Versions)?;
        let refuse = |problem| RequestError::Query {
            name: "version",
            problem,
        };
        let version = parts
            .url
            .parameter("version")?
            .ok_or_else(|| refuse("is required: the version to destroy"))?
            .parse()
            .map_err(|_| refuse("must be a whole number from 1 to 9223372036854775807"))?;
        Ok((path, Self { version }))
    }
}

/// S9.
pub(super) struct Delete {
    pub(super) lacks_version: bool,
}

impl Request for Delete {
    type Action = authz::DeleteSecret;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let path = parts.url.secret(Suffix::None)?;
        Ok((
            path,
            Self {
                lacks_version: parts.url.lacks_version(),
            },
        ))
    }
}

impl Delete {
    /// `DELETE …/versions` means a secret of that name; where there is none, a destroy whose
    /// version was forgotten (contract 1.3).
    pub(super) fn refusal(&self, error: DeleteSecretError) -> Refusal {
        match error {
            DeleteSecretError::NotFound if self.lacks_version => Refusal::new(
                ErrorCode::InvalidQuery,
                "query parameter `version` is required to destroy a version; \
                 there is no secret with exactly this path either",
            ),
            other => other.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::http::url::Url;

    fn read<R: Request>(uri: &str, body: &str) -> Result<(Target<R>, R), (u16, String)> {
        let uri: http::Uri = uri.parse().unwrap();
        let parts = Parts {
            url: Url::of(&uri),
            headers: &HeaderMap::new(),
            body: body.as_bytes(),
            rules: &api::Rules::default(),
        };
        R::read(&parts).map_err(|refusal| (refusal.code().status(), refusal.message().to_owned()))
    }

    #[test]
    fn a_body_must_agree_with_the_url() {
        let uri = "/v1/secrets/nl-01/secret/app/db/value";
        assert!(read::<Reveal>(uri, r#"{"path":"/app/db","version":2}"#).is_ok());
        assert!(read::<Reveal>(uri, r#"{"path":"app/db"}"#).is_ok());
        assert!(read::<Reveal>(uri, "").is_ok());
        for body in [
            r#"{"path":"/app/db/value"}"#,
            r#"{"path":"/app"}"#,
            r#"{"path":"/app/../db"}"#,
        ] {
            assert_eq!(read::<Reveal>(uri, body).err().unwrap().0, 400, "{body}");
        }
    }

    #[test]
    fn a_destroy_needs_its_version() {
        let base = "/v1/secrets/nl-01/secret/app/versions";
        let (path, destroy) = read::<Destroy>(&format!("{base}?version=3"), "")
            .ok()
            .unwrap();
        assert_eq!((path.as_str(), destroy.version.get()), ("/app", 3));
        for query in [
            "version=",
            "version=0",
            "version=-1",
            "version=1.5",
            "version=01",
            "version=%2B1",
            "version=9223372036854775808",
            "version=1&version=2",
            "other=1",
        ] {
            let (status, message) = read::<Destroy>(&format!("{base}?{query}"), "")
                .err()
                .unwrap();
            assert_eq!(status, 400, "{query}");
            assert!(message.contains("`version`"), "{query}: {message}");
        }
    }

    #[test]
    fn a_directory_and_a_prefix_exclude_each_other() {
        let base = "/v1/secrets/nl-01/secrets";
        let directory = |query: &str| {
            read::<Browse>(&format!("{base}{query}"), "")
                .map(|(d, _)| d.as_str().to_owned())
                .ok()
        };
        assert_eq!(directory(""), Some("/".to_owned()));
        assert_eq!(directory("?path=/app"), Some("/app/".to_owned()));
        assert_eq!(directory("?path=/a+b/"), Some("/a+b/".to_owned()));
        assert_eq!(directory("?path=/a//"), None);
        assert_eq!(directory("?path=/a&limit=0"), None);
        assert_eq!(directory("?path=/a&after=../b"), None);
        assert!(read::<List>(&format!("{base}?pathPrefix=/app"), "").is_ok());
        assert!(read::<List>(&format!("{base}?pathPrefix=/app&path=/app"), "").is_err());
        assert!(read::<List>(&format!("{base}?pathPrefix=app"), "").is_err());
        assert!(read::<List>(&format!("{base}?pathPrefix="), "").is_err());
    }

    #[test]
    fn a_policy_that_is_none_is_refused() {
        let uri = "/v1/secrets/nl-01/secret/app/policy";
        assert!(read::<SetPolicy>(uri, r#"{"accessPolicy":null}"#).is_ok());
        assert!(read::<SetPolicy>(uri, r#"{"accessPolicy":{}}"#).is_ok());
        for body in [
            "{}",
            r#"{"accessPolicy":{"unknown":[]}}"#,
            r#"{"accessPolicy":[]}"#,
        ] {
            assert_eq!(read::<SetPolicy>(uri, body).err().unwrap().0, 400, "{body}");
        }
    }
}
