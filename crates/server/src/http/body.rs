//! Reading a request's body: bounded in size and time.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is longer than the limit.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It did not arrive in time.
    #[error("the body did not arrive within {} seconds", deadline.as_secs())]
    TooSlow {
        /// The deadline.
        deadline: Duration,
    },
    /// The connection broke while it arrived.
    #[error("the body could not be read to its end")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads the whole body.
///
/// Most bodies are there already when they are asked for; only for the others is a timer made.
pub(super) async fn read<B>(body: B, limit: usize, deadline: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    let mut whole = Box::pin(Limited::new(body, limit).collect());
    let collected = match (&mut whole).now_or_never() {
        Some(collected) => collected,
        None => tokio::time::timeout(deadline, whole)
            .await
            .map_err(|_| BodyError::TooSlow { deadline })?,
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Err(error) => Err(BodyError::Broken(error)),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_body_within_the_limit_is_read() {
        assert_eq!(read(Body::empty(), 0, LONG).await.unwrap(), "");
        assert_eq!(read(Body::from("abcd"), 4, LONG).await.unwrap(), "abcd");
        let chunks = stream::iter([Ok::<_, std::io::Error>("ab"), Ok("cd")]);
        assert_eq!(
            read(Body::from_stream(chunks), 4, LONG).await.unwrap(),
            "abcd"
        );
    }

    #[tokio::test]
    async fn a_longer_one_is_refused_announced_or_not() {
        let announced = read(Body::from("abcde"), 4, LONG).await;
        assert!(matches!(announced, Err(BodyError::TooLarge { limit: 4 })));
        let chunks = stream::iter([Ok::<_, std::io::Error>("abc"), Ok("de")]);
        let streamed = read(Body::from_stream(chunks), 4, LONG).await;
        assert!(matches!(streamed, Err(BodyError::TooLarge { limit: 4 })));
    }

    #[tokio::test]
    async fn one_that_never_comes_is_given_up() {
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        let slow = read(Body::from_stream(never), 4, Duration::ZERO).await;
        assert!(matches!(slow, Err(BodyError::TooSlow { .. })));
    }

    #[tokio::test]
    async fn a_broken_one_keeps_its_cause() {
        let error = std::io::Error::other("cut");
        let broken = stream::iter([Ok("a"), Err(error)]);
        let result = read(Body::from_stream(broken), 4, LONG).await;
        assert!(matches!(result, Err(BodyError::Broken(_))));
    }
}
