//! Comparing what a restarted server holds with what was asked of the one that was killed.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::api::{Api, revealed};
use crate::ledger::{CONTENDED, Model, Operation, Outcome, SHARED, Secret, What, value_of};

/// Entries on a page.
const PAGE: usize = 500;
/// Secrets looked at together.
const TOGETHER: usize = 16;

/// The calls in the audit log, by the `X-Request-Id` that the client gave.
#[derive(Default)]
pub(crate) struct Evidence {
    seen: HashSet<String>,
    /// The name that the client gave, by the server's name of the call.
    names: HashMap<String, String>,
    /// Entries by the server's name of the call.
    calls: HashMap<String, Vec<Value>>,
}

/// What the log says of one call: its entries' actions, its status, the version in its details.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    actions: Vec<String>,
    status: u16,
    request_id: String,
    version: Option<u64>,
}

impl Evidence {
    /// Reads the log, newest first, back to what is known already. Returns how many entries the
    /// server counted at the beginning.
    pub(crate) async fn read(&mut self, api: &Api) -> u64 {
        // Earlier rounds were compared then, and are once more at the end.
        self.names.clear();
        self.calls.clear();
        let (mut page, mut total) = (1, None);
        loop {
            let answer = api
                .get(&format!("/v1/audit?limit={PAGE}&page={page}"))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let counted = answer.body["totalItems"].as_u64().unwrap();
            let total = *total.get_or_insert(counted);
            let items = answer.body["items"].as_array().unwrap();
            let ids: HashSet<_> = items.iter().map(|item| text(&item["eventID"])).collect();
            assert_eq!(
                ids.len(),
                items.len(),
                "an entry stands twice on page {page}"
            );
            // A page that ends with something known ends in the past.
            let is_new = items.iter().map(|item| self.take(item)).last();
            let pages = answer.body["totalPages"].as_u64().unwrap();
            if is_new != Some(true) || page >= pages {
                return total;
            }
            page += 1;
        }
    }

