//! What the process has around it, as an argument, so that tests can bring their own.

use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;

use etcetera::BaseStrategy;
use strongroom_types::{Plaintext, Timestamp};

/// Environment, standard streams and the person at the terminal, if there is one.
pub trait Surroundings {
    /// A variable of the environment, unless it is absent, empty or no text.
    fn variable(&self, name: &str) -> Option<String>;

    /// The directory of this program's configuration, if there is any place for one.
    fn configuration(&self) -> Option<PathBuf>;

    /// The time.
    fn now(&self) -> Timestamp;

    /// Shows a page in the person's browser.
    fn browse(&mut self, url: &str) -> io::Result<()>;

    /// Standard input.
    fn input(&mut self) -> &mut dyn Read;

    /// Standard output.
    fn output(&mut self) -> &mut dyn Write;

    /// Whether a person would type what is read from standard input.
    fn input_is_terminal(&self) -> bool;

    /// Whether a person would see what is written to standard output.
    fn output_is_terminal(&self) -> bool;

    /// Asks the person at the terminal, and returns the line that they type.
    fn ask(&mut self, question: &str) -> io::Result<String>;

    /// Asks the person at the terminal for a secret, which is not shown while it is typed.
    fn ask_hidden(&mut self, question: &str) -> io::Result<Plaintext>;
}

/// The surroundings of this process.
#[derive(Debug)]
pub struct Process {
    input: io::Stdin,
    output: io::Stdout,
}

impl Process {
    /// Takes what the operating system gave.
    pub fn new() -> Self {
        Self {
            input: io::stdin(),
            output: io::stdout(),
        }
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn configuration(&self) -> Option<PathBuf> {
        if let Some(chosen) = self.variable("STRONGROOM_CONFIG_DIR") {
            return Some(PathBuf::from(chosen));
        }
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.config_dir().join("strongroom"))
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn browse(&mut self, url: &str) -> io::Result<()> {
        webbrowser::open(url)
    }

    fn input(&mut self) -> &mut dyn Read {
        &mut self.input
    }

    fn output(&mut self) -> &mut dyn Write {
        &mut self.output
    }

    fn input_is_terminal(&self) -> bool {
        self.input.is_terminal()
    }

    fn output_is_terminal(&self) -> bool {
        self.output.is_terminal()
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        let mut errors = io::stderr();
        write!(errors, "{question}")?;
        errors.flush()?;
        let mut line = String::new();
        self.input.read_line(&mut line)?;
        Ok(line)
    }

    fn ask_hidden(&mut self, question: &str) -> io::Result<Plaintext> {
        rpassword::prompt_password(question).map(|line| Plaintext::new(line.into_bytes()))
    }
}
