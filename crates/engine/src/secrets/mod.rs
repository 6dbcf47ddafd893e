//! Secrets: paths, versions, values, policies (contract section 1).

mod browse;
mod create;
mod delete;
mod destroy;
mod incoming;
mod list;
mod policy;
mod policy_document;
mod put;
mod quota;
mod read;
mod reveal;
mod value;
mod versions;
mod view;

pub use browse::BrowseError;
pub use create::{CreateSecretError, NewSecret};
pub use delete::DeleteSecretError;
pub use destroy::DestroyVersionError;
pub use incoming::{IncomingError, NewValue};
pub use list::{ListError, SecretStream};
pub use policy::SetPolicyError;
pub use policy_document::PolicyDocument;
pub(crate) use policy_document::stored as stored_policy;
pub use put::{PutDone, PutValueError};
pub(crate) use quota::SecretQuota;
pub use read::ReadSecretError;
pub use reveal::{RevealError, Revealed};
pub use value::ValueError;
pub use versions::OpenValueFault;
pub use view::{Browsed, PageRequest, SecretView, VersionView};

use std::sync::Arc;

use crate::engine::Inner;

/// How often a change is tried again when another node was faster.
const ATTEMPTS: usize = 16;

/// The operations on secrets. Each consumes the grant that permits it.
pub struct Secrets<'e>(pub(crate) &'e Arc<Inner>);
