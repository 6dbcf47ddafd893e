//! A typed async client of Strongroom's HTTP API.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use strongroom_client::{Client, Credential, Plaintext, SecretValue};
//!
//! let token = Plaintext::new(std::fs::read("token")?);
//! let client = Client::builder("https://strongroom.example.org", Credential::token(token)?)
//!     .organisation("main".parse()?)
//!     .build()?;
//!
//! let region = "nl-01".parse()?;
//! let found = client
//!     .secrets(&region)
//!     .reveal(&"/app/production/db/password".parse()?, None)
//!     .await?;
//! if let SecretValue::String(value) = found.value {
//!     connect(value.expose());
//! }
//! # Ok(()) }
//! # fn connect(_password: &[u8]) {}
//! ```
//!
//! What it does for its users, beside building requests:
//!
//! - a value is a [`Plaintext`]: it cannot be printed and is wiped when dropped, as are the bodies
//!   that carry it and the credential (what the TLS and HTTP libraries buffer is theirs);
//! - with client credentials it asks for an access token when one is needed, renews it before it
//!   expires, and asks once more when the server no longer knows it;
//! - it follows no redirect, so that a credential only ever goes to the endpoint that was named,
//!   and refuses to send one in the clear to another machine unless told so;
//! - it never repeats a call that may have had an effect. [`ClientError`] says which failures are
//!   worth another attempt.

mod audit;
mod builder;
mod client;
mod credential;
mod error;
mod keys;
mod rights;
mod seal;
mod secrets;
mod sign_in;
#[cfg(test)]
mod testing;
mod token;
mod transport;

pub use audit::{Audit, AuditQuery};
pub use builder::{BuildError, Builder};
pub use client::Client;
pub use credential::{Credential, CredentialError};
pub use error::{ClientError, DecodeError, Refusal, TransportError};
pub use keys::{KeyFilter, Keys};
pub use rights::RightsQuestion;
pub use secrets::Secrets;
pub use sign_in::AccessToken;

pub use strongroom_api::{
    AuditEntry, AuditPage, AuditPrincipal, Browse, CreateKey, CreateSecret, DecryptReply,
    EncryptReply, ExplainedRule, Explanation, KmsKey, KmsKeyVersion, PutReply, Region, RegionRef,
    RequestError, RevealReply, Rotation, SealStatus, Secret, SecretVersion, SignInOptions,
    SignInProvider, Summary, SummaryRegion, Time, ValueInput,
};
pub use strongroom_types::{
    Description, Directory, DisplayName, EntryName, EventId, KeyId, KeyType, LabelLimits, Labels,
    OrganisationId, PathPrefix, Plaintext, ProjectId, Reference, SecretPath, SecretValue,
    ServiceAccountId, Slug, UserId, Version,
};
