//! The binary: reads the command line and hands over to the room that does it.

mod arguments;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use strongroom_cli::Command as Remote;
use strongroom_server::commands::{self, Exit, explain};
use strongroom_server::root_key::ProcessSurroundings;
use strongroom_server::{config, http, recipes};

use arguments::{Arguments, AuditCommand, Command, Here, JournalCommand, RootCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(exit) => exit,
        Err((message, exit)) => {
            // Where standard error is closed there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(exit as u8)
        }
    }
}

/// Turns a command's error into what is said about it and the exit code.
macro_rules! said {
    ($outcome:expr) => {
        $outcome.map_err(|error| (explain(&error), error.exit()))
    };
}

fn run(command: Command) -> Result<ExitCode, (String, Exit)> {
    match command {
        Command::Secret(args) => Ok(strongroom_cli::run(Remote::Secret(args))),
        Command::Key(args) => Ok(strongroom_cli::run(Remote::Key(args))),
        Command::Kms(args) => Ok(strongroom_cli::run(Remote::Kms(args))),
        Command::Iam(args) => Ok(strongroom_cli::run(Remote::Iam(args))),
        Command::Unseal(args) => Ok(strongroom_cli::run(Remote::Unseal(args))),
        Command::Login(args) => Ok(strongroom_cli::run(Remote::Login(args))),
        Command::Logout(args) => Ok(strongroom_cli::run(Remote::Logout(args))),
        Command::Audit { command } => match command {
            AuditCommand::Ls(args) => Ok(strongroom_cli::run(Remote::Audit(*args))),
            AuditCommand::Journal(command) => journal(command).map(|()| ExitCode::SUCCESS),
        },
        Command::Here(command) => here(command).map(|()| ExitCode::SUCCESS),
    }
}

/// The environment, as far as it is ours: variables that are no text cannot be.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn journal(command: JournalCommand) -> Result<(), (String, Exit)> {
    let mut output = io::stdout();
    let surroundings = &ProcessSurroundings;
    match command {
        JournalCommand::Verify(args) => {
            said!(commands::verify(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
        JournalCommand::Head(args) => {
            said!(commands::head(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
    }
}

fn here(command: Here) -> Result<(), (String, Exit)> {
    let mut output = io::stdout();
    let surroundings = &ProcessSurroundings;
    match command {
        Here::Server(args) => {
            said!(commands::server(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
        Here::Init(args) => {
            said!(commands::init(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
        Here::Dev(args) => said!(commands::dev(&args.into(), environment(), &mut output)),
        Here::Root { command } => root(command),
        Here::Openapi => print(&http::openapi_document().to_string()),
        Here::Config => print(&config::annotated_example()),
        Here::ConfigDocs => print(&config::reference()),
        Here::Recipes => print(&recipes::markdown()),
    }
}

fn root(command: RootCommand) -> Result<(), (String, Exit)> {
    let mut output = io::stdout();
    let surroundings = &ProcessSurroundings;
    match command {
        RootCommand::Rotate(args) => {
            said!(commands::rotate(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
        RootCommand::Migrate(args) => {
            said!(commands::migrate(
                &args.into(),
                environment(),
                surroundings,
                &mut output
            ))
        }
    }
}

fn print(text: &str) -> Result<(), (String, Exit)> {
    let mut output = io::stdout();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(output, "{text}{end}").and_then(|()| output.flush()) {
        // Whoever reads has read enough, as in `strongroom config | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => {
            outcome.map_err(|error| (explain(&commands::OutputError::from(error)), Exit::Failed))
        }
    }
}
