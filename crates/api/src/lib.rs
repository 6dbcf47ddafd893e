//! The wire: what travels between server and clients, as the contract spells it.
//!
//! Requests are parsed here into the vocabulary of `strongroom-types` (past this room a
//! `SecretPath` is a valid path), replies are plain serde types, and the few bodies that hold a
//! secret are written and read behind one door ([`SensitiveBody`]). Shared by server and client;
//! knows no HTTP library.

mod access_elevation;
mod audit;
mod batch;
mod browse;
mod bytes;
mod code;
mod create_key;
mod create_secret;
mod crypto;
mod data_key;
mod encoding;
mod error;
mod explain;
mod federated_field;
mod federated_identity;
mod federated_provider;
mod federated_schema;
mod iam_policy;
mod iam_policy_schema;
mod invite;
mod issuer;
mod key;
mod key_schema;
mod key_version;
mod manage_schema;
mod material;
mod member;
mod naming;
mod object;
mod policy;
mod policy_schema;
mod project;
mod put_value;
mod region;
mod request_error;
mod request_schema;
mod reveal;
mod role;
mod rotation;
mod schema;
mod seal;
mod secret;
mod sensitive;
mod service_account;
pub mod shape;
mod sign;
mod sign_in;
mod summary;
mod time;
mod token;
mod until;
mod value;

pub use access_elevation::{
    AccessElevation, CreateAccessElevation, ProjectMember, ProjectMemberAccess, ResourceAccess,
    ResourceAccessBinding, ReviewAccessElevation,
};
pub use audit::{AuditContext, AuditEntry, AuditPage, AuditPrincipal};
pub use batch::{Batch, BatchAnswer, BatchReply, DecryptAnswer, MAX_BATCH, decrypt_batch_reply};
pub use browse::Browse;
pub use code::{ErrorCode, render_error_catalogue};
pub use create_key::{CreateKey, ImportKey};
pub use create_secret::CreateSecret;
pub use crypto::{Decrypt, DecryptReply, Encrypt, EncryptReply, decrypt_reply};
pub use data_key::{DrawDataKey, DrawRandom, Reencrypt, data_key_reply, random_reply};
pub use encoding::{Encoding, encode};
pub use error::ErrorBody;
pub use explain::{
    Explain, ExplainedBinding, ExplainedPolicy, ExplainedPrincipal, ExplainedRule, Explanation,
    MissingRight, Subject,
};
pub use federated_identity::{
    AudienceMode, CreateFederatedIdentity, FederatedIdentity, NewStatus, ServiceAccountRef,
    UpdateFederatedIdentity,
};
pub use federated_provider::{CreateFederatedProvider, FederatedProvider, UpdateFederatedProvider};
pub use iam_policy::{
    CreateIamPolicy, CreateIamPolicyBinding, IamPolicy, IamPolicyBinding, UpdateIamPolicy,
    UpdateIamPolicyBinding,
};
pub use invite::{AcceptInvite, CreateInvite, Invite, invite_reply, joined_reply};
pub use issuer::{IssuerDiscovery, JsonWebKey, JsonWebKeySet};
pub use key::{KmsKey, KmsKeyVersion};
pub use key_version::parse_key_version;
pub use material::{Export, PublicKeys, WrappingKey, export_reply};
pub use member::{AddTeamMember, Membership, Organisation, Team, TeamMember, UpdateMembership};
pub use naming::{AppUser, Described, NamedRef, Naming, NamingChange, SCOPES};
pub use object::Object;
pub use policy::PolicyUpdate;
pub use project::{CreateProject, Project, UpdateProject};
pub use put_value::{PutReply, PutValue};
pub use region::{Region, RegionRef};
pub use request_error::RequestError;
pub use reveal::{GetValue, Reveal, RevealReply, reveal_reply};
pub use role::{AddRule, CreateRoleBinding, Grantee, Role, RoleBinding, RoleRule, role_reference};
pub use rotation::Rotation;
pub use schema::schemas;
pub use seal::SealStatus;
pub use secret::{Secret, SecretVersion};
pub use sensitive::SensitiveBody;
pub use service_account::{
    AccessCredential, CreateAccessCredential, PersonalToken, ServiceAccount,
    access_credential_reply, personal_token_reply,
};
pub use sign::{Hmac, HmacReply, Sign, SignInput, SignReply, Verify, VerifyHmac, VerifyReply};
pub use sign_in::{SignIn, SignInOptions, SignInProvider};
pub use summary::{Summary, SummaryRegion};
pub use time::Time;
pub use token::{TokenRefusal, TokenReply};
pub use until::Until;
pub use value::{Rules, ValueInput};
