//! Why nobody was signed in or out.

use std::io;

use strongroom_client::Refusal;

use super::KeptError;

/// Why nobody was signed in or out.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Nothing says where to sign in.
    #[error("name the organisation to sign in to: set STRONGROOM_ORGANISATION or --organisation")]
    NoOrganisation,
    /// There are several providers, and none was chosen.
    #[error("people sign in through several providers; choose one with --provider: {found}")]
    SeveralProviders {
        /// Their names, or their identities where names are not enough.
        found: String,
    },
    /// No provider has the name.
    #[error("there is no provider of this name; --provider can be: {found}")]
    NoProvider {
        /// The names that there are.
        found: String,
    },
    /// The provider does not say how to sign in.
    #[error(
        "the provider {issuer} cannot be used to sign in: {what}; tell the owners of the \
         organisation"
    )]
    Discovery {
        /// Its issuer.
        issuer: String,
        /// What is wrong with it.
        what: String,
    },
    /// The provider would be asked in the clear.
    #[error(
        "the provider has an endpoint that is not https:// and not on this machine ({url}); use \
         --allow-cleartext only where the network itself encrypts"
    )]
    Cleartext {
        /// The endpoint.
        url: String,
    },
    /// The provider cannot be reached.
    #[error("the provider cannot be asked; check the network, the proxy and --ca-file")]
    Http(#[source] reqwest::Error),
    /// The provider sends more than it should.
    #[error("the provider's reply is longer than any that is expected")]
    TooLong,
    /// This machine's own address was not accepted, which does not happen.
    #[error("the redirect cannot be named")]
    Redirect(#[source] url::ParseError),
    /// No port can be listened at.
    #[error(
        "none of the ports 8765 to 8770 of 127.0.0.1 can be listened at, where the browser would \
         come back; end another `strongroom login`, or what else uses them"
    )]
    Port(#[source] io::Error),
    /// The person did not come back.
    #[error("nobody signed in within five minutes; run `strongroom login` again")]
    Late,
    /// The provider sent the person back without a code.
    #[error("the provider did not sign you in ({said}); run `strongroom login` again")]
    Refused {
        /// What it said.
        said: String,
    },
    /// The provider gave no tokens for the code.
    #[error(
        "the provider does not exchange the code ({said}); its client has to be public, with the \
         redirect URIs http://127.0.0.1:8765/callback to http://127.0.0.1:8770/callback"
    )]
    Code {
        /// What it said.
        said: String,
    },
    /// There is no ID token.
    #[error("the provider's token endpoint answered without an ID token that can be read")]
    NoIdToken,
    /// Another issuer answered.
    #[error("the answer is not from the provider {issuer}; nobody was signed in")]
    OtherIssuer {
        /// The issuer that was asked.
        issuer: String,
    },
    /// The ID token answers another request.
    #[error(
        "the ID token does not answer this request (its nonce is another); nobody was signed in: \
         run `strongroom login` again, and if it happens twice, tell the owners of the organisation"
    )]
    Nonce,
    /// The server did not accept the ID token.
    #[error(
        "the provider knows you, and the server does not accept it: {refusal}. The provider has to \
         give your e-mail address as verified, and you have to be a member with that address"
    )]
    NotAccepted {
        /// What the server said.
        refusal: Refusal,
    },
    /// There is nothing to sign out of.
    #[error("you are not signed in here")]
    NotSignedIn,
    /// The sign-in was dead before it could end others.
    #[error(
        "this sign-in had ended already and is forgotten now, but others were not ended: sign in \
         again, then run `strongroom logout --everywhere`"
    )]
    EndedAlready,
    /// The sign-in is not kept.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

impl LoginError {
    /// Whether the command line or the settings have to be corrected first.
    pub(crate) const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoOrganisation
                | Self::SeveralProviders { .. }
                | Self::NoProvider { .. }
                | Self::NotSignedIn
                | Self::Kept(_)
        )
    }

    /// Whether somebody said no.
    pub(crate) const fn is_denial(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NotAccepted { .. })
    }
}
