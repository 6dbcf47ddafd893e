//! Actions: everything that a caller can be permitted to do, one type for each.
//!
//! The table at the end is the contract's permission columns (1.1, 2.1) as data. A new action is
//! one entry there.

use std::fmt;

use strongroom_types::{
    BindingId, CredentialId, Directory, EventId, InviteId, KeyId, OrganisationId, PathPrefix,
    ProjectId, Reference, RoleId, RuleId, Scope, SecretPath, ServiceAccountId, Slug, TeamId,
    TokenId, UserId,
};

use crate::decision::Reach;
use crate::permission::Permission;
use crate::resource::ResourceType;

mod sealed {
    pub trait Sealed {}
}

/// What a caller can be permitted to do. Implemented here only, by types without values: nobody
/// else can make up an action that needs no permission.
///
/// ```compile_fail,E0277
/// use strongroom_authz::{Action, DeniedAs, Extent, Kind, Permission, ResourceType};
///
/// enum Anything {}
///
/// impl Action for Anything {
///     const NAME: &'static str = "Anything";
///     const RESOURCE: ResourceType = ResourceType::Secret;
///     const PERMISSIONS: &'static [Permission] = &[];
///     const DENIED: DeniedAs = DeniedAs::Forbidden;
///     const KIND: Kind = Kind::Uses;
///     type Scope = strongroom_types::Scope;
///     type Target = strongroom_types::SecretPath;
///
///     fn extent(_: &Self::Target) -> Extent<'_> {
///         Extent::Some
///     }
/// }
/// ```
pub trait Action: sealed::Sealed + 'static {
    /// The action's name, for logs and for the tests that go through all of them.
    const NAME: &'static str;
    /// What it is done to.
    const RESOURCE: ResourceType;
    /// The permissions of which any one suffices. None: every member of the organisation may.
    const PERMISSIONS: &'static [Permission];
    /// What a caller learns who may not.
    const DENIED: DeniedAs;
    /// Whether it looks, uses or changes.
    const KIND: Kind;
    /// Where it happens: a [`Scope`], or a whole organisation.
    type Scope: ActionScope;
    /// What a request names.
    type Target: fmt::Debug + Send + Sync + 'static;

    /// On how much of the type the caller must hold the permission, before anything is read.
    fn extent(target: &Self::Target) -> Extent<'_>;
}

/// An action on one existing key, which a request names by identity or slug.
///
/// Its grant says only that the caller may do this to some key; the engine finds the key and then
/// asks [`Grant::resolve`](crate::Grant::resolve) about that one.
pub trait KeyAction: Action<Scope = Scope, Target = Reference<KeyId>> {}

/// On how much of a resource type a permission must be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'a> {
    /// On the thing with this name.
    Named(&'a str),
    /// On at least one thing; a second decision follows when the thing is known.
    Some,
    /// On every thing of the type: a rule that is limited to names does not suffice.
    Every,
}

/// What a caller learns who holds no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedAs {
    /// That a permission is missing (403).
    Forbidden,
    /// Nothing: the answer is the one for a thing that does not exist (404, contract 2.9).
    NotFound,
    /// Nothing: the call succeeds and shows only what may be seen, perhaps nothing (2.10).
    LeftOut,
}

/// What a call does, for the limits that a credential can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Looks at metadata.
    Reads,
    /// Changes nothing, and yet hands out or uses what is secret: reveals, cryptography, exports.
    Uses,
    /// Changes something.
    Writes,
}

/// Where an action can happen.
pub trait ActionScope: sealed::Sealed + fmt::Debug + Send + Sync + 'static {
    /// Whose rules count here.
    const REACH: Reach;

    /// The organisation.
    fn organisation(&self) -> OrganisationId;

    /// The project, if the place is inside one.
    fn project(&self) -> Option<ProjectId>;
}

impl sealed::Sealed for Scope {}

impl ActionScope for Scope {
    const REACH: Reach = Reach::Project;

    fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    fn project(&self) -> Option<ProjectId> {
        self.project
    }
}

impl sealed::Sealed for OrganisationId {}

/// A place that has no region: what stands there is told apart by its names alone.
pub trait RegionlessScope: ActionScope {}

impl RegionlessScope for OrganisationId {}

/// The whole organisation. Rights in a project count for nothing here.
impl ActionScope for OrganisationId {
    const REACH: Reach = Reach::Organisation;

