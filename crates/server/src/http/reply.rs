//! Replies: the only way to a success, and only for what is durably on record.

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use strongroom_api::{ErrorCode, SensitiveBody};
use strongroom_engine::Recorded;

use super::refusal::{Refusal, chain};

/// The content type of every body.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How much of a streamed list goes out in one piece, in bytes.
const PIECE: usize = 16 * 1024;

/// The body of a success. Made from something [`Recorded`], or by a call that the audit log
/// leaves out (`Unrecorded`).
#[must_use]
pub struct Reply {
    body: Body,
    is_empty: bool,
}

impl Reply {
    /// A JSON body.
    pub(super) fn json<T, W: Serialize>(
        recorded: Recorded<T>,
        show: impl FnOnce(T) -> W,
    ) -> Result<Self, Refusal> {
        Self::serialised(&show(recorded.into_inner()))
    }

    /// A body that holds a secret.
    pub(super) fn sensitive<T>(
        recorded: Recorded<T>,
        show: impl FnOnce(T) -> SensitiveBody,
    ) -> Self {
        let body = Bytes::from_owner(show(recorded.into_inner()));
        Self {
            body: Body::from(body),
            is_empty: false,
        }
    }

    /// No body.
    pub(super) fn empty(recorded: Recorded<()>) -> Self {
        let () = recorded.into_inner();
        Self {
            body: Body::empty(),
            is_empty: true,
        }
    }

    /// A JSON array that is never in memory as a whole. If an item fails, the connection breaks
    /// off, so that no client takes a part for the whole.
    pub(super) fn list<T, E, W>(
        recorded: Recorded<BoxStream<'static, Result<T, E>>>,
        request_id: String,
        show: fn(T) -> W,
    ) -> Self
    where
        T: 'static,
        E: std::error::Error + Send + Sync + 'static,
        W: Serialize + 'static,
    {
        let items = recorded.into_inner().map(move |item| match item {
            Ok(item) => serde_json::to_vec(&show(item)).map_err(Broken::Shown),
            Err(error) => Err(Broken::Read(Box::new(error))),
        });
        let pieces = stream::unfold(List::begin(items.boxed(), request_id), List::next);
        Self {
            body: Body::from_stream(pieces),
            is_empty: false,
        }
    }

    /// A JSON body of a call that leaves no record: probes, and what is public.
    pub(super) fn unrecorded(_: &super::guard::Unrecorded, body: impl Into<Bytes>) -> Self {
        Self {
            body: Body::from(body.into()),
            is_empty: false,
        }
    }

    /// The same, of something public.
    pub(super) fn public<W: Serialize>(
        _: &super::guard::Unrecorded,
        body: &W,
    ) -> Result<Self, Refusal> {
        Self::serialised(body)
    }

    fn serialised<W: Serialize>(body: &W) -> Result<Self, Refusal> {
        let bytes =
            serde_json::to_vec(body).map_err(|error| Refusal::fault(ErrorCode::Internal, error))?;
        Ok(Self {
            body: Body::from(bytes),
            is_empty: false,
        })
    }

    /// The answer, with the route's own status.
    pub(super) fn into_response(self, status: StatusCode) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = status;
        response.headers_mut().reserve(6);
        if !self.is_empty {
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        }
        response
    }
}

/// Why a list broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("an item could not be read")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("an item could not be written")]
    Shown(#[source] serde_json::Error),
}

type Items = BoxStream<'static, Result<Vec<u8>, Broken>>;

/// A list on its way out.
struct List {
    items: Items,
    request_id: String,
    separator: u8,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Going,
    Ended,
}

impl List {
    const fn begin(items: Items, request_id: String) -> Self {
        Self {
            items,
            request_id,
            separator: b'[',
            state: State::Going,
        }
    }

    /// The next piece of the array.
    async fn next(mut self) -> Option<(Result<Bytes, Broken>, Self)> {
        if self.state == State::Ended {
            return None;
        }
        let mut piece = BytesMut::new();
        while piece.len() < PIECE {
            match self.items.next().await {
                Some(Ok(item)) => {
                    piece.put_u8(std::mem::replace(&mut self.separator, b','));
                    piece.put_slice(&item);
                }
                Some(Err(error)) => {
                    let (request_id, cause) = (self.request_id.as_str(), chain(&error));
                    tracing::error!(request_id, cause, "a list broke off");
                    self.state = State::Ended;
                    return Some((Err(error), self));
                }
                None => {
                    piece.put_slice(if self.separator == b'[' { b"[]" } else { b"]" });
                    self.state = State::Ended;
                    break;
                }
            }
        }
        Some((Ok(piece.freeze()), self))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn list(items: Vec<Result<Vec<u8>, Broken>>) -> Body {
        let items = stream::iter(items).boxed();
        Body::from_stream(stream::unfold(
            List::begin(items, String::new()),
            List::next,
        ))
    }

    async fn whole(body: Body) -> Result<String, axum::Error> {
        let bytes = body.collect().await?.to_bytes();
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_list_of_any_length_is_an_array() {
        assert_eq!(whole(list(vec![])).await.unwrap(), "[]");
        assert_eq!(whole(list(vec![Ok(b"1".to_vec())])).await.unwrap(), "[1]");
        let many: Vec<_> = (0..20_000)
            .map(|n: u32| Ok(n.to_string().into_bytes()))
            .collect();
        let text = whole(list(many)).await.unwrap();
        let read: Vec<u32> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, (0..20_000).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_broken_list_is_no_array() {
        let error = Broken::Read(Box::new(std::io::Error::other("gone")));
        assert!(
            whole(list(vec![Ok(b"1".to_vec()), Err(error)]))
                .await
                .is_err()
        );
    }
}
