//! What one client, and all of them together, may use.

use super::section::section;

section! {
    /// What one client, and all of them together, may use. Sizes are in bytes, times in seconds.
    pub struct Limits {
        /// Connections open at a time. A further one is told so and closed.
        pub connections: usize = 10_000,
        /// The longest request head that HTTP/1.1 may send, and the longest header list of HTTP/2.
        pub header_bytes: usize = 16_384,
        /// Header fields in one HTTP/1.1 request.
        pub header_count: usize = 100,
        /// How long a client may take to send a request head, from its first byte on.
        pub header_seconds: u64 = 10,
        /// How long a TLS handshake may take.
        pub handshake_seconds: u64 = 10,
        /// How long a connection may stay open without a request.
        pub idle_seconds: u64 = 75,
        /// How long a request may take until its reply begins.
        pub request_seconds: u64 = 60,
        /// The largest request body. The largest legal one (256 entries of 4,096 bytes in base64)
        /// needs about 1.4 MiB.
        pub body_bytes: usize = 2_097_152,
        /// How long a client may take to send a request body.
        pub body_seconds: u64 = 30,
        /// Requests in flight on one HTTP/2 connection.
        pub http2_streams: u32 = 256,
        /// Requests a second that one principal may make, with all their credentials together, or
        /// one address that proves nobody; 0 sets no limit.
        pub requests_per_second: u32 = 0,
        /// How many requests they may make at once before the limit above counts.
        pub burst: u32 = 100,
        /// Failed attempts to authenticate, from one address or with one access key, after which
        /// whoever failed must wait: a second, then twice as long each time; 0 lets nobody wait.
        pub failed_attempts: u32 = 20,
        /// The longest such wait, in seconds.
        pub failed_attempt_wait_seconds: u64 = 60,
    }
}
