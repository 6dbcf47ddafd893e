//! Why a foreign token is not accepted.

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Why a foreign token got no access token. The audit log has the reason; the caller, who
        /// has proven nothing, is told only that there is one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ExchangeRefusal { $($(#[$doc])* $name,)* }

        impl ExchangeRefusal {
            /// The reason in the audit record.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

// In the order in which they are found out: of several, the last is what is left to repair.
refusals! {
    /// There is no such organisation.
    UnknownOrganisation = "unknown_organisation",
    /// The token is longer than any that is read.
    TokenTooLong = "token_too_long",
    /// It is no JWT, or one for another purpose.
    MalformedToken = "malformed_token",
    /// It is unsigned, signed with a shared key, or signed in a way that is not verified here.
    UnsupportedAlgorithm = "unsupported_algorithm",
    /// A claim that decides is missing: `iss`, `sub`, `aud` or `exp`.
    MissingClaim = "missing_claim",
    /// The organisation trusts no such issuer.
    UnknownIssuer = "unknown_issuer",
    /// The issuer is switched off.
    ProviderInactive = "provider_inactive",
    /// The issuer's keys could not be had.
    KeysUnavailable = "keys_unavailable",
    /// The issuer has no such key.
    UnknownKey = "unknown_key",
    /// The key is not for this algorithm.
    KeyMismatch = "key_mismatch",
    /// The key did not sign this.
    BadSignature = "bad_signature",
    /// Its `exp` is past.
    TokenExpired = "token_expired",
    /// Its `nbf` is to come.
    TokenNotYetValid = "token_not_yet_valid",
    /// Its `iat` is to come.
    TokenFromTheFuture = "token_from_the_future",
    /// Nobody signs in through this issuer.
    NoSignIn = "sign_in_off",
    /// It is an access token, or says not when it was made, and so no ID token.
    NoIdToken = "not_an_id_token",
    /// It was issued to another client.
    PartyMismatch = "authorized_party_mismatch",
    /// It has no e-mail address to find a member by.
    EmailMissing = "email_missing",
    /// The issuer does not vouch for the e-mail address.
    EmailUnverified = "email_unverified",
    /// No member has this e-mail address.
    UnknownMember = "unknown_member",
    /// Several members have this e-mail address.
    AmbiguousMember = "ambiguous_member",
    /// The member is another subject of the issuer.
    SubjectChanged = "subject_changed",
    /// It was made before the person ended all sign-ins.
    SignInEnded = "sign_in_ended",
    /// The organisation has no such service account.
    UnknownServiceAccount = "unknown_service_account",
    /// Nothing binds the issuer to the service account.
    NoFederatedIdentity = "no_federated_identity",
    /// No federated identity admits the subject.
    SubjectMismatch = "subject_mismatch",
    /// The token is meant for somebody else.
    AudienceMismatch = "audience_mismatch",
    /// Another claim is not what it must be.
    ConditionMismatch = "condition_mismatch",
    /// The federated identity has expired.
    IdentityExpired = "identity_expired",
    /// The federated identity is switched off.
    IdentityInactive = "identity_inactive",
    /// The federated identity was revoked.
    IdentityRevoked = "identity_revoked",
}
