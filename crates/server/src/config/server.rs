//! Where the server listens, and how it stops.

use std::net::{Ipv4Addr, SocketAddr};

use super::section::section;

section! {
    /// Where the server listens, and how it stops.
    pub struct Server {
        /// The address and port to listen on. Port 0 picks a free one.
        pub listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8460)),
        /// Whether plain HTTP may be spoken on an address that other machines reach. Set it only
        /// where something in front ends TLS on a network that you trust.
        pub allow_plain_http: bool = false,
        /// How many threads serve requests; 0 means one for each processor.
        pub workers: usize = 0,
        /// How long a stop waits for requests in flight, in seconds, before it leaves them.
        pub stop_grace_seconds: u64 = 30,
    }
}
