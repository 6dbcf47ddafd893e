//! The keys of the store: one byte for the table, then what orders it.
//!
//! Scopes are fixed-width or end in a zero byte, which no slug and no path contains, so that no
//! scope is the prefix of another.

use strongroom_crypto::TokenHash;
use strongroom_store::Key;
use strongroom_types::{
    EventId, KeyId, OrganisationId, ProjectId, Region, Scope, SecretPath, Slug, Timestamp, TokenId,
    UserId, Version,
};

/// The tables. The numbers are part of the format and are never reused.
mod table {
    pub(super) const SYSTEM: u8 = 0x01;
    pub(super) const ORGANISATION: u8 = 0x10;
    pub(super) const ORGANISATION_SLUG: u8 = 0x11;
    pub(super) const EPOCH: u8 = 0x12;
    pub(super) const DIRECTORY: u8 = 0x20;
    pub(super) const TOKEN: u8 = 0x30;
    pub(super) const CREDENTIAL: u8 = 0x31;
    pub(super) const USER: u8 = 0x32;
    pub(super) const USER_ORGANISATION: u8 = 0x33;
    pub(super) const LAST_USE: u8 = 0x34;
    pub(super) const USER_TOKEN: u8 = 0x35;
    pub(super) const INVITE: u8 = 0x36;
    pub(super) const SECRET: u8 = 0x40;
    pub(super) const SECRET_VERSION: u8 = 0x41;
    pub(super) const SECRET_ACCESS: u8 = 0x42;
    pub(super) const KEY: u8 = 0x50;
    pub(super) const KEY_SLUG: u8 = 0x51;
    pub(super) const KEY_VERSION: u8 = 0x52;
    pub(super) const KEY_DELETION: u8 = 0x53;
    pub(super) const KEY_USAGE: u8 = 0x54;
    pub(super) const WRAPPING_KEY: u8 = 0x55;
    pub(super) const OUTBOX: u8 = 0x60;
}

/// The kinds of rows in an organisation's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirectoryKind {
    Member = 1,
    Project = 2,
    ServiceAccount = 3,
    Credential = 4,
    Team = 5,
    Role = 6,
    Binding = 7,
    Invite = 8,
    FederatedProvider = 16,
    FederatedIdentity = 17,
    Elevation = 24,
}

fn key(table: u8, parts: &[&[u8]]) -> Key {
    let table = [table];
    std::iter::once(table.as_slice())
        .chain(parts.iter().copied())
        .collect()
}

/// Project or none, in fixed width; the zero identity is never drawn.
fn project(project: &Option<ProjectId>) -> [u8; 16] {
    project.map_or([0; 16], |project| *project.as_bytes())
}

fn scoped(table: u8, scope: &Scope, rest: &[&[u8]]) -> Key {
    let project = project(&scope.project);
    let mut parts: [&[u8]; 7] = [&[]; 7];
    let head: [&[u8]; 4] = [
        scope.organisation.as_bytes(),
        &project,
        scope.region.as_str().as_bytes(),
        &[0],
    ];
    for (slot, part) in parts
        .iter_mut()
        .zip(head.into_iter().chain(rest.iter().copied()))
    {
        *slot = part;
    }
    key(table, &parts)
}

/// The sealed keyring, the one row that the root key opens.
pub fn keyring_key() -> Key {
    key(table::SYSTEM, &[b"keyring"])
}

/// The keys that seal access tokens.
pub(crate) fn token_keys() -> Key {
    key(table::SYSTEM, &[b"token-keys"])
}

/// The keys that sign ID tokens.
pub(crate) fn issuer_keys() -> Key {
    key(table::SYSTEM, &[b"issuer-keys"])
}

pub(crate) fn organisation(id: OrganisationId) -> Key {
    key(table::ORGANISATION, &[id.as_bytes()])
}

pub(crate) fn all_organisations() -> Key {
    key(table::ORGANISATION, &[])
}

pub(crate) fn organisation_slug(slug: &Slug) -> Key {
    key(table::ORGANISATION_SLUG, &[slug.as_str().as_bytes()])
}

/// Changes whenever anything that decides access in this organisation changes.
pub(crate) fn epoch(id: OrganisationId) -> Key {
    key(table::EPOCH, &[id.as_bytes()])
}

pub(crate) fn directory(organisation: OrganisationId) -> Key {
    key(table::DIRECTORY, &[organisation.as_bytes()])
}

pub(crate) fn directory_entry(
    organisation: OrganisationId,
    kind: DirectoryKind,
    identity: &[u8; 16],
) -> Key {
    key(
        table::DIRECTORY,
        &[organisation.as_bytes(), &[kind as u8], identity],
    )
}

