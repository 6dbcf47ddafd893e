//! This server as an issuer of ID tokens.

use super::section::section;

section! {
    /// This server as an issuer of ID tokens, which others can verify: see
    /// [federation](federation.md#trusting-this-server).
    pub struct Issuer {
        /// The URL that ID tokens name as their issuer, without a final slash. Others find the keys
        /// under it, at `/.well-known/openid-configuration`. Without one no ID tokens are issued.
        pub url: Option<String> = None,
        /// How long each key is used that signs ID tokens or seals access tokens, in days. The next
        /// signing key is published a day before it is used.
        pub rotation_days: u32 = 30,
    }
}
