//! Fills a data directory: `strongroom-seed --binary target/release/strongroom --data DIR`.

#![allow(clippy::print_stdout, reason = "it prints what it made")]

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use strongroom_testkit::seed::{SeedError, seed};

/// Makes a data directory with very many secrets, for measurements.
#[derive(Parser)]
struct Arguments {
    /// The `strongroom` binary.
    #[arg(long)]
    binary: PathBuf,
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
    /// How many secrets: /load/dXX/eXX/sN.
    #[arg(long, default_value_t = 1_000_000)]
    secrets: usize,
    /// How many tokens of the owner; they are printed, one on a line.
    #[arg(long, default_value_t = 0)]
    tokens: usize,
}

fn main() -> Result<(), SeedError> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let seeded = seed(
        &arguments.binary,
        &arguments.data,
        arguments.secrets,
        arguments.tokens,
    )?;
    for token in &seeded.tokens {
        println!("{token}");
    }
    println!(
        "{} secrets in {:.1} s",
        seeded.secrets,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}
