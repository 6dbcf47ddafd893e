//! The table, and the document that keeps the last one.

use std::fmt::Write as _;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::load::Measured;
use super::runs::Runs;
use crate::workspace::{Workspace, WorkspaceError};

/// One comparison.
pub(crate) struct Row {
    /// What was done.
    pub(crate) what: String,
    /// How the server did.
    pub(crate) measured: String,
    /// What it is compared with.
    pub(crate) reference: String,
    /// The comparison in one number or figure.
    pub(crate) result: String,
    /// What it should be.
    pub(crate) target: &'static str,
    /// Whether it is.
    pub(crate) met: bool,
}

impl Row {
    /// Our runs beside those of something else that took turns with them, which they should reach in
    /// part.
    pub(crate) fn of_runs(
        what: String,
        ours: &Runs,
        (name, others): (&str, &Runs),
        target: (f64, &'static str),
    ) -> Self {
        let reference = (name, others.middle().rate);
        Self::compared(what, ours.middle(), reference, ours.beside(others), target)
    }

    /// Our runs beside a rate that was measured apart from them.
    pub(crate) fn of_rates(
        what: String,
        ours: &Runs,
        reference: (&str, f64),
        target: (f64, &'static str),
    ) -> Self {
        let ours = ours.middle();
        Self::compared(what, ours, reference, ours.rate / reference.1, target)
    }

    fn compared(
        what: String,
        ours: Measured,
        reference: (&str, f64),
        ratio: f64,
        (least, target): (f64, &'static str),
    ) -> Self {
        Self {
            what,
            measured: rate(ours),
            reference: format!("{}: {}/s", reference.0, thousands(reference.1)),
            // Two digits that mean something, also where a server is far from a bare loop.
            result: if ratio < 0.095 {
                format!("{ratio:.3}")
            } else {
                format!("{ratio:.2}")
            },
            target,
            met: ratio >= least,
        }
    }
}

/// A rate with its latencies.
pub(crate) fn rate(measured: Measured) -> String {
    let Measured { rate, median, slow } = measured;
    format!(
        "{}/s (p50 {:.2} ms, p99 {:.2} ms)",
        thousands(rate),
        median / 1e3,
        slow / 1e3
    )
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The rows as a Markdown table, which a terminal shows well too.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["What", "Strongroom", "Beside", "Result", "Target", "Met"]);
    for row in rows {
        let met = if row.met { "yes" } else { "no" };
        table.add_row([
            &row.what,
            &row.measured,
            &row.reference,
            &row.result,
            row.target,
            met,
        ]);
    }
    format!("{table}\n")
}

/// The document: how it was measured, on what, and the table.
pub(crate) fn document(
    workspace: &Workspace,
    command: &str,
    method: &str,
    rows: &[Row],
) -> Result<String, WorkspaceError> {
    let mut text = String::from(
        "# Performance\n\n\
         The last run of the whole benchmark, written by it. Figures of two machines, or of two days, \
         do not compare;\nthe ratios to a reference that ran beside do.\n\n## Machine\n\n",
    );
    for (name, value) in machine(workspace)? {
        let _infallible = writeln!(text, "- {name}: {value}");
    }
    let _infallible = write!(
        text,
        "\n## Method\n\n    {command}\n\n{method}\n\nOne part alone, which writes nothing down: \
         `cargo xtask bench kms`, or `reveal`, `put`, `scale`, `browse`, `start`, `rights`.\n\n## Figures\n\n{}",
        table(rows)
    );
    Ok(text)
}

fn machine(workspace: &Workspace) -> Result<Vec<(&'static str, String)>, WorkspaceError> {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim());
        value.unwrap_or("unknown").to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let revision = workspace.output("git", &["rev-parse", "--short", "HEAD"])?;
    let changed = workspace.output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    let changed = if changed.trim().is_empty() {
        ""
    } else {
        " with uncommitted changes"
    };
    Ok(vec![
        (
            "Processor",
            format!(
                "{processors} × {}",
                field(&file("/proc/cpuinfo"), "model name")
            ),
        ),
        ("Memory", field(&file("/proc/meminfo"), "MemTotal")),
        (
            "Kernel",
            file("/proc/sys/kernel/osrelease").trim().to_owned(),
        ),
        (
            "Compiler",
            workspace.output("rustc", &["--version"])?.trim().to_owned(),
        ),
        ("Revision", format!("{}{changed}", revision.trim())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Measured = Measured {
        rate: 40_000.0,
        median: 900.0,
        slow: 2_000.0,
    };

    /// Some runs with these rates.
    fn runs(rates: &[f64]) -> Runs {
        let mut runs = Runs::none();
        for rate in rates {
            runs.push(Measured {
                rate: *rate,
                ..OURS
            });
        }
        runs
    }

    fn row(reference: f64) -> Row {
        let ours = runs(&[OURS.rate]);
        let target = (0.4, "≥ 0.4");
        Row::of_rates("x".to_owned(), &ours, ("axum", reference), target)
    }

    #[test]
    fn runs_that_took_turns_are_compared_in_pairs() {
        let (ours, axum) = (runs(&[50.0, 25.0, 50.0]), runs(&[100.0, 50.0, 50.0]));
        let beside = ("axum", &axum);
        let row = Row::of_runs("x".to_owned(), &ours, beside, (0.4, "≥ 0.4"));
        assert_eq!(row.result, "0.50");
        assert!(row.measured.starts_with("50/s") && row.reference == "axum: 50/s");
    }

    #[test]
    fn a_ratio_is_met_or_not() {
        assert!(row(100_000.0).met);
        assert!(!row(100_001.0).met);
        assert_eq!(row(80_000.0).result, "0.50");
        assert_eq!(row(2_000_000.0).result, "0.020");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(rate(OURS), "40,000/s (p50 0.90 ms, p99 2.00 ms)");
    }

    #[test]
    fn the_table_is_markdown() {
        let table = table(&[row(80_000.0)]);
        assert_eq!(table.lines().count(), 3);
        assert!(
            table
                .lines()
                .all(|line| line.starts_with('|') && line.ends_with('|'))
        );
        assert!(table.contains("| yes |"), "{table}");
    }
}
