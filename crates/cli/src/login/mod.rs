//! `strongroom login` and `strongroom logout`: people sign in through their organisation's provider.

mod error;
mod kept;
mod loopback;
mod provider;
#[cfg(test)]
mod tests;

pub use error::LoginError;
pub use kept::KeptError;
pub(crate) use kept::{Kept, Shelf, reference, trimmed};

use std::time::Duration;

use clap::Args;
use strongroom_api::{SignInOptions, SignInProvider};
use strongroom_client::{ClientError, OrganisationId, Plaintext, Reference};
use strongroom_types::Timestamp;

use crate::table::fields;
use crate::{CommandError, Connection, Surroundings};
use loopback::{Loopback, PORTS, Redirect};
use provider::{Attempt, Http};

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Sign in through the organisation's identity provider, in the browser. Other commands then act as
/// you until the sign-in expires, where no other credential is given.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The provider, by name or identity, where the organisation has several.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Print the URL instead of opening a browser.
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Forget a sign-in.
#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// End all of your sign-ins to the organisation, on other machines too.
    #[arg(long)]
    everywhere: bool,
    #[command(flatten)]
    connection: Connection,
}

impl LoginArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let connection = &self.connection;
        let organisation = connection
            .organisation()
            .ok_or(LoginError::NoOrganisation)?;
        // Found out before the person has done anything.
        let shelf = Shelf::of(surroundings).ok_or(KeptError::NoDirectory)?;
        let client = connection.stranger()?;
        let options = client.sign_in_options(organisation).await?;
        let provider = choose(&options, self.provider.as_deref())?;
        let token = self.ask(provider, surroundings).await?;
        let issued = client.sign_in(organisation, &token).await;
        let issued = issued.map_err(|error| match error {
            ClientError::BadRequest(refusal) => LoginError::NotAccepted { refusal }.into(),
            other => CommandError::Call(other),
        })?;
        let life = issued.expires_in;
        let kept = Kept {
            endpoint: trimmed(connection.endpoint()?).to_owned(),
            organisation: options.organisation.clone(),
            named: reference(organisation),
            token: issued.token,
            expires_at: surroundings
                .now()
                .saturating_add(life)
                .unwrap_or(Timestamp::MAX),
        };
        shelf.keep(&kept).map_err(LoginError::Kept)?;
        let until = kept.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let said = [("signed in to", kept.named), ("until", until)];
        fields(surroundings.output(), &said).map_err(CommandError::Output)
    }

    /// Lets the person sign in at the provider, and brings back their ID token.
    async fn ask(
        &self,
        provider: &SignInProvider,
        surroundings: &mut dyn Surroundings,
    ) -> Result<Plaintext, CommandError> {
        let http = Http {
            client: self.connection.http(provider::is_local(&provider.issuer))?,
            cleartext: self.connection.allows_cleartext(),
        };
        let loopback = Loopback::open(PORTS).await.map_err(LoginError::Port)?;
        let attempt = Attempt::begin(&http, provider, loopback.url()).await?;
        let opened = !self.no_browser && surroundings.browse(attempt.url.as_str()).is_ok();
        let output = surroundings.output();
        let written = if opened {
            writeln!(
                output,
                "Sign in in the browser. If it did not open, go to:\n"
            )
        } else {
            writeln!(
                output,
                "To sign in, open this page in a browser of this machine:\n"
            )
        };
        written
            .and_then(|()| writeln!(output, "  {}\n", attempt.url))
            .and_then(|()| output.flush())
            .map_err(CommandError::Output)?;
        let state = attempt.state.secret().clone();
        let redirect = wait(loopback, &state, PATIENCE).await?;
        Ok(attempt.finish(&http, redirect).await?)
    }
}

/// What the browser brings back in time.
async fn wait(loopback: Loopback, state: &str, limit: Duration) -> Result<Redirect, LoginError> {
    let redirect = tokio::time::timeout(limit, loopback.redirect(state)).await;
    redirect
        .map_err(|_| LoginError::Late)?
        .map_err(LoginError::Port)
}

/// The provider of this name or identity, or the only one.
fn choose<'o>(
    options: &'o SignInOptions,
    named: Option<&str>,
) -> Result<&'o SignInProvider, LoginError> {
    let all = &options.providers;
    let names = || {
        let names = all.iter().map(|provider| shown(&provider.name));
        names.collect::<Vec<_>>().join(", ")
    };
    let Some(named) = named else {
        return match all.as_slice() {
            [only] => Ok(only),
            _ => Err(LoginError::SeveralProviders { found: names() }),
        };
    };
    let is = |provider: &&SignInProvider| provider.name == named || provider.identity == named;
    let found: Vec<_> = all.iter().filter(is).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(LoginError::NoProvider { found: names() }),
        _ => {
            let found = all.iter().map(|provider| provider.identity.as_str());
            let found = found.collect::<Vec<_>>().join(", ");
            Err(LoginError::SeveralProviders { found })
        }
    }
}

impl LogoutArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let connection = &self.connection;
        let organisation: Option<&Reference<OrganisationId>> = connection.organisation();
        let shelf = Shelf::of(surroundings).ok_or(KeptError::NoDirectory)?;
        let found = shelf.find(connection.endpoint()?, organisation, surroundings.now())?;
        let kept = found.ok_or(LoginError::NotSignedIn)?;
        if self.everywhere {
            let token = Plaintext::new(kept.token.expose().to_vec());
            let client = connection.client_of(token)?;
            match client.end_sign_ins().await {
                // The file is of no use any more, and the person has to know that the rest may be.
                Err(ClientError::Unauthorized(_)) => {
                    shelf.forget(&kept)?;
                    return Err(LoginError::EndedAlready.into());
                }
                ended => ended?,
            }
        }
        shelf.forget(&kept)?;
        let said = [("signed out of", kept.named)];
        fields(surroundings.output(), &said).map_err(CommandError::Output)
    }
}

/// Foreign text, short and without what could upset a terminal.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).take(300).collect()
}
