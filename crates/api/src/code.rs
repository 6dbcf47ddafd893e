//! The error catalogue: every code that a refusal can carry.

use std::fmt::Write as _;

macro_rules! catalogue {
    ($($variant:ident = $code:literal, $status:literal, $meaning:literal, $remedy:literal;)*) => {
        /// A code of the catalogue, the `code` of an [`ErrorBody`](crate::ErrorBody).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// All codes, in the catalogue's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it travels.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status that comes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// What happened, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What to do about it, in one sentence.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

catalogue! {
    InvalidRequest = "invalid_request", 400,
        "The body is not the JSON that this call takes.",
        "Correct the field that the message names.";
    InvalidQuery = "invalid_query", 400,
        "A query parameter is missing, given twice or malformed.",
        "Correct the parameter that the message names.";
    InvalidPath = "invalid_path", 400,
        "The secret path breaks the rules for paths, or two places of the request name two paths.",
        "Use a leading slash, 1 to 512 characters of letters, digits and / _ - . +, no empty or dot segments.";
    InvalidValue = "invalid_value", 400,
        "There is no value, more than one, or one of a forbidden size.",
        "Give exactly one value input within the limits that the message names.";
    InvalidBase64 = "invalid_base64", 400,
        "A field that holds bytes is not standard base64 with padding and without line breaks.",
        "Encode the bytes with `base64 -w0`.";
    InvalidPolicy = "invalid_policy", 400,
        "The access policy cannot be understood, so it was not stored.",
        "Correct the element that the message names.";
    InvalidCiphertext = "invalid_ciphertext", 400,
        "The ciphertext was not made by this key, or was changed since.",
        "Send the text exactly as the encrypt call answered it, to the same key.";
    NotSupported = "not_supported", 400,
        "The request is well formed, yet asks for something that this service or this key type does not offer.",
        "Follow the message; the key type decides which operations a key has.";
    ReadOnly = "read_only", 400,
        "The role or policy comes with the service and cannot be changed.",
        "Make one of your own.";
    Escalation = "escalation", 400,
        "The call would give rights that the caller does not hold.",
        "Ask somebody who holds them, or give less.";
    ElevationState = "access_elevation_state", 400,
        "The access elevation was decided or taken back already, or its time is over.",
        "Read it to see what became of it, and make a new one.";
    OwnElevation = "own_access_elevation", 400,
        "Nobody approves what they asked for themselves.",
        "Ask somebody else to approve it.";
    LastOwner = "last_owner", 400,
        "The organisation would be left without an owner.",
        "Make somebody else an owner first.";
    ProjectInUse = "project_in_use", 400,
        "The project still holds secrets, keys or other projects.",
        "Remove or move them first.";
    OrganisationRequired = "organisation_required", 400,
        "The credential belongs to several organisations and the request names none.",
        "Send the header X-Organisation-Identity with an identity or slug.";
    KeyNotActive = "kms_key_not_active", 400,
        "The KMS key is disabled or waits for its deletion, so nothing can be encrypted or decrypted.",
        "Enable the key or cancel its deletion.";
    KeyUnusable = "kms_key_unusable", 400,
        "The KMS key cannot protect a secret.",
        "Use a key of type aes128-gcm96, aes256-gcm96 or chacha20-poly1305 of the same region.";
    KeyState = "kms_key_state", 400,
        "The KMS key is in a state in which this change is impossible.",
        "Read the key's status first.";
    RotationPeriodRequired = "rotation_period_required", 400,
        "Rotation was switched on and the key has no rotation period.",
        "Send rotationPeriodInDays, 1 to 3650, in the same call.";
    ExportNotAllowed = "kms_export_not_allowed", 400,
        "The KMS key was created without exportAllowed, so its material never leaves.",
        "Create a key with exportAllowed; that of an existing key cannot be changed.";
    RotationNotAllowed = "kms_rotation_not_allowed", 400,
        "The KMS key was imported without allowRotation, so it never gets another version.",
        "Import the new material as a new key.";
    KeyVersionSpent = "kms_key_version_spent", 400,
        "This version of the KMS key has encrypted as often as is safe.",
        "Rotate the key, and leave keyVersion out to use the latest version.";
    InvalidShare = "invalid_share", 400,
        "This is no share of the root key of this installation, or the shares are of another root key.",
        "Check that it was copied whole, and that the root key was not changed since it was given out.";
    InvalidGrant = "invalid_grant", 400,
        "The subject token was not accepted for this organisation, or for this service account in it.",
        "Find the reason in the organisation's audit log, under the action auth.token.failed.";
    CredentialsMissing = "credentials_missing", 401,
        "The request has no Authorization header.",
        "Send `Authorization: Bearer` followed by a token.";
    CredentialsInvalid = "credentials_invalid", 401,
        "The credential is unknown, malformed or was revoked.",
        "Ask for a new token, and check that it was copied whole.";
    CredentialsExpired = "credentials_expired", 401,
        "The credential was valid once and expired.",
        "Ask for a new token.";
    InvalidClient = "invalid_client", 401,
        "The client id and secret do not belong together, or were revoked.",
        "Check both; the secret was shown once, when the credential was made.";
    NotAMember = "not_a_member", 403,
        "The organisation does not exist, or the caller does not belong to it.",
        "Check X-Organisation-Identity.";
    FeatureDisabled = "feature_disabled", 403,
        "The feature is switched off for the organisation.",
        "Ask an administrator to enable the feature that the message names.";
    PermissionDenied = "permission_denied", 403,
        "No role of the caller permits this.",
        "Ask an administrator for a role with the permission that the message names.";
    AccessPolicyDenied = "access_policy_denied", 403,
        "The secret's own access policy refuses this call.",
        "Call from a permitted address, at a permitted time, as a permitted principal.";
    RegionNotFound = "region_not_found", 404,
        "There is no region of this name.",
        "List the regions with GET /v1/regions.";
    ProjectNotFound = "project_not_found", 404,
        "There is no project of this name in the organisation.",
        "Check the project's name in X-Project-Identity or the URL, or leave the header out for the organisation's own level.";
    SecretNotFound = "secret_not_found", 404,
        "There is no secret with this path in this organisation, region and project.",
        "Check the path, the region and X-Project-Identity.";
    VersionNotFound = "version_not_found", 404,
        "The secret has no such version, or its value was destroyed.",
        "List the versions with ?includeVersions=true.";
    KeyNotFound = "kms_key_not_found", 404,
        "There is no such KMS key in this organisation, region and project, or the caller may not use it.",
        "Check identity, region, project and the caller's roles.";
    KeyVersionNotFound = "kms_key_version_not_found", 404,
        "The KMS key has no such version.",
        "Read the key to see its versions.";
    AuditEntryNotFound = "audit_entry_not_found", 404,
        "The organisation has no audit entry with this identity, or its retention ended.",
        "Check the eventID.";
    ResourceNotFound = "resource_not_found", 404,
        "The organisation has no such role, policy, access elevation, rule, binding, invitation, service account, credential, token, team, member, federated identity or provider of them.",
        "List what there is, and check the identity.";
    NoSignIn = "no_sign_in", 404,
        "There is no organisation of this name that people sign in to.",
        "Check the name, or ask its owners to give an identity provider the field signIn.";
    InvitationNotFound = "invitation_not_found", 404,
        "There is no such invitation: it was taken, was withdrawn or has ended, or never was.",
        "Check that the code was copied whole, or ask to be invited again.";
    NoIssuer = "no_issuer", 404,
        "This server issues no ID tokens.",
        "Its operator can set issuer.url in the configuration.";
    RouteNotFound = "route_not_found", 404,
        "No call of this API has this URL.",
        "Compare the URL with /openapi.json.";
    MethodNotAllowed = "method_not_allowed", 405,
        "This URL exists, with other methods.",
        "Use a method of the Allow header.";
    BodyTimeout = "body_timeout", 408,
        "The body did not arrive in time.",
        "Send the request again.";
    SecretExists = "secret_exists", 409,
        "A secret with this path exists already in this organisation, region and project.",
        "Add a version to it, or delete it first.";
    SlugTaken = "slug_taken", 409,
        "Another thing of this kind has the same slug in the same place.",
        "Choose another name.";
    IssuerTaken = "issuer_taken", 409,
        "Another federated identity provider of the organisation has the same issuer.",
        "Change that provider, or delete it first.";
    ProviderInUse = "federated_provider_in_use", 409,
        "Federated identities of the provider are left.",
        "Delete them first, or set the provider's status to inactive.";
    AlreadyInvited = "already_invited", 409,
        "Somebody with this address is a member of the organisation or invited to it already.",
        "Remove the member or withdraw the invitation first, or use another address.";
    Conflict = "conflict", 409,
        "Other calls changed the same thing at the same time, again and again.",
        "Send the request again.";
    BodyTooLarge = "body_too_large", 413,
        "The body is longer than this server reads.",
        "Send less; the message names the limit.";
    RateLimited = "rate_limited", 429,
        "The caller sent more requests than the server's configuration allows.",
        "Wait for the time in the Retry-After header.";
    TooManyAttempts = "too_many_attempts", 429,
        "Too many attempts to authenticate failed, from this address or with this access key.",
        "Wait for the time in the Retry-After header, and correct the credential.";
    QuotaExceeded = "quota_exceeded", 429,
        "The organisation has as many secrets or versions as the server's configuration allows.",
        "Delete what is not needed, or ask the operator for more.";
    Internal = "internal", 500,
        "Something inside the server failed; its log names the cause under the request id.",
        "Try again, then tell the operator the request id.";
    KmsUnavailable = "kms_unavailable", 503,
        "The region has no KMS, or it cannot be reached.",
        "Try again, or use another region.";
    AuditUnavailable = "audit_unavailable", 503,
        "The audit record could not be made durable, so nothing was released.",
        "Try again; the operator sees the cause in the health checks.";
    StorageUnavailable = "storage_unavailable", 503,
        "The store could not be read or written.",
        "Try again; the operator sees the cause in the health checks.";
    RequestTimeout = "request_timeout", 503,
        "The server took too long to answer; whether the request had an effect is not known.",
        "Look before you try again.";
    TooManyConnections = "too_many_connections", 503,
        "As many connections are open as the server's configuration allows.",
        "Try again in a moment, or close connections that are not used.";
    Sealed = "sealed", 503,
        "The server is sealed: it serves nothing until enough shares of its root key were given.",
        "Give them with `strongroom unseal` or POST /v1/sys/unseal.";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The catalogue as a page of Markdown, `docs/errors.md`.
pub fn render_error_catalogue() -> String {
    let mut page = String::from(
        "# Errors\n\n\
         Every refusal is a JSON object with `message` (for people), `code` (for programs, one of\n\
         this page) and `requestId` (names the call in logs and audit records).\n\
         This page is generated from the code.\n\n\
         | Status | Code | What happened | What to do |\n|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} |",
            code.status(),
            code.as_str(),
            code.meaning(),
            code.remedy()
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_snake_case_and_in_order_of_status() {
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for name in names {
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            assert!(name.bytes().all(legal), "{name}");
        }
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.status()));
    }

    #[test]
    fn the_page_has_a_row_for_every_code() {
        let page = render_error_catalogue();
        for code in ErrorCode::ALL {
            let row = format!("| {} | `{}` |", code.status(), code.as_str());
            assert!(page.contains(&row), "{code}");
            assert!(
                code.meaning().ends_with('.') && code.remedy().ends_with('.'),
                "{code}"
            );
        }
    }
}
