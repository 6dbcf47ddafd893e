//! Documents of other issuers, fetched by whoever knows the network.

use futures_util::future::BoxFuture;

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It may not be asked for: not https, or at an address that is closed to this.
    #[error("it may not be fetched: {0}")]
    Forbidden(String),
    /// Nobody answered, or not in time.
    #[error("it could not be fetched")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer was no success. Redirects are not followed.
    #[error("it was answered with status {0}")]
    Status(u16),
    /// The answer is longer than any that is read.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// The answer is not what it should be.
    #[error("it is no {0}")]
    Content(&'static str),
}

/// Fetches documents over HTTPS.
///
/// The engine decides which document, whoever implements this decides whether its address may be
/// asked: the URLs come from people and from foreign servers, and must not reach what only this
/// machine can reach.
pub trait Outbound: Send + Sync {
    /// The document at a URL.
    ///
    /// # Errors
    ///
    /// It may not be asked for, or did not come.
    fn fetch(&self, url: String) -> BoxFuture<'_, Result<Vec<u8>, FetchError>>;
}

/// Fetches nothing: for installations and tests without a network.
pub struct NoOutbound;

impl Outbound for NoOutbound {
    fn fetch(&self, _: String) -> BoxFuture<'_, Result<Vec<u8>, FetchError>> {
        let refusal = FetchError::Forbidden("this server calls nobody".to_owned());
        Box::pin(std::future::ready(Err(refusal)))
    }
}
