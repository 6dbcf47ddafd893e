//! The product: secrets, keys, identities, tokens and the record of every call.
//!
//! No HTTP, no SQL, no environment, and no clock or randomness of its own. Every operation
//! consumes a grant that only `strongroom-authz` can mint, and returns a [`Recorded`] result that
//! exists only once the call's audit record is durable.

mod access_times;
mod audit_log;
mod call;
mod directory;
mod engine;
mod evidence;
mod issuer;
mod jobs;
mod keys;
mod outbox;
mod root_key;
mod rows;
mod secrets;
mod settings;
mod stripes;
mod trail;

pub use access_times::FlushError;
pub use audit_log::{AuditLog, AuditLogError};
pub use call::{Arrival, Call, Recorded};
pub use directory::{
    AccessFilter, AccessView, BindingSource, ElevationStatus, ElevationView, HeldView, Holder,
    MemberHolding, NewElevation, NewPolicy, NewPolicyBinding, PolicyBindingChange,
    PolicyBindingView, PolicyChange, PolicyMemberView, PolicyView, ReviewView, Until,
};
pub use directory::{
    AccessTokenError, AudienceMatch, BindingView, ConditionError, Credential, CredentialView,
    DescribedView, Directory, DirectoryError, EnterError, Entered, Entry, ExchangeAsk,
    ExchangeError, ExchangeRefusal, FederatedAccountView, FederatedFilter, FederatedIdentityChange,
    FederatedIdentityError, FederatedIdentityView, FederatedProviderChange, FederatedProviderError,
    FederatedProviderView, Federation, FetchError, Gate, Grantee, GranteeView, IdentityStatus,
    Invitations, InviteView, IssueError, IssuedCredential, IssuedInvite, IssuedPersonalToken,
    IssuedToken, JoinError, Joined, KeySetError, ListFilter, ManageError, Management, MemberView,
    NamedView, Naming, NamingChange, NewAccessCredential, NewBinding, NewCredential,
    NewFederatedIdentity, NewFederatedProvider, NewInvite, NewOrganisation, NewRole,
    NewRoleBinding, NewRule, NewTeamMember, NewToken, NewUser, NoOutbound, OrganisationSummary,
    Outbound, PrincipalRef, ProjectParent, ProjectView, RoleRef, RoleView, RuleView,
    ServiceAccountView, SignInAsk, SignInError, SignInOption, SignInOptions, SignInOptionsError,
    SignInSettings, TeamMemberView, TeamView, Thing, TokenAsk, TokenError, TokenExtras,
    TokenIndexError, TokenView, Tokens, UserView,
};
pub use directory::{
    Cut, ExplainError, Explanation, Ground, PolicyFinding, RightsQuestion, Source, Subject, Verdict,
};
pub use engine::{Engine, EngineParts, NotReady, StartError, StopError};
pub use evidence::Reason;
pub use issuer::{
    IdTokenAsk, IdTokenError, Issuer, IssuerError, PublicSigningKey, RotationError, SealFault,
};
pub use keys::{
    BatchItem, CountError, CreateKeyError, DataKey, DecryptDataError, Decrypted, DrawError,
    EncryptDataError, Encrypted, ExportKeyError, Exported, Hashed, KeyChangeError, KeyFilter,
    KeyUnusable, KeyVersionView, KeyView, Keys, ListKeysError, MAX_ASSOCIATED_DATA, MAX_PLAINTEXT,
    MAX_RANDOM, MalformedCiphertext, MalformedText, MaterialFault, NewImport, NewKey,
    NewMaterialFault, ReadKeyError, ReencryptError, RegionSummary, RemovalError, ResolveKeyError,
    RotationChange, ScheduleError, Signed, SlowFault, Summary, ToDecrypt, ToDraw, ToEncrypt,
    ToHash, ToReencrypt, ToSign, UseKeyError, Verified, WrappingKeyError, WrappingKeyView,
};
pub use outbox::OutboxError;
pub use root_key::{RootKeyChange, ShareOutcome};
pub use rows::keyspace::keyring_key;
pub use rows::{CommitFault, RowFault};
pub use secrets::{
    BrowseError, Browsed, CreateSecretError, DeleteSecretError, DestroyVersionError, IncomingError,
    ListError, NewSecret, NewValue, OpenValueFault, PageRequest, PolicyDocument, PutDone,
    PutValueError, ReadSecretError, RevealError, Revealed, SecretStream, SecretView, Secrets,
    SetPolicyError, ValueError, VersionView,
};
pub use settings::{AttemptLimit, RegionSettings, Settings, ValueSettings};
pub use trail::{AuditUnavailable, ChangeFault};
