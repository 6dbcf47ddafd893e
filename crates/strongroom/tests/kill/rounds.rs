//! The rounds: start, load, kill, check.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use strongroom_testkit::ServerProcess;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::check::{Evidence, compare, compare_contended, settle};
use crate::common::{binary, printed, strongroom};
use crate::draw::Draw;
use crate::ledger::{Model, OWN, Operation, Outcome, SHARED, What};
use crate::load::{Round, WRITERS, shared_paths, write};

/// Rounds when nobody asks for more.
const ROUNDS: usize = 30;

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable);
    text.map_or(otherwise, |text| text.parse().unwrap())
}

/// Everything that lasts from round to round.
struct Story {
    data: tempfile::TempDir,
    runtime: Runtime,
    draw: Draw,
    model: Model,
    /// How often each contended secret exists: created less deleted.
    existing: BTreeMap<String, i64>,
    evidence: Evidence,
    writers: Vec<Vec<Operation>>,
}

#[test]
fn whatever_was_acknowledged_outlives_any_number_of_crashes() {
    let seed = number("STRONGROOM_KILL_SEED", 20_260_701);
    let rounds = usize::try_from(number("STRONGROOM_KILL_ROUNDS", ROUNDS as u64)).unwrap();
    println!("STRONGROOM_KILL_SEED={seed}");
    let mut story = Story {
        data: tempfile::tempdir().unwrap(),
        runtime: Runtime::new().unwrap(),
        draw: Draw::new(seed),
        model: Model::default(),
        existing: BTreeMap::new(),
        evidence: Evidence::default(),
        writers: Vec::new(),
    };
    let mut server = story.start();
    let (mut answered, mut unknown) = (0, 0);
    for round in 0..rounds {
        let writers = story.crash(round, server);
        let cut = |operation: &&Operation| operation.outcome == Outcome::Unknown;
        unknown += writers.iter().flatten().filter(cut).count();
        answered += writers.iter().map(Vec::len).sum::<usize>();
        match round % 4 {
            1 => story.verify(),
            3 => story.crash_while_starting(),
            _ => {}
        }
        server = story.start();
        story.check(&server, &writers);
        story.writers.extend(writers);
    }
    assert!(
        unknown > rounds,
        "the kills came when nothing was under way"
    );
    println!("{answered} operations, {unknown} of them cut off");
    story.end(server);
}

impl Story {
    fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    fn start(&self) -> ServerProcess {
        ServerProcess::plan(binary()).data(&self.data()).start()
    }

    /// Lets the writers work on the server and kills it; returns what they asked.
    fn crash(&mut self, number: usize, server: ServerProcess) -> Vec<Vec<Operation>> {
        let round = Arc::new(Round {
            number,
            api: Api::new(server.details.clone()),
            target: usize::try_from(60 + self.draw.below(300)).unwrap(),
            answered: AtomicUsize::new(0),
            enough: Notify::new(),
            is_killed: AtomicBool::new(false),
            shared: Mutex::new(self.shared_before(number)),
        });
        let seeds: Vec<_> = (0..WRITERS).map(|_| self.draw.below(u64::MAX)).collect();
        let model = &self.model;
        let (mut all, setup) = self.runtime.block_on(async {
            let setup = set_up(&round).await;
            let mut tasks = JoinSet::new();
            for (writer, seed) in seeds.into_iter().enumerate() {
                let task = write(round.clone(), writer, own(model, writer), Draw::new(seed));
                tasks.spawn(task);
            }
            tokio::select! {
                () = round.enough.notified() => {}
                // A writer only ends here when something is wrong; it says what.
                Some(ended) = tasks.join_next() => { let _operations = ended.unwrap(); }
            }
            round.is_killed.store(true, Ordering::SeqCst);
            server.kill();
            (tasks.join_all().await, setup)
        });
        all.insert(0, setup);
        all
    }

    /// The versions that the round before left in its shared secrets.
    fn shared_before(&self, number: usize) -> Vec<(String, u64, String)> {
        let Some(before) = number.checked_sub(1) else {
            return Vec::new();
        };
        let mut known = Vec::new();
        for path in shared_paths(before) {
            for (number, version) in &self.model.secrets[&path].versions {
                known.push((path.clone(), *number, version.writer.clone()));
            }
        }
        known
    }

    /// Kills a server that may not even be ready yet.
    fn crash_while_starting(&mut self) {
        let mut command = strongroom(&["dev", "--json", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(self.data());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let (sender, ready) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut line = String::new();
            let length = BufReader::new(output).read_line(&mut line).unwrap();
            let _too_late = sender.send(length);
        });
        let patience = Duration::from_millis(self.draw.below(150));
        // Ready or not: both are moments to be killed at.
        let _ready_or_not = ready.recv_timeout(patience);
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
    }