    fn organisation(&self) -> OrganisationId {
        *self
    }

    fn project(&self) -> Option<ProjectId> {
        None
    }
}

/// What is known of an action without naming its type.
#[derive(Debug, Clone, Copy)]
pub struct ActionFacts {
    /// [`Action::NAME`].
    pub name: &'static str,
    /// [`Action::RESOURCE`].
    pub resource: ResourceType,
    /// [`Action::PERMISSIONS`].
    pub permissions: &'static [Permission],
    /// [`Action::DENIED`].
    pub denied: DeniedAs,
    /// [`Action::KIND`].
    pub kind: Kind,
    /// Whose rules count where it happens: [`ActionScope::REACH`].
    pub reach: Reach,
}

macro_rules! actions {
    ($(
        $(#[$doc:meta])*
        $name:ident: $kind:ident $resource:ident [$($permission:ident)*] else $denied:ident,
            $target:ty, in $scope:ty, on $extent:expr;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl sealed::Sealed for $name {}

            impl Action for $name {
                const NAME: &'static str = stringify!($name);
                const RESOURCE: ResourceType = ResourceType::$resource;
                const PERMISSIONS: &'static [Permission] = &[$(Permission::$permission),*];
                const DENIED: DeniedAs = DeniedAs::$denied;
                const KIND: Kind = Kind::$kind;
                type Scope = $scope;
                type Target = $target;

                fn extent(target: &Self::Target) -> Extent<'_> {
                    let extent: fn(&$target) -> Extent<'_> = $extent;
                    extent(target)
                }
            }
        )*

        /// Every action of this table.
        pub(crate) const TABLE: &[ActionFacts] = &[$(ActionFacts {
            name: <$name as Action>::NAME,
            resource: <$name as Action>::RESOURCE,
            permissions: <$name as Action>::PERMISSIONS,
            denied: <$name as Action>::DENIED,
            kind: <$name as Action>::KIND,
            reach: <<$name as Action>::Scope as ActionScope>::REACH,
        }),*];
    };
}

macro_rules! key_actions {
    ($($name:ident)*) => { $(impl KeyAction for $name {})* };
}

fn path(path: &SecretPath) -> Extent<'_> {
    Extent::Named(path.as_str())
}

fn slug(slug: &Slug) -> Extent<'_> {
    Extent::Named(slug.as_str())
}

fn some<T>(_: &T) -> Extent<'_> {
    Extent::Some
}

fn every<T>(_: &T) -> Extent<'_> {
    Extent::Every
}

