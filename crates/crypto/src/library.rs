//! What the cryptographic library refused, without naming the library to other crates.

use std::error::Error;

/// The cryptographic library refused an operation that it should not refuse.
///
/// It says nothing about the data: in practice this means that memory ran out. The cause is kept
/// for the log.
#[derive(Debug, thiserror::Error)]
#[error("the cryptographic library refused the operation")]
pub struct LibraryError(#[source] Box<dyn Error + Send + Sync>);

impl LibraryError {
    pub(crate) fn new(cause: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}