    fn verify(&self) {
        let mut command = strongroom(&["audit", "verify", "--data"]);
        command.arg(self.data());
        let report = printed(command);
        assert!(report.contains("is what was written"), "{report}");
    }

    /// Compares what is there with what was asked.
    fn check(&mut self, server: &ServerProcess, writers: &[Vec<Operation>]) {
        let api = Api::new(server.details.clone());
        self.runtime.block_on(async {
            self.evidence.read(&api).await;
            let told = self.evidence.told();
            let touched = settle(&mut self.model, &mut self.existing, writers, &told);
            let mine = |path: &String| path.starts_with(OWN) || path.starts_with(SHARED);
            compare(&api, &self.model, touched.into_iter().filter(mine)).await;
            compare_contended(&api, &self.existing).await;
        });
    }

    /// After the last round: everything of all rounds once more, from the first record on.
    fn end(self, server: ServerProcess) {
        let api = Api::new(server.details.clone());
        self.runtime.block_on(async {
            compare(&api, &self.model, self.model.secrets.keys().cloned()).await;
            let mut all = Evidence::default();
            let counted = all.read(&api).await;
            assert_eq!(all.len(), counted, "some entries stand there twice");
            let told = all.told();
            let (mut model, mut existing) = (Model::default(), BTreeMap::new());
            settle(&mut model, &mut existing, &self.writers, &told);
            assert_eq!(model.secrets, self.model.secrets);
            assert_eq!(existing, self.existing);
        });
        server.stop_well();
        self.verify();
    }
}

/// A writer's own part of the model.
fn own(model: &Model, writer: usize) -> Model {
    let mine = format!("{OWN}w{writer}/");
    let secrets = model.secrets.iter();
    let secrets = secrets.filter(|(path, _)| path.starts_with(&mine));
    Model {
        secrets: secrets
            .map(|(path, secret)| (path.clone(), secret.clone()))
            .collect(),
    }
}

/// Makes the secrets that all writers of the round share. They count as put by the test itself.
async fn set_up(round: &Round) -> Vec<Operation> {
    let mut made = Vec::new();
    for (place, path) in shared_paths(round.number).into_iter().enumerate() {
        let mut operation = Operation {
            id: format!("r{}-setup-{place}", round.number),
            path,
            what: What::Create,
            outcome: Outcome::Unknown,
        };
        let body = round.api.perform(&mut operation).await;
        assert!(operation.acknowledged(), "{operation:?}: {body:?}");
        made.push(operation);
    }
    made
}

/// The comparison itself has to be able to fail.
#[test]
#[should_panic(expected = "right: {1: false, 2: false}")]
fn a_lost_version_would_be_noticed() {
    let server = ServerProcess::start(binary());
    let api = Api::new(server.details.clone());
    Runtime::new().unwrap().block_on(async {
        let mut create = Operation {
            id: "r0-w0-0".to_owned(),
            path: format!("{OWN}w0/s0"),
            what: What::Create,
            outcome: Outcome::Unknown,
        };
        api.perform(&mut create).await.unwrap();
        let mut model = Model::default();
        model.apply(&create, create.version());
        compare(&api, &model, [create.path.clone()]).await;
        // A put that was never sent, and is claimed to be acknowledged.
        let put = Operation {
            id: "r0-w0-1".to_owned(),
            what: What::Put,
            ..create
        };
        model.apply(&put, Some(2));
        compare(&api, &model, [put.path]).await;
    });
}

/// So has the comparison with the log, of which a reveal leaves nothing else behind: here is one
/// that was answered with the value, and a log that was read without its record.
#[test]
#[should_panic(expected = "no record: Operation { id: \"r0-w0-1\"")]
fn a_lost_record_of_a_reveal_would_be_noticed() {
    let server = ServerProcess::start(binary());
    let api = Api::new(server.details.clone());
    Runtime::new().unwrap().block_on(async {
        let operation = |id: &str, what| Operation {
            id: id.to_owned(),
            path: format!("{OWN}w0/s0"),
            what,
            outcome: Outcome::Unknown,
        };
        let mut create = operation("r0-w0-0", What::Create);
        api.perform(&mut create).await.unwrap();
        let mut before = Evidence::default();
        before.read(&api).await;
        let mut reveal = operation("r0-w0-1", What::Reveal(1));
        api.perform(&mut reveal).await.unwrap();
        assert!(create.acknowledged() && reveal.acknowledged());
        let mut after = Evidence::default();
        after.read(&api).await;
        let writers = [vec![create, reveal]];
        let check = |evidence: &Evidence| {
            let (mut model, mut existing) = (Model::default(), BTreeMap::new());
            settle(&mut model, &mut existing, &writers, &evidence.told());
        };
        // With the record all is well; without it the round fails.
        check(&after);
        check(&before);
    });
}
