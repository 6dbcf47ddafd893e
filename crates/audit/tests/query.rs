//! Readers of the log see what was recorded: compared with a list in memory.
// The helpers of a test may fail as loudly as the test; clippy's setting covers only the latter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;
use strongroom_audit::{
    Action, Credential, Filter, Journal, Outcome, Page, Principal, Record, Resource, ServiceEvent,
};
use strongroom_types::{EventId, OrganisationId, ServiceAccountId, Timestamp, UserId};

fn organisation(number: u8) -> OrganisationId {
    OrganisationId::from_bytes([number; 16])
}

fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

fn account(number: u8) -> ServiceAccountId {
    ServiceAccountId::from_bytes([number; 16])
}

fn principal() -> impl Strategy<Value = Option<Principal<'static>>> {
    prop_oneof![
        Just(None),
        (0..3_u8).prop_map(|number| Some(Principal::User {
            id: user(number),
            name: Some(["Ada", "Grace", "Édith"][usize::from(number)].into()),
            email: None,
        })),
        (0..3_u8).prop_map(|number| Some(Principal::ServiceAccount {
            id: account(number),
            name: None,
            slug: Some("deployer".into()),
        })),
    ]
}

fn event() -> impl Strategy<Value = ServiceEvent<'static>> {
    let action = select(vec![
        Action::SecretGetValue,
        Action::SecretPutValue,
        Action::KmsDecrypt,
    ]);
    let path = select(vec!["/app/a", "/app/b", "/Other"]);
    (action, path, 0..3, any::<bool>()).prop_map(|(action, path, outcome, secret)| {
        let resource = if secret {
            Resource::secret(path)
        } else {
            Resource {
                kind: "kms_key".into(),
                identity: path.into(),
            }
        };
        let event = ServiceEvent::new(action, Some(resource)).with("version", 3_u32);
        match outcome {
            0 => event,
            1 => event.ended(Outcome::Denied, "access_policy"),
            _ => event.ended(Outcome::Error, "kms_key_state"),
        }
    })
}

prop_compose! {
    fn call()(
        organisation_number in prop::option::weighted(0.9, 1..4_u8),
        system in prop::bool::weighted(0.2),
        status in select(vec![200_u16, 403, 404]),
        method in select(vec!["GET", "POST", "DELETE"]),
        path in select(vec!["/v1/secrets/nl-01/app/a", "/v1/kms/nl-01/keys", "/v1/audit"]),
        principal in principal(),
        events in prop::collection::vec(event(), 0..3),
    ) -> Record<'static> {
        let mut record = Record::new(common::id(0), Timestamp::UNIX_EPOCH, method, path, status);
        record.organisation = organisation_number.map(organisation);
        record.system = system;
        record.principal = principal;
        record.user_agent = Some("terraform/1.9".into());
        record.client_ip = Some([192, 0, 2, 7].into());
        record.credential = Some(Credential { id: "cred-1".into(), kind: "access_token".into() });
        record.events = events;
        record
    }
}

prop_compose! {
    fn filter()(
        organisation_number in 1..5_u8,
        include_system: bool,
        actions in prop::collection::vec(
            select(vec!["POST", "GET", "secret.get_value", "kms.decrypt", "none"]), 0..3),
        resource_types in prop::collection::vec(select(vec!["secret", "kms_key", ""]), 0..2),
        resource_identity in prop::option::weighted(0.2, select(vec!["/app/a", "/Other", "/no"])),
        user_number in prop::option::weighted(0.2, 0..4_u8),
        account_number in prop::option::weighted(0.2, 0..4_u8),
        impersonated in prop::bool::weighted(0.05),
        status in prop::option::weighted(0.2, select(vec![200_u16, 403, 500])),
        search in prop::option::weighted(0.3, select(vec![
            "édith", "APP/A", "Terraform", "192.0.2", "policy", "evt-", "nothing such",
        ])),
    ) -> Filter {
        Filter {
            include_system,
            actions: actions.into_iter().map(str::to_owned).collect(),
            resource_types: resource_types.into_iter().map(str::to_owned).collect(),
            resource_identity: resource_identity.map(str::to_owned),
            user: user_number.map(user),
            service_account: account_number.map(account),
            impersonator: impersonated.then(|| "usr-someone".to_owned()),
            status,
            search: search.map(str::to_owned),
            ..Filter::everything(organisation(organisation_number))
        }
    }
}

