//! Time, as an argument.

pub use jiff::Timestamp;

/// Where the time comes from. The engine has no clock of its own, so that tests can turn it.
pub trait Clock: Send + Sync + 'static {
    /// The current instant, in UTC, with at most microsecond precision (what rows can hold).
    fn now(&self) -> Timestamp;
}
