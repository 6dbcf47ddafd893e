//! The binary: reads the command line and hands over to the room that does it.

mod arguments;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use strongroom_server::commands::{self, Exit, explain};
use strongroom_server::root_key::ProcessSurroundings;
use strongroom_server::{config, http, recipes};

use arguments::{Arguments, AuditCommand, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
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

fn run(command: Command) -> Result<(), (String, Exit)> {
    let mut output = io::stdout();
    let surroundings = ProcessSurroundings;
    // Variables that are no text cannot be ours.
    let environment = || {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
    };
    match command {
        Command::Server(args) => {
            said!(commands::server(
                &args.into(),
                environment(),
                &surroundings,
                &mut output
            ))
        }
        Command::Init(args) => {
            said!(commands::init(
                &args.into(),
                environment(),
                &surroundings,
                &mut output
            ))
        }
        Command::Dev(args) => said!(commands::dev(&args.into(), &mut output)),
        Command::Audit { command } => match command {
            AuditCommand::Verify(args) => {
                said!(commands::verify(
                    &args.into(),
                    environment(),
                    &surroundings,
                    &mut output
                ))
            }
            AuditCommand::Head(args) => {
                said!(commands::head(
                    &args.into(),
                    environment(),
                    &surroundings,
                    &mut output
                ))
            }
        },
        Command::Openapi => print(&http::openapi_document().to_string()),
        Command::Config => print(&config::annotated_example()),
        Command::ConfigDocs => print(&config::reference()),
        Command::Recipes => print(&recipes::markdown()),
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
