//! What is measured, beside what, and what it should reach.

use std::ffi::OsString;
use std::path::Path;

use super::load::Load;
use super::report::{Row, rate, thousands};
use super::runs::{Runs, median};
use super::{Bench, BenchError, Pace, Scenario, group_commit};
use crate::live::dataset::{self, Dataset, PATH_IN_LUA};
use crate::live::process::Server;

/// Connections that are open at once, and so the clients of a put.
const CLIENTS: usize = 64;
/// What makes a record durable before each reply, and does nothing else.
const OVER_AXUM: &str = "group commit over axum";
/// A target that anything reaches.
pub(super) const FOR_INFORMATION: (f64, &str) = (0.0, "for information");
/// Secrets that puts add versions to.
const PUT_SECRETS: usize = 10_000;
/// Rounds that only warm, at most, and by how much a round must be faster for another one.
const MOST_WARMING: usize = 20;
const FASTER: f64 = 1.05;
/// What a start with very many secrets may take, in seconds.
const START_SECONDS: f64 = 2.0;
/// What very many secrets may occupy, in bytes.
const MEMORY: u64 = 300 * 1024 * 1024;

impl Bench {
    /// Reveals of random secrets with random tokens, beside axum alone, and beside axum that makes a
    /// record durable before each reply and does nothing else.
    pub(crate) async fn reveal(&self) -> Result<Vec<Row>, BenchError> {
        let data = self.dataset(self.many).await?;
        let bytes = data.reveal_size().await?.to_string();
        let axum = self.reference(&["reference", "--bytes", &bytes])?;
        let fresh = tempfile::tempdir_in(&self.scratch).map_err(file("making a directory"))?;
        let commit = self.committing_reference(&bytes, fresh.path())?;
        let load = reveals(&data);
        let servers = [&data.server, &axum, &commit];
        let pairs = servers.map(|server| (&load, server));
        let [ours, bare, durable] = self.alternate(&self.pace, pairs)?;
        let what = format!(
            "reveal, random out of {}, 1,000 tokens",
            count(data.secrets)
        );
        let target = (0.4, "≥ 0.4, aim 0.5");
        Ok(vec![
            Row::of_runs(what.clone(), &ours, ("axum", &bare), target),
            Row::of_runs(what, &ours, (OVER_AXUM, &durable), FOR_INFORMATION),
        ])
    }

    /// Axum that answers so many bytes once a record of its own is on the disk.
    fn committing_reference(&self, bytes: &str, directory: &Path) -> Result<Server, BenchError> {
        let log = directory.join("group-commit");
        let log = log.to_string_lossy();
        self.reference(&["reference", "--bytes", bytes, "--commit-to", &log])
    }

    /// Puts to random secrets, beside the bare group commit of the same disk.
    pub(crate) async fn put(&self) -> Result<Vec<Row>, BenchError> {
        let fresh = tempfile::tempdir_in(&self.scratch).map_err(file("making a directory"))?;
        let data = Dataset::open(&self.strongroom, fresh.path(), "puts", PUT_SECRETS).await?;
        let commit = self.committing_reference("160", fresh.path())?;
        let load = Load {
            method: "POST",
            path: below_a_secret(&data, "/versions"),
            body: r#"'{"secretString":"c2l4dGVlbiBieXRlcyBsb25nLCB0d2ljZSBvdmVyISE="}'"#,
            ..reveals(&data)
        };
        let [ours, over_http] =
            self.alternate(&self.pace, [(&load, &data.server), (&load, &commit)])?;
        drop(commit);
        let disk = self.bare_disk(&fresh.path().join("bare")).await?;
        let target = (0.4, "≥ 0.4, aim 0.5");
        let what = format!("put, {CLIENTS} clients");
        Ok(vec![
            Row::of_runs(what.clone(), &ours, (OVER_AXUM, &over_http), target),
            Row::of_rates(
                what,
                &ours,
                ("group commit without HTTP", disk),
                FOR_INFORMATION,
            ),
        ])
    }

    /// What must not grow with the number of secrets.
    pub(crate) async fn scale(
        &self,
        asked: &dyn Fn(Scenario) -> bool,
    ) -> Result<Vec<Row>, BenchError> {
        // Seeding and opening once, so that the start measured later finds everything in place.
        let large = self.dataset(self.very_many).await?;
        let mut rows = Vec::new();
        if asked(Scenario::Scale) || asked(Scenario::Browse) {
            let small = self.dataset(self.few).await?;
            if asked(Scenario::Scale) {
                rows.push(self.reveal_at_scale(&small, &large)?);
            }
            if asked(Scenario::Browse) {
                rows.push(self.browse_at_scale(&small, &large)?);
            }
        }
        if asked(Scenario::Start) {
            rows.extend(self.start(large)?);
        }
        Ok(rows)
    }

    fn reveal_at_scale(&self, small: &Dataset, large: &Dataset) -> Result<Row, BenchError> {
        let (few, many) = (reveals(small), reveals(large));
        let [many, few] =
            self.alternate(&self.pace, [(&many, &large.server), (&few, &small.server)])?;
        let what = format!("reveal, random out of {}", count(large.secrets));
        let beside = format!("out of {}", count(small.secrets));
        let target = (0.9, "≥ 0.9");
        Ok(Row::of_runs(what, &many, (&beside, &few), target))
    }

