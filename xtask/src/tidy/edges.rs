//! Which crate may use which: the map in `ARCHITECTURE.md`, as code.

use super::Finding;
use crate::workspace::Package;

/// The rooms and what each may use in production code.
const ROOMS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("crypto", &["types"]),
    ("authz", &["types"]),
    ("audit", &["types", "crypto"]),
    ("store", &["types", "crypto"]),
    ("engine", &["types", "crypto", "authz", "audit", "store"]),
    ("api", &["types"]),
    // The server also puts the parts together at start: root key, store and journal.
    (
        "server",
        &[
            "types", "authz", "engine", "api", "audit", "crypto", "store",
        ],
    ),
    ("client", &["types", "api"]),
    // The command line wraps keys for import, on the caller's side.
    ("cli", &["types", "crypto", "api", "client"]),
];

/// The binary, which only dispatches.
const BINARY: (&str, &[&str]) = ("strongroom", &["server", "cli"]);

/// Crates that serve development only: they may use anything, nothing in production uses them.
const WORKSHOP: &[&str] = &["testkit", "xtask"];

/// What the manifests ask for beside what the map allows.
pub(crate) fn check(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let room = room_of(&package.name);
        if WORKSHOP.contains(&room) {
            continue;
        }
        let Some(allowed) = allowed(room) else {
            findings.push(finding(
                &package.name,
                "is no room of the map; add it to the rooms".to_owned(),
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(used) = dependency.name.strip_prefix("strongroom-") else {
                continue;
            };
            let for_tests = dependency.kind.as_deref() == Some("dev");
            let fits =
                allowed.contains(&used) || (for_tests && WORKSHOP.contains(&used)) || used == room;
            if !fits && (!for_tests || !reachable(room, used)) {
                findings.push(finding(
                    &package.name,
                    format!("may not use strongroom-{used}"),
                ));
            }
        }
    }
    findings
}

/// What a room may use.
fn allowed(room: &str) -> Option<&'static [&'static str]> {
    let rooms = ROOMS.iter().chain(std::iter::once(&BINARY));
    rooms
        .into_iter()
        .find(|(name, _)| *name == room)
        .map(|(_, allowed)| *allowed)
}

/// Whether a test of `room` may use `used`: what the room's own dependencies already bring.
fn reachable(room: &str, used: &str) -> bool {
    allowed(room).is_some_and(|direct| {
        direct
            .iter()
            .any(|next| *next == used || reachable(next, used))
    })
}

fn room_of(package: &str) -> &str {
    package.strip_prefix("strongroom-").unwrap_or(package)
}

fn finding(package: &str, message: String) -> Finding {
    Finding::broken(package, None, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies.iter().map(|(name, kind)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        });
        Package {
            name: name.to_owned(),
            dependencies: dependencies.collect(),
        }
    }

    #[test]
    fn the_map_is_accepted() {
        let engine = package(
            "strongroom-engine",
            &[("strongroom-store", None), ("tokio", None)],
        );
        let binary = package("strongroom", &[("strongroom-server", None)]);
        assert_eq!(check(&[engine, binary]), []);
    }

    #[test]
    fn a_forbidden_edge_is_found() {
        let api = package("strongroom-api", &[("strongroom-engine", None)]);
        assert_eq!(check(&[api]).len(), 1);
    }

    #[test]
    fn production_may_not_use_the_test_kit_but_tests_may() {
        let kit = |kind| package("strongroom-server", &[("strongroom-testkit", kind)]);
        assert_eq!(check(&[kit(Some("dev"))]), []);
        assert_eq!(check(&[kit(None)]).len(), 1);
    }

    #[test]
    fn tests_may_use_what_the_room_already_reaches() {
        let store = |used| package("strongroom-engine", &[(used, Some("dev"))]);
        assert_eq!(check(&[store("strongroom-crypto")]), []);
        assert_eq!(check(&[store("strongroom-server")]).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_map_is_found() {
        assert_eq!(check(&[package("strongroom-misc", &[])]).len(), 1);
    }
}
