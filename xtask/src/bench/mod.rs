//! The benchmark: the release binary beside references that run in the same minutes.

mod drawing;
mod group_commit;
mod kms;
mod load;
pub(crate) mod primitive;
pub(crate) mod reference;
mod report;
pub(crate) mod rights;
mod runs;
mod scenario;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::live::{caller, dataset, process};
use crate::release::{self, Packages, ReleaseError};
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
    /// Measure the release binaries in this directory as they are, without building them.
    #[arg(long, value_name = "DIRECTORY")]
    binaries: Option<PathBuf>,
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
    /// What keys do, beside bare axum and beside the bare library; reveals while keys are drawn.
    Kms,
    /// One decision about a right among very many rules, beside few.
    Rights,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The repository could not be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// There is nothing to measure.
    #[error("the binaries could not be built")]
    Release(#[from] ReleaseError),
    /// A server with secrets could not be made.
    #[error(transparent)]
    Dataset(#[from] dataset::DatasetError),
    /// A server did not run.
    #[error(transparent)]
    Process(#[from] process::ProcessError),
    /// A call before or beside a load failed.
    #[error(transparent)]
    Call(#[from] caller::CallerError),
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
    pace: Pace,
    keys: Pace,
    browses: Pace,
    few: usize,
    many: usize,
    very_many: usize,
}

/// How long one run takes, and how many there are.
pub(crate) struct Pace {
    time: Duration,
    rounds: usize,
}

const METHOD: &str = "\
One core serves, the other one runs wrk with 64 connections, everything random chosen before the clock
starts. Each load first runs until it gets no faster; then those of Strongroom and of its reference
alternate. A figure is the median of its runs, a ratio the median of those of two runs that were neighbours:
where the processor is slower for a while, it is so for both.
The reference is axum alone with the same allocator and runtime, on the same core, answering as many bytes.
Both are built as `cargo xtask release` builds: trained, and optimised by the profile of that.
The group commit over axum makes 1,024 bytes durable before each reply, many in one sync: what anything costs
that is on the disk before it is answered, on this machine.
Audit is on and durable: a reveal is answered when its record is on the disk.
The secrets were created over HTTP by 64 clients, the 1,000 access tokens issued by the token endpoint.
An operation of a key has 32 bytes of input; RSA signs with PSS. The library alone is the same operation
of aws-lc-rs in a loop on the server's core, without HTTP, permission or audit. Keys are drawn on the
server's one core too, one after the other, by a client that creates them over HTTP.
A right is decided in a loop on that core, from the caller and the path to the grant; of the caller's
rules a quarter each names a path, ends in a star, has two stars, and is about keys.";

/// Measures what is asked for, prints the table and, if everything was asked for, writes it down.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), BenchError> {
    let bench = Bench::new(workspace, options, &binaries(workspace, options)?)?;
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
    if asked(Scenario::Kms) {
        rows.extend(runtime.block_on(bench.kms())?);
    }
    if asked(Scenario::Rights) {
        rows.extend(bench.rights()?);
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

/// Where the binaries are, built now unless they were given.
fn binaries(workspace: &Workspace, options: &Options) -> Result<PathBuf, BenchError> {
    if let Some(given) = &options.binaries {
        return Ok(given.clone());
    }
    Ok(release::build(workspace, Packages::WithReferences)?)
}

impl Bench {
    fn new(workspace: &Workspace, options: &Options, binaries: &Path) -> Result<Self, BenchError> {
        let scratch = workspace.target()?.join("bench");
        let failed = |source| BenchError::File {
            what: "making the directory of the data",
            source,
        };
        if options.fresh && scratch.exists() {
            std::fs::remove_dir_all(&scratch).map_err(failed)?;
        }
        std::fs::create_dir_all(&scratch).map_err(failed)?;
        let pace = |seconds, rounds| Pace {
            time: Duration::from_secs(seconds),
            rounds,
        };
        let (usual, divisor) = if options.quick {
            (pace(2, 3), 10)
        } else {
            (pace(5, 5), 1)
        };
        // Nothing depends as much on the processor's clock, which changes within seconds: many short
        // runs.
        let browses = pace(1, 5 * usual.rounds);
        Ok(Self {
            strongroom: binaries.join("strongroom").into(),
            reference: binaries.join("xtask").into(),
            scratch,
            pace: usual,
            // There are many of them, and short runs differ little: a few minutes in all.
            keys: pace(1, 3),
            browses,
            few: 1_000,
            many: 100_000 / divisor,
            very_many: 1_000_000 / divisor,
        })
    }
}