actions! {
    /// S1: what lies directly in a directory.
    BrowseSecrets: Reads Secret [List] else Forbidden, Directory, in Scope, on some;
    /// S2: all metadata under a prefix.
    ListSecrets: Reads Secret [List] else Forbidden, PathPrefix, in Scope, on some;
    /// S3: make a secret at exactly this path.
    CreateSecret: Writes Secret [Create] else Forbidden, SecretPath, in Scope, on path;
    /// S4: metadata and version history.
    ReadSecret: Reads Secret [Read] else Forbidden, SecretPath, in Scope, on path;
    /// S5: replace or clear the access policy.
    UpdateSecretPolicy: Writes Secret [Update] else Forbidden, SecretPath, in Scope, on path;
    /// S6: a new version with a new value. Gated by the access policy.
    PutSecretValue: Writes Secret [PutSecretValue] else Forbidden, SecretPath, in Scope, on path;
    /// S7: reveal a value. Gated by the access policy.
    ReadSecretValue: Uses Secret [GetSecretValue] else Forbidden, SecretPath, in Scope, on path;
    /// S8: erase one version's value.
    DestroySecretVersion: Writes Secret [Delete] else Forbidden, SecretPath, in Scope, on path;
    /// S9: remove a secret with all its versions.
    DeleteSecret: Writes Secret [Delete] else Forbidden, SecretPath, in Scope, on path;

    /// K1: how many keys there are in each region. Every member may.
    ReadKmsSummary: Reads KmsKey [] else Forbidden, (), in OrganisationId, on some;
    /// K2: the keys that the caller may read; none, without the permission to list.
    ListKeys: Reads KmsKey [List] else LeftOut, (), in Scope, on some;
    /// K3: make a key with this slug. There is no key yet whose existence could be hidden.
    CreateKey: Writes KmsKey [Create] else Forbidden, Slug, in Scope, on slug;
    /// K5: the public key under which key material is brought in.
    ReadWrappingKey: Reads KmsKey [Create] else Forbidden, (), in Scope, on some;
    /// K4: a key's metadata and versions.
    ReadKey: Reads KmsKey [Read] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K6: the public halves of a key's versions.
    ReadPublicKey: Reads KmsKey [Read] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K7: encrypt.
    EncryptWithKey: Uses KmsKey [Update Encrypt] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K8: decrypt.
    DecryptWithKey: Uses KmsKey [Update Decrypt] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K9: sign.
    SignWithKey: Uses KmsKey [Update Sign] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K10: verify a signature.
    VerifyWithKey: Uses KmsKey [Update Verify] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K11: compute a keyed hash.
    HmacWithKey: Uses KmsKey [Update Hmac] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K12: verify a keyed hash.
    VerifyHmacWithKey: Uses KmsKey [Update VerifyHmac] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K13: change how a key rotates.
    ConfigureKeyRotation: Writes KmsKey [Update] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K14: give a key a new version now.
    RotateKey: Writes KmsKey [Update] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K15: hand out key material, where the key allows that.
    ExportKey: Uses KmsKey [Update] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K16: take a key out of use.
    DisableKey: Writes KmsKey [Delete] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K17: put a key back into use.
    EnableKey: Writes KmsKey [Delete] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K18: schedule a key's removal.
    DeleteKey: Writes KmsKey [Delete] else NotFound, Reference<KeyId>, in Scope, on some;
    /// K19: call a scheduled removal off.
    CancelKeyDeletion: Writes KmsKey [Delete] else NotFound, Reference<KeyId>, in Scope, on some;

    /// Ours: from one key or version to another, without showing what is inside. Sealing under
    /// another key is asked of that key by itself.
    ReencryptWithKey: Uses KmsKey [Update Decrypt] else NotFound, Reference<KeyId>, in Scope, on some;
    /// Ours: random bytes, which no key has a part in. Every member may.
    DrawRandomBytes: Uses KmsKey [] else Forbidden, (), in Scope, on some;

    /// 5.1: the organisation's audit log. Rules that are limited to names do not open it.
    ListAudit: Reads AuditLog [List] else Forbidden, (), in OrganisationId, on every;
    /// One record of the audit log.
    ReadAuditEntry: Reads AuditLog [Read] else Forbidden, EventId, in OrganisationId, on every;
    /// 4.4: the issuers whose tokens are trusted. Rules that are limited to names do not list them.
    ListFederatedProviders: Reads FederatedIdentityProvider [List] else Forbidden, (), in OrganisationId, on every;
    /// 4.4: trust an issuer.
    CreateFederatedProvider: Writes FederatedIdentityProvider [Create] else Forbidden, (), in OrganisationId, on every;
    /// 4.4: one issuer, by its identity.
    ReadFederatedProvider: Reads FederatedIdentityProvider [Read] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: change how an issuer is trusted.
    UpdateFederatedProvider: Writes FederatedIdentityProvider [Update] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: trust an issuer no more.
    DeleteFederatedProvider: Writes FederatedIdentityProvider [Delete] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: which foreign subjects may act as which service account.
    ListFederatedIdentities: Reads FederatedIdentity [List] else Forbidden, (), in OrganisationId, on every;
    /// 4.4: let foreign subjects act as a service account.
    CreateFederatedIdentity: Writes FederatedIdentity [Create] else Forbidden, (), in OrganisationId, on every;
    /// 4.4: one federated identity, by its identity.
    ReadFederatedIdentity: Reads FederatedIdentity [Read] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: change whom a federated identity admits, or revoke it.
    UpdateFederatedIdentity: Writes FederatedIdentity [Update] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: remove a federated identity.
    DeleteFederatedIdentity: Writes FederatedIdentity [Delete] else Forbidden, Slug, in OrganisationId, on slug;
    /// The regions of this installation. Every member may.
    ListRegions: Reads Organisation [] else Forbidden, (), in OrganisationId, on some;

    /// 4.4: the service accounts that the caller may read.
    ListServiceAccounts: Reads ServiceAccount [List] else Forbidden, (), in OrganisationId, on some;
    /// 4.4: make a service account with this slug.
    CreateServiceAccount: Writes ServiceAccount [Create] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: a service account.
    ReadServiceAccount: Reads ServiceAccount [Read] else Forbidden, Reference<ServiceAccountId>, in OrganisationId, on some;
    /// 4.4: change what a service account says about itself.
    UpdateServiceAccount: Writes ServiceAccount [Update] else Forbidden, Reference<ServiceAccountId>, in OrganisationId, on some;
    /// 4.4: remove a service account with its credentials and rights.
    DeleteServiceAccount: Writes ServiceAccount [Delete] else Forbidden, Reference<ServiceAccountId>, in OrganisationId, on some;
    /// 4.4: a service account's access credentials, without their secrets.
    ListAccessCredentials: Reads ServiceAccount [Read] else Forbidden, Reference<ServiceAccountId>, in OrganisationId, on some;
    /// 4.4: an access credential, whose holder acts as the service account.
    CreateAccessCredential: Writes ServiceAccount [Update] else Forbidden, Reference<ServiceAccountId>, in OrganisationId, on some;
    /// 4.4: take an access credential away, with every token issued for it.
    DeleteAccessCredential: Writes ServiceAccount [Update] else Forbidden, (Reference<ServiceAccountId>, CredentialId), in OrganisationId, on some;

    /// 4.4: the organisation's roles that the caller may read.
    ListRoles: Reads IamRole [List] else Forbidden, (), in OrganisationId, on some;
    /// 4.4: make a role with this slug, which allows nothing yet.
    CreateRole: Writes IamRole [Create] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: a role.
    ReadRole: Reads IamRole [Read] else Forbidden, Reference<RoleId>, in OrganisationId, on some;
    /// 4.4: remove a role, and take it from everybody.
    DeleteRole: Writes IamRole [Delete] else Forbidden, Reference<RoleId>, in OrganisationId, on some;
    /// 4.4: let a role allow more, of what the caller holds.
    AddRoleRule: Writes IamRole [Update] else Forbidden, Reference<RoleId>, in OrganisationId, on some;
    /// 4.4: let a role allow less.
    RemoveRoleRule: Writes IamRole [Update] else Forbidden, (Reference<RoleId>, RuleId), in OrganisationId, on some;
    /// 4.4: who has a role.
    ListRoleBindings: Reads IamRole [Read] else Forbidden, Reference<RoleId>, in OrganisationId, on some;
    /// 4.4: give a role, of which the caller holds everything.
    CreateRoleBinding: Writes IamRole [Update] else Forbidden, Reference<RoleId>, in OrganisationId, on some;
    /// 4.4: take a role away.
    DeleteRoleBinding: Writes IamRole [Update] else Forbidden, (Reference<RoleId>, BindingId), in OrganisationId, on some;

    /// 4.4: the teams that the caller may read.
    ListTeams: Reads Team [List] else Forbidden, (), in OrganisationId, on some;
    /// 4.4: make a team with this slug.
    CreateTeam: Writes Team [Create] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: a team.
    ReadTeam: Reads Team [Read] else Forbidden, Reference<TeamId>, in OrganisationId, on some;
    /// 4.4: change what is said about a team.
    UpdateTeam: Writes Team [Update] else Forbidden, Reference<TeamId>, in OrganisationId, on some;
    /// 4.4: remove a team, and what it was given.
    DeleteTeam: Writes Team [Delete] else Forbidden, Reference<TeamId>, in OrganisationId, on some;
    /// 4.4: let a member have what the team has, of which the caller holds everything.
    AddTeamMember: Writes Team [Update] else Forbidden, Reference<TeamId>, in OrganisationId, on some;
    /// 4.4: take a member out of a team.
    RemoveTeamMember: Writes Team [Update] else Forbidden, (Reference<TeamId>, UserId), in OrganisationId, on some;

    /// 4.4: who belongs to the organisation.
    ListMembers: Reads Membership [List] else Forbidden, (), in OrganisationId, on some;
    /// 4.4: make a member an owner, or no longer.
    UpdateMember: Writes Membership [Update] else Forbidden, UserId, in OrganisationId, on some;
    /// 4.4: end a membership.
    DeleteMember: Writes Membership [Delete] else Forbidden, UserId, in OrganisationId, on some;
    /// Ours: end a member's sign-ins, and forget who they are at the providers.
    EndMemberSignIns: Writes Membership [Update] else Forbidden, UserId, in OrganisationId, on some;
    /// 4.4: who was invited.
    ListInvites: Reads Membership [List] else Forbidden, (), in OrganisationId, on some;
    /// Ours: invite somebody to become a member. Rules name those who are not members yet by their
    /// address.
    CreateInvite: Writes Membership [Create] else Forbidden, (), in OrganisationId, on some;
    /// Ours: withdraw an invitation.
    WithdrawInvite: Writes Membership [Delete] else Forbidden, InviteId, in OrganisationId, on some;
    /// 4.4: where the caller belongs. Every member may.
    ListOwnMemberships: Reads Membership [] else Forbidden, (), in OrganisationId, on some;

    /// Ours: the caller's own tokens, without their values. Every member may.
    ListOwnTokens: Reads Membership [] else Forbidden, (), in OrganisationId, on some;
    /// Ours: a token with which the caller is themselves. Every member may.
    CreateOwnToken: Writes Membership [] else Forbidden, (), in OrganisationId, on some;
    /// Ours: take one of the caller's own tokens back. Every member may.
    RevokeOwnToken: Writes Membership [] else Forbidden, TokenId, in OrganisationId, on some;
    /// Ours: end all sign-ins of the caller. Every member may.
    EndOwnSignIns: Writes Membership [] else Forbidden, (), in OrganisationId, on some;

    /// 4.4: the projects that the caller may read.
    ListProjects: Reads Project [List] else Forbidden, (), in OrganisationId, on some;
    /// 4.4: make a project with this slug.
    CreateProject: Writes Project [Create] else Forbidden, Slug, in OrganisationId, on slug;
    /// 4.4: a project.
    ReadProject: Reads Project [Read] else Forbidden, Reference<ProjectId>, in OrganisationId, on some;
    /// 4.4: change what is said about a project, and what it is part of.
    UpdateProject: Writes Project [Update] else Forbidden, Reference<ProjectId>, in OrganisationId, on some;
    /// 4.4: remove a project that holds nothing any more.
    DeleteProject: Writes Project [Delete] else Forbidden, Reference<ProjectId>, in OrganisationId, on some;

    /// Ours: why somebody may do something or not. Every member may ask about themselves; about
    /// others the engine asks for more (see [`Grant::sees`](crate::Grant::sees)).
    ExplainRights: Reads IamRole [] else Forbidden, (), in OrganisationId, on some;
}

