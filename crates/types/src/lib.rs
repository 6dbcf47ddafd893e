//! The vocabulary of Strongroom.
//!
//! Every type here is valid by construction: text from outside is parsed once, at the edge, and
//! nobody checks twice. No I/O, no async, no serialisation format.

mod clock;
mod hash;
mod identity;
mod key;
mod labels;
mod networks;
mod path;
mod plaintext;
mod region;
mod scope;
mod secret;
mod slug;
mod text;
mod version;

pub use clock::{Clock, Timestamp};
pub use hash::{
    HashAlgorithm, SignatureScheme, UnknownHash, UnknownScheme, UnknownWrapHash, WrapHash,
};
pub use identity::{
    BindingId, CredentialId, ElevationId, EventId, FederatedIdentityId, FederatedProviderId,
    IdentityError, InviteId, KeyId, OrganisationId, ProjectId, Reference, RoleId, RuleId,
    ServiceAccountId, TeamId, TokenId, UserId,
};
pub use key::{KeyFamily, KeyOperation, KeyStatus, KeyType, UnknownKeyType};
pub use labels::{LabelError, LabelLimits, Labels};
pub use networks::{Network, NetworkError, Networks};
pub use path::{Directory, PathError, PathPrefix, SecretPath};
pub use plaintext::Plaintext;
pub use region::Region;
pub use scope::Scope;
pub use secret::{EntryName, EntryNameError, SecretValue, ValueFormat, VersionStatus};
pub use slug::{Slug, SlugError};
pub use text::{Description, DisplayName, TextError};
pub use version::{Version, VersionError};