/// The kind of a directory row, read from its key.
pub(crate) fn directory_kind(row: &Key) -> Option<DirectoryKind> {
    use DirectoryKind::{
        Binding, Credential, Elevation, FederatedIdentity, FederatedProvider, Invite, Member,
        Project, Role, ServiceAccount, Team,
    };
    let byte = *row.as_bytes().get(17)?;
    [
        Member,
        Project,
        ServiceAccount,
        Credential,
        Team,
        Role,
        Binding,
        Invite,
        FederatedProvider,
        FederatedIdentity,
        Elevation,
    ]
    .into_iter()
    .find(|kind| *kind as u8 == byte)
}

pub(crate) fn token(hash: &TokenHash) -> Key {
    key(table::TOKEN, &[hash.as_bytes()])
}

pub(crate) fn all_tokens() -> Key {
    key(table::TOKEN, &[])
}

/// The hash at the end of a [`token`] key.
pub(crate) fn hash_of_token(row: &Key) -> Option<[u8; 32]> {
    row.as_bytes().get(1..)?.try_into().ok()
}

/// That the tokens of earlier releases have been found for their users.
pub(crate) fn tokens_indexed() -> Key {
    key(table::SYSTEM, &[b"tokens-indexed"])
}

pub(crate) fn credential(access_key: &str) -> Key {
    key(table::CREDENTIAL, &[access_key.as_bytes()])
}

/// When the credential, token or federated identity with this identity was last used.
pub(crate) fn last_use(identity: &[u8; 16]) -> Key {
    key(table::LAST_USE, &[identity])
}

/// Where the token with this identity is found.
pub(crate) fn user_token(user: UserId, token: TokenId) -> Key {
    key(table::USER_TOKEN, &[user.as_bytes(), token.as_bytes()])
}

/// All tokens of a user.
pub(crate) fn user_tokens(user: UserId) -> Key {
    key(table::USER_TOKEN, &[user.as_bytes()])
}

/// Where the invitation with this code is found.
pub(crate) fn invite(code: &TokenHash) -> Key {
    key(table::INVITE, &[code.as_bytes()])
}

pub(crate) fn user(id: UserId) -> Key {
    key(table::USER, &[id.as_bytes()])
}

pub(crate) fn user_organisation(user: UserId, organisation: OrganisationId) -> Key {
    key(
        table::USER_ORGANISATION,
        &[user.as_bytes(), organisation.as_bytes()],
    )
}

pub(crate) fn user_organisations(user: UserId) -> Key {
    key(table::USER_ORGANISATION, &[user.as_bytes()])
}

/// The organisation at the end of a [`user_organisation`] key.
pub(crate) fn organisation_of(row: &Key) -> Option<OrganisationId> {
    let bytes = row.as_bytes().get(17..)?;
    bytes.try_into().ok().map(OrganisationId::from_bytes)
}

pub(crate) fn secret(scope: &Scope, path: &SecretPath) -> Key {
    scoped(table::SECRET, scope, &[path.as_str().as_bytes()])
}

/// All secrets of a scope whose path starts with this text.
pub(crate) fn secrets(scope: &Scope, prefix: &str) -> Key {
    scoped(table::SECRET, scope, &[prefix.as_bytes()])
}

/// All secrets of an organisation, in whatever project and region.
pub(crate) fn organisation_secrets(organisation: OrganisationId) -> Key {
    key(table::SECRET, &[organisation.as_bytes()])
}

/// All secrets of a project, in whatever region.
pub(crate) fn project_secrets(organisation: OrganisationId, project: ProjectId) -> Key {
    key(
        table::SECRET,
        &[organisation.as_bytes(), project.as_bytes()],
    )
}

/// All keys of a project, in whatever region.
pub(crate) fn project_keys(organisation: OrganisationId, project: ProjectId) -> Key {
    key(table::KEY, &[organisation.as_bytes(), project.as_bytes()])
}

pub(crate) fn secret_version(scope: &Scope, path: &SecretPath, version: Version) -> Key {
    let number = version.get().to_be_bytes();
    scoped(
        table::SECRET_VERSION,
        scope,
        &[path.as_str().as_bytes(), &[0], &number],
    )
}

pub(crate) fn secret_versions(scope: &Scope, path: &SecretPath) -> Key {
    scoped(
        table::SECRET_VERSION,
        scope,
        &[path.as_str().as_bytes(), &[0]],
    )
}

pub(crate) fn access_bucket(number: u16) -> Key {
    key(table::SECRET_ACCESS, &[&number.to_be_bytes()])
}

pub(crate) fn kms_key(scope: &Scope, id: KeyId) -> Key {
    scoped(table::KEY, scope, &[id.as_bytes()])
}

pub(crate) fn kms_keys(scope: &Scope) -> Key {
    scoped(table::KEY, scope, &[])
}

pub(crate) fn kms_slug(scope: &Scope, slug: &Slug) -> Key {
    scoped(table::KEY_SLUG, scope, &[slug.as_str().as_bytes()])
}