/// Whether the filter selects the entry, written down a second time in the plainest way.
fn selects(filter: &Filter, record: &Record<'_>, index: usize) -> bool {
    let event = index.checked_sub(1).map(|at| &record.events[at]);
    let action = event.map_or(record.method.as_str(), |event| event.action.as_str());
    let resource = event.and_then(|event| event.resource.as_ref());
    let kind = resource.map_or("", |resource| resource.kind.as_str());
    let identity = resource.map(|resource| resource.identity.as_str());
    let by_user = |id| matches!(record.principal, Some(Principal::User { id: of, .. }) if of == id);
    let by_account =
        |id| matches!(record.principal, Some(Principal::ServiceAccount { id: of, .. }) if of == id);
    let id: EventId = record.id.entry(u16::try_from(index).unwrap());
    let shown = [
        Some(id.to_string()),
        Some(action.to_owned()),
        Some(kind.to_owned()),
        identity.map(str::to_owned),
        event.and_then(|event| event.reason.as_ref().map(ToString::to_string)),
        Some(record.path.to_string()),
        record.user_agent.as_ref().map(ToString::to_string),
        record.client_ip.map(|address| address.to_string()),
        match &record.principal {
            Some(Principal::User { name, .. }) => name.as_ref().map(ToString::to_string),
            _ => None,
        },
    ];
    let mentioned = |text: &String| {
        let text = text.to_lowercase();
        shown
            .iter()
            .flatten()
            .any(|shown| shown.to_lowercase().contains(&text))
    };
    record.organisation == Some(filter.organisation)
        && (filter.include_system || !record.system)
        && (filter.actions.is_empty() || filter.actions.iter().any(|wanted| wanted == action))
        && (filter.resource_types.is_empty() || filter.resource_types.iter().any(|w| w == kind))
        && (filter.resource_identity.is_none() || filter.resource_identity.as_deref() == identity)
        && filter.user.is_none_or(by_user)
        && filter.service_account.is_none_or(by_account)
        && filter.impersonator.is_none()
        && filter.status.is_none_or(|status| status == record.status)
        && filter.search.as_ref().is_none_or(mentioned)
}

