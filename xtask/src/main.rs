//! The project's own tasks: `cargo xtask tidy`, `docs`, `danger`, `release`, `bench`.
#![expect(
    clippy::print_stdout,
    reason = "a task talks to the terminal it was started from"
)]
#![expect(
    clippy::print_stderr,
    reason = "a task talks to the terminal it was started from"
)]

mod bench;
mod docs;
mod live;
mod release;
mod tidy;
mod workspace;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::release::Packages;

/// The server measured uses mimalloc, so the reference that runs in this binary does too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the Strongroom repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the house rules that no compiler knows.
    Tidy {
        /// Leave out the comparison of generated documents, which needs the binary.
        #[arg(long)]
        without_generated: bool,
    },
    /// Write the generated parts of the documents from the code.
    Docs,
    /// Print where code touches secrets by name, as `docs/expose-sites.txt` lists it.
    Danger {
        /// Write the list to its file instead; the change is then reviewed like any other.
        #[arg(long)]
        write: bool,
    },
    /// Build the binary for production: twice, as it is first trained, which takes a while.
    Release,
    /// Measure the server beside its references and print a table.
    Bench(bench::Options),
    /// Train the binaries in a directory, as a release does, without building any.
    #[command(hide = true)]
    Train {
        /// The directory.
        binaries: PathBuf,
    },
    /// Serve the reference that the benchmark compares with.
    #[command(hide = true)]
    Reference(bench::reference::Options),
    /// Measure the library alone, as the benchmark does.
    #[command(hide = true)]
    Primitive(bench::primitive::Options),
    /// Measure one decision about a right, as the benchmark does.
    #[command(hide = true)]
    Rights(bench::rights::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode, Box<dyn Error>> {
    let workspace = workspace::Workspace::find()?;
    match task {
        Task::Tidy { without_generated } => return Ok(tidy::run(&workspace, !without_generated)?),
        Task::Docs => docs::write(&workspace)?,
        Task::Danger { write: true } => tidy::danger::write(&workspace)?,
        Task::Danger { write: false } => print!("{}", tidy::danger::list(&workspace)?),
        Task::Release => {
            let binaries = release::build(&workspace, Packages::Server)?;
            println!("{}", binaries.join("strongroom").display());
        }
        Task::Train { binaries } => release::train(&binaries, Packages::WithReferences)?,
        Task::Bench(options) => bench::run(&workspace, &options)?,
        Task::Reference(options) => bench::reference::serve(&options)?,
        Task::Primitive(options) => bench::primitive::print(&options)?,
        Task::Rights(options) => bench::rights::print(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}
