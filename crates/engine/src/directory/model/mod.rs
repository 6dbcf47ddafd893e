//! Every decision about a right beside a plain reference, in very many random organisations.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod reference;
mod subject;
mod world;

use std::cell::Cell;

use proptest::test_runner::{Config, TestRunner};

use world::{call, world};

/// How many organisations are drawn, each with a call to it.
const CASES: u32 = 100_000;

/// A pattern with its identities spelt out: `ID:a` is the identity of the thing with the slug `a`.
fn spelt(pattern: &str) -> String {
    match pattern.strip_prefix("ID") {
        None => pattern.to_owned(),
        Some("*") => "kms-*".to_owned(),
        Some(slug) => subject::identity_of(slug.trim_start_matches(':')),
    }
}

#[test]
fn every_decision_is_that_of_the_reference() {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let (allowed, by_rules) = (Cell::new(0u32), Cell::new(0u32));
    let agrees = TestRunner::new(config).run(&(world(), call()), |(world, call)| {
        let identity = subject::identity_of(call.name);
        let expected = reference::allows(&world, &call, &identity);
        let organisation = subject::organisation(&world);
        proptest::prop_assert_eq!(subject::allows(&organisation, &world, &call), expected);
        // An explanation finds a reason exactly where there is one.
        let holds = reference::holds(&world, &call, &identity);
        let explained = subject::explains(&organisation, &call);
        proptest::prop_assert_eq!(explained, holds, "explained otherwise");
        allowed.set(allowed.get() + u32::from(expected));
        by_rules.set(by_rules.get() + u32::from(expected && !reference::owns(&world, call.by)));
        Ok(())
    });
    agrees.unwrap();
    // The test would be worth nothing if nearly all were refused, or all allowed.
    for share in [allowed.get(), by_rules.get()] {
        assert!(
            (CASES / 20..CASES / 2).contains(&share),
            "{share} were allowed"
        );
    }
}
