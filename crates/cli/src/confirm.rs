//! Asking before something is gone.

use std::io;

use clap::Args;

use crate::Surroundings;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The person said no.
    #[error("nothing was changed")]
    Declined,
    /// There is nobody to ask.
    #[error("this needs a confirmation and there is no terminal to ask at; add --yes")]
    Nobody,
    /// The terminal cannot be used.
    #[error("the confirmation cannot be read")]
    Terminal(#[source] io::Error),
}

/// The consent to what cannot be taken back.
#[derive(Debug, Default, Args)]
pub(crate) struct Consent {
    /// Do it without asking.
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Asks, unless consent was given. `what` is what will happen, as a sentence.
    pub(crate) fn obtain(
        &self,
        surroundings: &mut dyn Surroundings,
        what: &str,
    ) -> Result<(), ConfirmError> {
        if self.yes {
            return Ok(());
        }
        if !surroundings.input_is_terminal() {
            return Err(ConfirmError::Nobody);
        }
        let answer = surroundings
            .ask(&format!("{what} Continue? [y/N] "))
            .map_err(ConfirmError::Terminal)?;
        if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES") {
            Ok(())
        } else {
            Err(ConfirmError::Declined)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scene;

    fn ask(yes: bool, person: Option<&str>) -> Result<(), ConfirmError> {
        let mut scene = Scene::with_stdin(b"y\n");
        scene.person = person.map(str::to_owned);
        Consent { yes }.obtain(&mut scene, "It goes.")
    }

    #[test]
    fn a_person_has_to_say_yes() {
        for yes in ["y\n", " YES \n", "yes"] {
            assert!(ask(false, Some(yes)).is_ok(), "{yes}");
        }
        for no in ["\n", "n\n", "yep\n", ""] {
            let declined = matches!(ask(false, Some(no)), Err(ConfirmError::Declined));
            assert!(declined, "{no}");
        }
    }

    #[test]
    fn without_a_person_only_the_flag_counts() {
        assert!(matches!(ask(false, None), Err(ConfirmError::Nobody)));
        assert!(ask(true, None).is_ok());
    }
}