mod policies;
pub use policies::*;

/// Every action there is.
pub fn actions() -> impl Iterator<Item = &'static ActionFacts> + Clone {
    TABLE.iter().chain(policies::TABLE)
}

key_actions! {
    ReadKey ReadPublicKey EncryptWithKey DecryptWithKey SignWithKey VerifyWithKey HmacWithKey
    VerifyHmacWithKey ConfigureKeyRotation RotateKey ExportKey DisableKey EnableKey DeleteKey
    CancelKeyDeletion ReencryptWithKey
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every action beside the permission column of contract 1.1, 2.1, 4.4 and 5.1, and our own.
    #[test]
    fn the_table_is_the_contract() {
        let table: Vec<String> = TABLE
            .iter()
            .map(|action| {
                let permissions: Vec<_> = action.permissions.iter().map(|p| p.as_str()).collect();
                format!(
                    "{} {} {} {:?} {:?}",
                    action.name,
                    action.resource,
                    permissions.join("|"),
                    action.denied,
                    action.kind
                )
            })
            .collect();
        assert_eq!(
            table,
            [
                "BrowseSecrets secret list Forbidden Reads",
                "ListSecrets secret list Forbidden Reads",
                "CreateSecret secret create Forbidden Writes",
                "ReadSecret secret read Forbidden Reads",
                "UpdateSecretPolicy secret update Forbidden Writes",
                "PutSecretValue secret putSecretValue Forbidden Writes",
                "ReadSecretValue secret getSecretValue Forbidden Uses",
                "DestroySecretVersion secret delete Forbidden Writes",
                "DeleteSecret secret delete Forbidden Writes",
                "ReadKmsSummary kms_key  Forbidden Reads",
                "ListKeys kms_key list LeftOut Reads",
                "CreateKey kms_key create Forbidden Writes",
                "ReadWrappingKey kms_key create Forbidden Reads",
                "ReadKey kms_key read NotFound Reads",
                "ReadPublicKey kms_key read NotFound Reads",
                "EncryptWithKey kms_key update|encrypt NotFound Uses",
                "DecryptWithKey kms_key update|decrypt NotFound Uses",
                "SignWithKey kms_key update|sign NotFound Uses",
                "VerifyWithKey kms_key update|verify NotFound Uses",
                "HmacWithKey kms_key update|hmac NotFound Uses",
                "VerifyHmacWithKey kms_key update|verifyHmac NotFound Uses",
                "ConfigureKeyRotation kms_key update NotFound Writes",
                "RotateKey kms_key update NotFound Writes",
                "ExportKey kms_key update NotFound Uses",
                "DisableKey kms_key delete NotFound Writes",
                "EnableKey kms_key delete NotFound Writes",
                "DeleteKey kms_key delete NotFound Writes",
                "CancelKeyDeletion kms_key delete NotFound Writes",
                "ReencryptWithKey kms_key update|decrypt NotFound Uses",
                "DrawRandomBytes kms_key  Forbidden Uses",
                "ListAudit audit_log list Forbidden Reads",
                "ReadAuditEntry audit_log read Forbidden Reads",
                "ListFederatedProviders federated_identity_provider list Forbidden Reads",
                "CreateFederatedProvider federated_identity_provider create Forbidden Writes",
                "ReadFederatedProvider federated_identity_provider read Forbidden Reads",
                "UpdateFederatedProvider federated_identity_provider update Forbidden Writes",
                "DeleteFederatedProvider federated_identity_provider delete Forbidden Writes",
                "ListFederatedIdentities federated_identity list Forbidden Reads",
                "CreateFederatedIdentity federated_identity create Forbidden Writes",
                "ReadFederatedIdentity federated_identity read Forbidden Reads",
                "UpdateFederatedIdentity federated_identity update Forbidden Writes",
                "DeleteFederatedIdentity federated_identity delete Forbidden Writes",
                "ListRegions organisation  Forbidden Reads",
                "ListServiceAccounts service_account list Forbidden Reads",
                "CreateServiceAccount service_account create Forbidden Writes",
                "ReadServiceAccount service_account read Forbidden Reads",
                "UpdateServiceAccount service_account update Forbidden Writes",
                "DeleteServiceAccount service_account delete Forbidden Writes",
                "ListAccessCredentials service_account read Forbidden Reads",
                "CreateAccessCredential service_account update Forbidden Writes",
                "DeleteAccessCredential service_account update Forbidden Writes",
                "ListRoles iam_role list Forbidden Reads",
                "CreateRole iam_role create Forbidden Writes",
                "ReadRole iam_role read Forbidden Reads",
                "DeleteRole iam_role delete Forbidden Writes",
                "AddRoleRule iam_role update Forbidden Writes",
                "RemoveRoleRule iam_role update Forbidden Writes",
                "ListRoleBindings iam_role read Forbidden Reads",
                "CreateRoleBinding iam_role update Forbidden Writes",
                "DeleteRoleBinding iam_role update Forbidden Writes",
                "ListTeams team list Forbidden Reads",
                "CreateTeam team create Forbidden Writes",
                "ReadTeam team read Forbidden Reads",
                "UpdateTeam team update Forbidden Writes",
                "DeleteTeam team delete Forbidden Writes",
                "AddTeamMember team update Forbidden Writes",
                "RemoveTeamMember team update Forbidden Writes",
                "ListMembers membership list Forbidden Reads",
                "UpdateMember membership update Forbidden Writes",
                "DeleteMember membership delete Forbidden Writes",
                "EndMemberSignIns membership update Forbidden Writes",
                "ListInvites membership list Forbidden Reads",
                "CreateInvite membership create Forbidden Writes",
                "WithdrawInvite membership delete Forbidden Writes",
                "ListOwnMemberships membership  Forbidden Reads",
                "ListOwnTokens membership  Forbidden Reads",
                "CreateOwnToken membership  Forbidden Writes",
                "RevokeOwnToken membership  Forbidden Writes",
                "EndOwnSignIns membership  Forbidden Writes",
                "ListProjects project list Forbidden Reads",
                "CreateProject project create Forbidden Writes",
                "ReadProject project read Forbidden Reads",
                "UpdateProject project update Forbidden Writes",
                "DeleteProject project delete Forbidden Writes",
                "ExplainRights iam_role  Forbidden Reads",
            ]
        );
    }
}