pub(crate) fn kms_key_version(scope: &Scope, id: KeyId, version: Version) -> Key {
    let number = version.get().to_be_bytes();
    scoped(table::KEY_VERSION, scope, &[id.as_bytes(), &number])
}

pub(crate) fn kms_key_versions(scope: &Scope, id: KeyId) -> Key {
    scoped(table::KEY_VERSION, scope, &[id.as_bytes()])
}

pub(crate) fn kms_key_usage(scope: &Scope, id: KeyId, version: Version) -> Key {
    let number = version.get().to_be_bytes();
    scoped(table::KEY_USAGE, scope, &[id.as_bytes(), &number])
}

pub(crate) fn kms_key_usages(scope: &Scope, id: KeyId) -> Key {
    scoped(table::KEY_USAGE, scope, &[id.as_bytes()])
}

pub(crate) fn wrapping_key(region: &Region) -> Key {
    key(table::WRAPPING_KEY, &[region.as_str().as_bytes()])
}

/// The keys of every scope.
pub(crate) fn all_kms_keys() -> Key {
    key(table::KEY, &[])
}

/// The scope in a [`kms_key`] key, and the key's identity.
pub(crate) fn kms_key_place(row: &Key) -> Option<(Scope, KeyId)> {
    let (organisation, rest) = row.as_bytes().get(1..)?.split_first_chunk::<16>()?;
    let (project, rest) = rest.split_first_chunk::<16>()?;
    let (region, id) = rest.split_last_chunk::<16>()?;
    let region: Slug = std::str::from_utf8(region.strip_suffix(&[0])?)
        .ok()?
        .parse()
        .ok()?;
    let scope = Scope {
        organisation: OrganisationId::from_bytes(*organisation),
        region: Region::declared(&region),
        project: (*project != [0; 16]).then(|| ProjectId::from_bytes(*project)),
    };
    Some((scope, KeyId::from_bytes(*id)))
}

/// Ordered by when the key is due, so that the job reads only what is.
pub(crate) fn kms_deletion(due: Timestamp, id: KeyId) -> Key {
    let micros = u64::try_from(due.as_microsecond())
        .unwrap_or(0)
        .to_be_bytes();
    key(table::KEY_DELETION, &[&micros, id.as_bytes()])
}

/// When the key in a [`kms_deletion`] key is due.
pub(crate) fn kms_deletion_due(row: &Key) -> Option<Timestamp> {
    let micros = row
        .as_bytes()
        .get(1..9)?
        .try_into()
        .ok()
        .map(i64::from_be_bytes)?;
    Timestamp::from_microsecond(micros).ok()
}

pub(crate) fn kms_deletions() -> Key {
    key(table::KEY_DELETION, &[])
}

pub(crate) fn outbox_record(id: EventId) -> Key {
    key(table::OUTBOX, &[id.as_bytes()])
}

pub(crate) fn outbox() -> Key {
    key(table::OUTBOX, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str, project: Option<u8>) -> Scope {
        Scope {
            organisation: OrganisationId::from_bytes([1; 16]),
            region: strongroom_types::Region::declared(&region.parse().unwrap()),
            project: project.map(|byte| ProjectId::from_bytes([byte; 16])),
        }
    }

    #[test]
    fn no_scope_contains_another() {
        let all = [
            scope("nl", None),
            scope("nl-01", None),
            scope("nl", Some(2)),
            scope("n", None),
        ];
        for a in &all {
            for b in &all {
                let (a_all, b_one) = (secrets(a, "/"), secret(b, &"/x".parse().unwrap()));
                assert_eq!(b_one.as_bytes().starts_with(a_all.as_bytes()), a == b);
            }
        }
    }

    #[test]
    fn a_keys_place_is_read_back() {
        for scope in [scope("nl", None), scope("nl-01", Some(2))] {
            // A zero byte in front must not be taken for the end of the region.
            for id in [KeyId::from_bytes([0; 16]), KeyId::from_bytes([7; 16])] {
                let place = kms_key_place(&kms_key(&scope, id));
                assert_eq!(place, Some((scope.clone(), id)));
            }
        }
        assert_eq!(kms_key_place(&all_kms_keys()), None);
    }

    #[test]
    fn versions_are_in_numeric_order() {
        let (scope, path) = (scope("nl", None), "/a".parse().unwrap());
        let at = |n| secret_version(&scope, &path, Version::new(n).unwrap());
        assert!(at(2) < at(10) && at(255) < at(256));
        assert!(
            at(1)
                .as_bytes()
                .starts_with(secret_versions(&scope, &path).as_bytes())
        );
        let longer = secret_version(&scope, &"/a/b".parse().unwrap(), Version::FIRST);
        assert!(
            !longer
                .as_bytes()
                .starts_with(secret_versions(&scope, &path).as_bytes())
        );
    }
}
