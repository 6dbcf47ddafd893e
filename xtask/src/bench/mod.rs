//! The benchmark: the release binary beside references that run in the same minutes.

mod dataset;
mod group_commit;
mod load;
mod process;
pub(crate) mod reference;
mod report;
mod scenario;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::workspace::{Workspace, WorkspaceError};

/// What to measure, and how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ten times fewer secrets and shorter runs: a look, not a record.
    #[arg(long)]
    quick: bool,
    /// Make the data again, even if they were kept from the last run.
    #[arg(long)]
    fresh: bool,
    /// What to measure; everything if nothing is named.
    scenarios: Vec<Scenario>,
}

/// One question that the benchmark answers.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Reveals beside bare axum.
    Reveal,
    /// Puts beside the bare group commit of the same disk.
    Put,
    /// Reveals among very many secrets beside reveals among few.
    Scale,
    /// One directory level among very many descendants beside few.
    Browse,
    /// Start-up and memory with very many secrets.
    Start,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The release build failed, or the repository could not be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A server with secrets could not be made.
    #[error(transparent)]
    Dataset(#[from] dataset::DatasetError),
    /// A server did not run.
    #[error(transparent)]
    Process(#[from] process::ProcessError),
    /// A run gave no figure.
    #[error(transparent)]
    Load(#[from] load::LoadError),
    /// The directory of the data, the disk of the reference or the document failed.
    #[error("{what} failed")]
    File {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Everything that the scenarios share.
pub(crate) struct Bench {
    strongroom: OsString,
    reference: OsString,
    scratch: PathBuf,
    time: Duration,
    rounds: usize,
    few: usize,
    many: usize,
    very_many: usize,
}

const METHOD: &str = "\
One core serves, the other one runs wrk with 64 connections, everything random chosen before the clock
starts. Runs of Strongroom and of its reference alternate; a figure is the median of its runs. The
reference is axum alone with the same allocator and runtime, on the same core, answering as many bytes.
Audit is on and durable: a reveal is answered when its record is on the disk.
The secrets were created over HTTP by 64 clients, the 1,000 access tokens issued by the token endpoint.";

/// Measures what is asked for, prints the table and, if everything was asked for, writes it down.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), BenchError> {
    println!("building …");
    workspace.output(
        "cargo",
        &[
            "build",
            "--release",
            "--package",
            "strongroom",
            "--package",
            "xtask",
        ],
    )?;
    let bench = Bench::new(workspace, options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| BenchError::File {
            what: "starting the runtime",
            source,
        })?;

    let asked = |scenario| options.scenarios.is_empty() || options.scenarios.contains(&scenario);
    let mut rows = Vec::new();
    if asked(Scenario::Reveal) {
        rows.extend(runtime.block_on(bench.reveal())?);
    }
    if asked(Scenario::Put) {
        rows.extend(runtime.block_on(bench.put())?);
    }
    if asked(Scenario::Scale) || asked(Scenario::Browse) || asked(Scenario::Start) {
        rows.extend(runtime.block_on(bench.scale(&asked))?);
    }
    print!("{}", report::table(&rows));

    if options.scenarios.is_empty() {
        let command = if options.quick {
            "cargo xtask bench --quick"
        } else {
            "cargo xtask bench"
        };
        let document = report::document(workspace, command, METHOD, &rows)?;
        std::fs::write(workspace.join("docs/performance.md"), document).map_err(|source| {
            BenchError::File {
                what: "writing docs/performance.md",
                source,
            }
        })?;
    }
    Ok(())
}

impl Bench {
    fn new(workspace: &Workspace, options: &Options) -> Result<Self, BenchError> {
        let scratch = workspace.join("target/bench");
        let failed = |source| BenchError::File {
            what: "making the directory of the data",
            source,
        };
        if options.fresh && scratch.exists() {
            std::fs::remove_dir_all(&scratch).map_err(failed)?;
        }
        std::fs::create_dir_all(&scratch).map_err(failed)?;
        let (time, rounds, divisor) = if options.quick { (2, 3, 10) } else { (5, 5, 1) };
        Ok(Self {
            strongroom: workspace.join("target/release/strongroom").into(),
            reference: workspace.join("target/release/xtask").into(),
            scratch,
            time: Duration::from_secs(time),
            rounds,
            few: 1_000,
            many: 100_000 / divisor,
            very_many: 1_000_000 / divisor,
        })
    }
}
