//! The wire: what travels between server and clients, as the contract spells it.
//!
//! Requests are parsed here into the vocabulary of `strongroom-types` (past this room a
//! `SecretPath` is a valid path), replies are plain serde types, and the few bodies that hold a
//! secret are written and read behind one door ([`SensitiveBody`]). Shared by server and client;
//! knows no HTTP library.

mod audit;
mod browse;
mod code;
mod create_key;
mod create_secret;
mod crypto;
mod encoding;
mod error;
mod key;
mod object;
mod policy;
mod policy_schema;
mod put_value;
mod region;
mod request_error;
mod request_schema;
mod reveal;
mod rotation;
mod schema;
mod secret;
mod sensitive;
pub mod shape;
mod summary;
mod time;
mod token;
mod value;

pub use audit::{AuditContext, AuditEntry, AuditPage, AuditPrincipal};
pub use browse::Browse;
pub use code::{ErrorCode, render_error_catalogue};
pub use create_key::CreateKey;
pub use create_secret::CreateSecret;
pub use crypto::{Decrypt, DecryptReply, Encrypt, EncryptReply, decrypt_reply, parse_key_version};
pub use encoding::{Encoding, encode};
pub use error::ErrorBody;
pub use key::{KmsKey, KmsKeyVersion};
pub use object::Object;
pub use policy::PolicyUpdate;
pub use put_value::{PutReply, PutValue};
pub use region::{Region, RegionRef};
pub use request_error::RequestError;
pub use reveal::{GetValue, Reveal, RevealReply, reveal_reply};
pub use rotation::Rotation;
pub use schema::schemas;
pub use secret::{Secret, SecretVersion};
pub use sensitive::SensitiveBody;
pub use summary::{Summary, SummaryRegion};
pub use time::Time;
pub use token::{TokenRefusal, TokenReply};
pub use value::{Rules, ValueInput};