    fn browse_at_scale(&self, small: &Dataset, large: &Dataset) -> Result<Row, BenchError> {
        let (few, many) = (browses(small), browses(large));
        let pairs = [(&many, &large.server), (&few, &small.server)];
        let [many, few] = self.alternate(&self.browses, pairs)?;
        let what = format!(
            "browse a level of 100 children above {} secrets",
            count(large.secrets)
        );
        let beside = format!("above {}", count(small.secrets));
        let row = Row::of_runs(what, &many, (&beside, &few), (0.8, "0.8 … 1.2"));
        let met = row.met && many.beside(&few) <= 1.2;
        Ok(Row { met, ..row })
    }

    /// Opens very many secrets, then reads them at random, and looks at the memory.
    fn start(&self, data: Dataset) -> Result<Vec<Row>, BenchError> {
        let Dataset {
            server,
            secrets,
            credentials,
            client,
        } = data;
        let directory = self.scratch.join(kept(secrets));
        server.stop().map_err(file("stopping the server"))?;
        let mut times = Vec::new();
        let mut opened = dataset::start(&self.strongroom, &directory)?;
        for _ in 1..self.pace.rounds {
            times.push(opened.took.as_secs_f64());
            opened.stop().map_err(file("stopping the server"))?;
            opened = dataset::start(&self.strongroom, &directory)?;
        }
        times.push(opened.took.as_secs_f64());
        let data = Dataset {
            server: opened,
            secrets,
            credentials,
            client,
        };
        let load = reveals(&data);
        let measured = load.run(data.server.said("endpoint"), self.pace.time, &self.scratch)?;
        let (now, most) = data.server.memory()?;
        let seconds = median(&mut times);
        let what = |what: &str| format!("{what} with {} secrets", count(secrets));
        Ok(vec![
            Row {
                what: what("start"),
                measured: format!("{seconds:.2} s until ready"),
                reference: "–".to_owned(),
                result: format!("{seconds:.2} s"),
                target: "< 2 s",
                met: seconds < START_SECONDS,
            },
            Row {
                what: what("resident memory"),
                measured: format!("{} MB at most, after {}", most / 1_000_000, rate(measured)),
                reference: "–".to_owned(),
                result: format!("{} MB", now / 1_000_000),
                target: "< 300 MB",
                met: most < MEMORY,
            },
        ])
    }

    async fn dataset(&self, secrets: usize) -> Result<Dataset, BenchError> {
        Ok(Dataset::open(&self.strongroom, &self.scratch, &kept(secrets), secrets).await?)
    }

    /// Starts one of this binary's own hidden commands on the server's core.
    pub(super) fn reference(&self, arguments: &[&str]) -> Result<Server, BenchError> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        Ok(Server::start(&self.reference, &arguments)?)
    }

    async fn bare_disk(&self, path: &Path) -> Result<f64, BenchError> {
        let mut rates = Vec::new();
        for _ in 0..self.pace.rounds {
            let rate = group_commit::bare(path, CLIENTS, self.pace.time).await;
            rates.push(rate.map_err(file("the bare group commit"))?);
        }
        Ok(median(&mut rates))
    }

    /// Runs some loads in turn, once all are warm.
    pub(super) fn alternate<const N: usize>(
        &self,
        pace: &Pace,
        pairs: [(&Load<'_>, &Server); N],
    ) -> Result<[Runs; N], BenchError> {
        for (load, server) in pairs {
            self.warm(pace, load, server)?;
        }
        let mut runs = [const { Runs::none() }; N];
        for _ in 0..pace.rounds {
            for ((load, server), runs) in pairs.iter().zip(&mut runs) {
                let measured = load.run(server.said("endpoint"), pace.time, &self.scratch)?;
                println!(
                    "  {}/s at {}",
                    thousands(measured.rate),
                    server.said("endpoint")
                );
                runs.push(measured);
            }
        }
        Ok(runs)
    }

    /// Runs a load until it gets no faster: what is read for the first time comes from the disk, and
    /// of a million secrets that takes many rounds.
    fn warm(&self, pace: &Pace, load: &Load<'_>, server: &Server) -> Result<(), BenchError> {
        let mut before = 0.0;
        for _ in 0..MOST_WARMING {
            let measured = load.run(server.said("endpoint"), pace.time, &self.scratch)?;
            if measured.rate < before * FASTER {
                break;
            }
            before = measured.rate;
        }
        Ok(())
    }
}

pub(super) fn reveals(data: &Dataset) -> Load<'_> {
    Load {
        method: "POST",
        path: below_a_secret(data, "/value"),
        body: "nil",
        different: data.secrets,
        credentials: &data.credentials,
        organisation: data.server.said("organisation"),
        connections: CLIENTS,
    }
}

/// The URL of something below secret `i`, as Lua.
fn below_a_secret(data: &Dataset, end: &str) -> String {
    let secret = data.caller().secret_url("");
    format!("'{secret}' .. {PATH_IN_LUA} .. '{end}'")
}

fn browses(data: &Dataset) -> Load<'_> {
    Load {
        method: "GET",
        path: format!("'{}?path=/load/'", data.caller().secrets_url()),
        different: 1,
        ..reveals(data)
    }
}

fn kept(secrets: usize) -> String {
    format!("data-{secrets}")
}

fn count(secrets: usize) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are far fewer than 2^52 secrets"
    )]
    let secrets = secrets as f64;
    thousands(secrets)
}

pub(super) fn file(what: &'static str) -> impl FnOnce(std::io::Error) -> BenchError {
    move |source| BenchError::File { what, source }
}