/// The identities that the filter selects, newest first.
fn expected(filter: &Filter, records: &[Record<'_>]) -> Vec<EventId> {
    let entries = |record: &Record<'_>| 0..=record.events.len();
    records
        .iter()
        .flat_map(|record| {
            entries(record)
                .filter(|&index| selects(filter, record, index))
                .map(|index| record.id.entry(u16::try_from(index).unwrap()))
                .collect::<Vec<_>>()
        })
        .rev()
        .collect()
}

fn compare(journal: &Journal, records: &[Record<'_>], filter: &Filter, page: Page) {
    let all = expected(filter, records);
    let found = journal.query(filter, page).unwrap();
    assert_eq!(found.total, all.len() as u64, "{filter:?}");
    let skip = (page.number() as usize - 1) * usize::from(page.limit());
    let shown: Vec<_> = all.iter().skip(skip).take(page.limit().into()).collect();
    let entries: Vec<_> = found.entries.iter().map(|entry| entry.id()).collect();
    assert_eq!(
        entries.iter().collect::<Vec<_>>(),
        shown,
        "{filter:?} {page:?}"
    );
    assert_eq!(
        found.pages(),
        (all.len() as u64).div_ceil(page.limit().into())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn queries_agree_with_a_list(
        mut records in prop::collection::vec(call(), 1..120),
        filters in prop::collection::vec((filter(), 1..4_u32, select(vec![1_u16, 7, 500])), 12),
        restart: proptest::sample::Index,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = common::open(directory.path(), 8 << 10);
        let restart = restart.index(records.len());
        let mut pages = filters.iter().cycle();
        for number in 0..records.len() {
            let record = &mut records[number];
            record.id = common::id(number as u64);
            record.at = Timestamp::from_millisecond(record.id.millisecond()).unwrap();
            let _durable = journal.append(record).unwrap().wait().unwrap();
            if number == restart {
                journal.close().unwrap();
                journal = common::open(directory.path(), 8 << 10);
            }
            // Also while the journal grows, so that summaries are made in every state.
            if number % 10 == 0 {
                let (filter, page, limit) = pages.next().unwrap();
                let page = Page::new(*page, *limit).unwrap();
                compare(&journal, &records[..=number], filter, page);
            }
        }
        for _twice in 0..2 {
            for (filter, page, limit) in &filters {
                compare(&journal, &records, filter, Page::new(*page, *limit).unwrap());
            }
        }
        // And from the summaries that were kept.
        drop(journal);
        let journal = common::open(directory.path(), 8 << 10);
        for (filter, page, limit) in &filters {
            compare(&journal, &records, filter, Page::new(*page, *limit).unwrap());
        }
        find_agrees(&journal, &records);
    }
}

fn find_agrees(journal: &Journal, records: &[Record<'_>]) {
    for record in records.iter().step_by(7) {
        let Some(organisation) = record.organisation else {
            let hidden = journal.find(common::organisation(), record.id.entry(0));
            assert_eq!(hidden.unwrap(), None);
            continue;
        };
        for index in 0..=u16::try_from(record.events.len()).unwrap() {
            let id = record.id.entry(index);
            let entry = journal.find(organisation, id).unwrap().unwrap();
            assert_eq!((entry.id(), entry.record()), (id, record));
            assert_eq!(
                entry.event(),
                usize::from(index)
                    .checked_sub(1)
                    .map(|at| &record.events[at])
            );
        }
        let past = record
            .id
            .entry(u16::try_from(record.events.len()).unwrap() + 1);
        assert_eq!(journal.find(organisation, past).unwrap(), None);
        let stranger = OrganisationId::from_bytes([99; 16]);
        assert_eq!(journal.find(stranger, record.id.entry(0)).unwrap(), None);
    }
    let never = common::id(1 << 30).entry(0);
    assert_eq!(journal.find(common::organisation(), never).unwrap(), None);
}

#[test]
fn a_summary_that_is_lost_or_false_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 8 << 10);
    for number in 0..60 {
        common::append(&journal, [number]);
    }
    let filter = Filter::everything(common::organisation());
    assert_eq!(journal.query(&filter, Page::default()).unwrap().total, 120);
    journal.close().unwrap();
    let summaries: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "summary"))
        .collect();
    assert!(summaries.len() >= 2, "{summaries:?}");
    for (index, path) in summaries.iter().enumerate() {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        match index % 3 {
            0 => std::fs::remove_file(path).unwrap(),
            1 => std::fs::write(path, bytes).unwrap(),
            _ => std::fs::write(path, b"").unwrap(),
        }
    }
    let journal = common::open(directory.path(), 8 << 10);
    assert_eq!(journal.query(&filter, Page::default()).unwrap().total, 120);
}

#[test]
fn a_changed_record_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 64 << 10);
    common::append(&journal, 0..20);
    journal.close().unwrap();
    let path = &common::segments(directory.path())[0];
    let mut bytes = std::fs::read(path).unwrap();
    let place = common::frames(&bytes)[3].clone();
    bytes[place.start + 40] ^= 1;
    let journal = common::open(directory.path(), 64 << 10);
    std::fs::write(path, bytes).unwrap();
    let filter = Filter {
        search: Some("v1".to_owned()),
        ..Filter::everything(common::organisation())
    };
    let error = journal.query(&filter, Page::default()).unwrap_err();
    assert!(
        matches!(error, strongroom_audit::ReadError::Damaged { .. }),
        "{error}"
    );
}

#[test]
fn the_outbox_learns_what_was_copied() {
    let directory = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 8 << 10);
    let copied = common::record(3).encode().unwrap();
    let stored = strongroom_audit::EncodedRecord::from_stored(copied.as_bytes().to_vec()).unwrap();
    assert_eq!((stored.id(), &stored), (common::id(3), &copied));
    common::append(&journal, 0..3);
    let durable = journal.append_encoded(&stored).unwrap().wait().unwrap();
    let asked = HashSet::from([common::id(0), common::id(3), common::id(9)]);
    let since = |sequence| journal.contains_since(sequence, &asked).unwrap();
    assert_eq!(since(0), HashSet::from([common::id(0), common::id(3)]));
    assert_eq!(since(durable.sequence()), HashSet::from([common::id(3)]));
    assert_eq!(since(durable.sequence() + 1), HashSet::new());
    assert!(strongroom_audit::EncodedRecord::from_stored(vec![1, 2, 3]).is_err());
}
