//! How the keys of foreign issuers are fetched.

use std::path::PathBuf;

use super::proxies::Network;
use super::section::section;

section! {
    /// How the keys of foreign issuers are fetched, for the exchange of their tokens. Only https is
    /// spoken, redirects are not followed, and only public addresses are asked.
    pub struct Federation {
        /// Networks that may be asked although they are not public: where an issuer of your own
        /// runs, such as a GitLab or the API server of a Kubernetes cluster. Whoever may manage
        /// providers can make this server send requests there.
        pub allowed_networks: Vec<Network> = Vec::new(),
        /// A PEM file of further certificate authorities, for issuers whose certificates the
        /// system does not know.
        pub ca_file: Option<PathBuf> = None,
        /// How long a request to an issuer may take, in seconds.
        pub timeout_seconds: u64 = 5,
        /// Whether issuers may be asked by plain http. Whoever sits on the way can then put in keys
        /// of their own and get tokens; for tests only.
        pub allow_plain_http: bool = false,
    }
}