    /// How many entries are known.
    pub(crate) fn len(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Takes an entry; whether it is a new one.
    fn take(&mut self, item: &Value) -> bool {
        if !self.seen.insert(text(&item["eventID"])) {
            return false;
        }
        let context = &item["context"];
        let call = text(&context["request_id"]);
        if let Some(name) = context["headers"]["X-Request-Id"].as_str()
            && name != "check"
        {
            let before = self.names.insert(call.clone(), name.to_owned());
            assert_eq!(before, None, "{call} has two generic entries");
        }
        self.calls.entry(call).or_default().push(item.clone());
        true
    }

    /// What the log tells of each call that a writer made. Each has one record at most.
    pub(crate) fn told(&self) -> BTreeMap<String, Told> {
        let mut told = BTreeMap::new();
        for (call, name) in &self.names {
            let entries = &self.calls[call];
            let mut actions: Vec<_> = entries.iter().map(|item| text(&item["action"])).collect();
            actions.sort_unstable();
            let generic = entries
                .iter()
                .find(|item| item["context"]["method"].is_string());
            let status = generic.unwrap()["context"]["status"].as_u64().unwrap();
            let versions = entries
                .iter()
                .filter(|item| item["resourceType"] == "secret");
            let version = versions.filter_map(|item| item["context"]["version"].as_u64());
            let this = Told {
                actions,
                status: u16::try_from(status).unwrap(),
                request_id: call.clone(),
                version: version.max(),
            };
            let before = told.insert(name.clone(), this);
            assert_eq!(before, None, "{name} is recorded twice");
        }
        told
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether an operation took effect, by its answer or else by its record; and the version that it
/// was given. Insists that answer and record agree.
pub(crate) fn effect(operation: &Operation, told: Option<&Told>) -> Option<Option<u64>> {
    let is_mutation = !matches!(operation.what, What::Reveal(_));
    if let Outcome::Answered {
        status,
        request_id,
        version,
    } = &operation.outcome
    {
        let told = told.unwrap_or_else(|| panic!("no record: {operation:?}"));
        assert_eq!((told.status, &told.request_id), (*status, request_id));
        if operation.acknowledged() {
            assert_eq!(told.actions, operation.what.entries(), "{operation:?}");
            if version.is_some() {
                assert_eq!(told.version, *version, "{operation:?}");
            }
        }
        return (is_mutation && operation.acknowledged()).then_some(*version);
    }
    let told = told.filter(|told| told.status == operation.what.success())?;
    assert_eq!(told.actions, operation.what.entries(), "{operation:?}");
    is_mutation.then_some(told.version)
}

/// Brings the model up to what a round did: `writers` in their own order each.
pub(crate) fn settle(
    model: &mut Model,
    existing: &mut BTreeMap<String, i64>,
    writers: &[Vec<Operation>],
    told: &BTreeMap<String, Told>,
) -> HashSet<String> {
    let mut touched = HashSet::new();
    let mut destroyed = Vec::new();
    for operation in writers.iter().flatten() {
        touched.insert(operation.path.clone());
        let Some(version) = effect(operation, told.get(&operation.id)) else {
            continue;
        };
        if operation.path.starts_with(CONTENDED) {
            let count = existing.entry(operation.path.clone()).or_default();
            *count += if operation.what == What::Create {
                1
            } else {
                -1
            };
        } else if operation.path.starts_with(SHARED) && matches!(operation.what, What::Destroy(_)) {
            // Of a version that another writer put, who may come later in this loop.
            destroyed.push(operation);
        } else {
            model.apply(operation, version);
        }
    }
    for operation in destroyed {
        model.apply(operation, None);
    }
    touched
}

/// Compares these paths with the server.
pub(crate) async fn compare(api: &Api, model: &Model, paths: impl IntoIterator<Item = String>) {
    let mut looks = JoinSet::new();
    for path in paths {
        if looks.len() >= TOGETHER {
            looks.join_next().await.unwrap().unwrap();
        }
        let (api, expected) = (api.clone(), model.secrets.get(&path).cloned());
        looks.spawn(async move { look(&api, &path, expected).await });
    }
    while let Some(look) = looks.join_next().await {
        look.unwrap();
    }
}

async fn look(api: &Api, path: &str, expected: Option<Secret>) {
    let answer = api.describe(path).await;
    let Some(expected) = expected else {
        assert_eq!(answer.status, 404, "{path} has to be gone: {}", answer.body);
        return;
    };
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let mut held = BTreeMap::new();
    for version in answer.body["versions"].as_array().unwrap() {
        let number = version["version"].as_u64().unwrap();
        held.insert(number, version["status"] == "destroyed");
    }
    let versions = expected.versions.iter();
    let wanted: BTreeMap<_, _> = versions
        .map(|(number, version)| (*number, version.is_destroyed))
        .collect();
    assert_eq!(
        held, wanted,
        "versions of {path}, and whether they are destroyed"
    );
    let last = held.last_key_value().map(|(number, _)| *number);
    assert_eq!(last, Some(held.len() as u64), "{path}: numbers have gaps");
    if let Some(current) = expected.current() {
        assert_eq!(answer.body["currentVersion"], current, "{path}");
    }
    for (number, version) in expected.versions {
        let answer = api.reveal(path, number).await;
        if version.is_destroyed {
            assert_eq!(answer.status, 404, "{path} {number} has to be destroyed");
        } else {
            assert_eq!(answer.status, 200, "{path} {number}: {}", answer.body);
            let value = revealed(&answer.body);
            assert!(value == value_of(&version.writer), "{path} {number}");
        }
    }
}

/// Whether contended secrets exist as often as the records say: once or not at all.
pub(crate) async fn compare_contended(api: &Api, existing: &BTreeMap<String, i64>) {
    for (path, count) in existing {
        let status = api.describe(path).await.status;
        let exists = i64::from(status == 200);
        assert_eq!(exists, *count, "{path}: records say otherwise ({status})");
    }
}
