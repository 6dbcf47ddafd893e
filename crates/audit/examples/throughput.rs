//! Measures durable records a second at 64 in flight, beside the disk's bare group commit: the same
//! bytes, written 64 frames at a time and synced, with nothing else.
//!
//! `cargo run --release -p strongroom-audit --example throughput [directory] [records] [workers]`

use std::fs::File;
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use strongroom_audit::{
    Action, Credential, Header, Journal, JournalOptions, Principal, Record, RecordId, Resource,
    ServiceEvent, verify,
};
use strongroom_crypto::{Keyring, SystemEntropy};
use strongroom_types::{Clock, KeyId, OrganisationId, ServiceAccountId, Timestamp};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const IN_FLIGHT: u64 = 64;

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a reveal leaves: the call, the read of the secret, and the use of its key.
fn reveal(number: u64, at: Timestamp) -> Record<'static> {
    let path = "/app/production/database/password";
    let key = KeyId::from_bytes([7; 16]);
    let mut record = Record::new(
        RecordId::new(at, number.to_be_bytes()),
        at,
        "POST",
        "/v1/secrets/nl-01/app/production/database/password:value",
        200,
    );
    record.organisation = Some(OrganisationId::from_bytes([1; 16]));
    record.duration_us = 84;
    record.principal = Some(Principal::ServiceAccount {
        id: ServiceAccountId::from_bytes([2; 16]),
        name: Some("Deployer".into()),
        slug: Some("deployer".into()),
    });
    record.region = Some("nl-01".into());
    record.client_ip = Some([10, 1, 2, 3].into());
    record.user_agent = Some("thalassa-cloud/client-go 0.35.3".into());
    record.credential = Some(Credential {
        id: "cred-0123456789abcdefghjkmnpqrs".into(),
        kind: "access_token".into(),
    });
    record.request_id = Some("0123456789abcdef0123456789abcdef".into());
    record.headers = vec![Header {
        name: "Accept".into(),
        value: "application/json".into(),
    }];
    record.events = vec![
        ServiceEvent::new(Action::SecretGetValue, Some(Resource::secret(path)))
            .with("version", 3_u32)
            .with("valueFormat", "opaque")
            .with("kmsKeyIdentity", key),
        ServiceEvent::new(Action::KmsDecrypt, Some(Resource::secret(path)))
            .with("keySlug", "primary")
            .with("keyType", "aes256-gcm96")
            .with("keyVersion", 2_u32)
            .with("ciphertextBytes", 92_usize),
    ];
    record
}

fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// Group commit with nothing around it, on a file that was written before.
fn bare(directory: &Path, frame: usize, records: u64) -> Result<f64, Failure> {
    let path = directory.join("bare");
    let group = vec![7; frame * IN_FLIGHT as usize];
    let capacity = 64 << 20;
    let mut file = File::create(&path)?;
    file.write_all(&vec![0; capacity])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let groups = records / IN_FLIGHT;
    let mut offset = 0;
    let began = Instant::now();
    for _ in 0..groups {
        if offset + group.len() > capacity {
            file.seek(SeekFrom::Start(0))?;
            offset = 0;
        }
        file.write_all(&group)?;
        file.sync_data()?;
        offset += group.len();
    }
    let took = began.elapsed();
    std::fs::remove_file(path)?;
    Ok(rate(groups * IN_FLIGHT, took))
}

/// Microseconds of one call, over many.
fn each(rounds: u32, mut call: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..rounds {
        call();
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
}

async fn flood(journal: &Journal, records: u64) -> Result<Duration, Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let at = Timestamp::now();
    let began = Instant::now();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (journal, next) = (journal.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= records {
                        return Ok::<_, Failure>(());
                    }
                    let _durable = journal.append(&reveal(number, at))?.await?;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(began.elapsed())
}

#[allow(clippy::print_stdout)] // An example reports to whoever runs it.
fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let records = arguments.next().map_or(Ok(500_000), |text| text.parse())?;
    let workers = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let directory = tempfile::tempdir_in(place)?;
    let keys = Arc::new(Keyring::generate(&SystemEntropy)?);

    let sample = reveal(1, Timestamp::now());
    let frame = sample.encode()?.as_bytes().len() + 49;
    println!("frame                {frame:>10} bytes");
    let building = each(200_000, || {
        black_box(reveal(black_box(1), sample.at));
    });
    let encoding = each(200_000, || {
        black_box(black_box(&sample).encode().is_ok());
    });
    let payload = vec![7; frame];
    let linking = each(200_000, || {
        black_box(keys.audit_chain().link(&[0; 32], black_box(&payload)));
    });
    println!("building a record    {building:>10.3} µs");
    println!("encoding a record    {encoding:>10.3} µs");
    println!("linking a frame      {linking:>10.3} µs");

    let options = JournalOptions::usual(directory.path().join("journal"));
    let journal = Journal::open(options.clone(), keys.clone(), Arc::new(WallClock))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .build()?;
    runtime.block_on(flood(&journal, records / 10))?;
    let bare_before = bare(directory.path(), frame, records / 10)?;
    let before = journal.counters();
    let took = runtime.block_on(flood(&journal, records))?;
    let after = journal.counters();
    let bare_after = bare(directory.path(), frame, records / 10)?;
    let groups = (after.syncs - before.syncs) as f64;
    println!(
        "bare group commit    {:>10.0} /s",
        bare_before.max(bare_after)
    );
    println!("durable records      {:>10.0} /s", rate(records, took));
    println!("records in a sync    {:>10.1}", records as f64 / groups);
    println!(
        "a sync               {:>10.1} µs",
        took.as_secs_f64() * 1e6 / groups
    );
    journal.close()?;

    let began = Instant::now();
    let verified = verify(
        &options.directory,
        keys.audit_chain(),
        &keys.audit_signer().public_key(),
    )?;
    println!(
        "verified             {:>10.0} /s, {} segments",
        rate(verified.records, began.elapsed()),
        verified.segments
    );
    Ok(())
}
