//! Load by wrk, from its own core, with a script written for the run.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

/// The core that the load runs on.
const LOAD_CORE: &str = "1";
/// Requests that are prepared before the clock starts, at least; chosen from at random.
const PREPARED: usize = 100_000;

/// Why a run gave no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// `taskset` or wrk did not start.
    #[error("wrk did not start; ./scripts/setup bench installs it")]
    Start(#[source] io::Error),
    /// The script could not be written.
    #[error("the load script could not be written")]
    Script(#[source] io::Error),
    /// wrk failed.
    #[error("wrk failed: {0}")]
    Failed(String),
    /// wrk did not print its summary.
    #[error("wrk printed no summary")]
    NoSummary(#[source] serde_json::Error),
    /// The server refused or broke off requests, so the figure would mean nothing.
    #[error("{refused} of {requests} requests were refused and {broken} broke off")]
    Refused {
        /// Replies outside 2xx.
        refused: u64,
        /// All replies.
        requests: u64,
        /// Connections that failed.
        broken: u64,
    },
}

/// What every request of a run is made of.
pub(crate) struct Load<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// Lua that gives the URL path of request `i`, from 0.
    pub(crate) path: String,
    /// Lua that gives the body of request `i`, or `nil`.
    pub(crate) body: &'a str,
    /// How many different requests there are.
    pub(crate) different: usize,
    /// Values of `Authorization`, chosen from at random.
    pub(crate) credentials: &'a [String],
    /// The organisation that they belong to.
    pub(crate) organisation: &'a str,
    /// Connections that are open at once.
    pub(crate) connections: usize,
}

/// What one run measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    /// Replies per second.
    pub(crate) rate: f64,
    /// Half of the replies took at most this long, in microseconds.
    pub(crate) median: f64,
    /// 99 of 100 replies took at most this long, in microseconds.
    pub(crate) slow: f64,
}

#[derive(Deserialize)]
struct Summary {
    requests: u64,
    microseconds: f64,
    refused: u64,
    broken: u64,
    p50: f64,
    p99: f64,
}

impl Load<'_> {
    /// Runs the load against an endpoint.
    pub(crate) fn run(
        &self,
        endpoint: &str,
        time: Duration,
        scratch: &Path,
    ) -> Result<Measured, LoadError> {
        let script = scratch.join("load.lua");
        std::fs::write(&script, self.script()).map_err(LoadError::Script)?;
        let connections = format!("-c{}", self.connections);
        let seconds = format!("-d{}s", time.as_secs().max(1));
        let output = Command::new("taskset")
            .args([
                "-c",
                LOAD_CORE,
                "wrk",
                "-t1",
                &connections,
                &seconds,
                "--timeout",
                "10s",
                "-s",
            ])
            .args([script.as_os_str(), OsStr::new(endpoint)])
            .output()
            .map_err(LoadError::Start)?;
        if !output.status.success() {
            return Err(LoadError::Failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        measured(&String::from_utf8_lossy(&output.stdout))
    }

    /// The script: everything random is decided from a fixed seed before the clock starts.
    fn script(&self) -> String {
        let mut credentials = String::new();
        for credential in self.credentials {
            let _infallible = write!(credentials, "{credential:?},");
        }
        let Self {
            method,
            path,
            body,
            different,
            organisation,
            ..
        } = self;
        let prepared = PREPARED.max(*different);
        format!(
            r#"local credentials = {{{credentials}}}
local requests = {{}}
function init(args)
  math.randomseed(20240229)
  for n = 1, {prepared} do
    local i = (n - 1) % {different}
    local headers = {{
      ["Host"] = wrk.host,
      ["Authorization"] = credentials[math.random(#credentials)],
      ["X-Organisation-Identity"] = "{organisation}",
      ["Content-Type"] = {body} and "application/json" or nil,
    }}
    requests[n] = wrk.format("{method}", {path}, headers, {body})
  end
end
function request()
  return requests[math.random(#requests)]
end
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\nsummary {{"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d}}\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"#
        )
    }
}

fn measured(printed: &str) -> Result<Measured, LoadError> {
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix("summary "))
        .unwrap_or_default();
    let summary: Summary = serde_json::from_str(line).map_err(LoadError::NoSummary)?;
    let Summary {
        requests,
        refused,
        broken,
        ..
    } = summary;
    if refused > 0 || broken > 0 || requests == 0 {
        return Err(LoadError::Refused {
            refused,
            requests,
            broken,
        });
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a run has far fewer than 2^52 requests"
    )]
    let rate = requests as f64 * 1e6 / summary.microseconds;
    Ok(Measured {
        rate,
        median: summary.p50,
        slow: summary.p99,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_becomes_a_rate() {
        let printed = "Running 1s test\nsummary {\"requests\":500,\"microseconds\":250000,\
                       \"refused\":0,\"broken\":0,\"p50\":10,\"p99\":20}\n";
        let measured = measured(printed).unwrap();
        assert_eq!(
            measured,
            Measured {
                rate: 2000.0,
                median: 10.0,
                slow: 20.0
            }
        );
    }

    #[test]
    fn a_run_with_refusals_is_no_figure() {
        let printed = "summary {\"requests\":500,\"microseconds\":1,\"refused\":1,\"broken\":0,\
                       \"p50\":10,\"p99\":20}\n";
        assert!(matches!(
            measured(printed),
            Err(LoadError::Refused { refused: 1, .. })
        ));
        assert!(matches!(
            measured("nothing\n"),
            Err(LoadError::NoSummary(_))
        ));
    }
}
