//! `GET /v1/secrets/{region}/secrets`: browse and list (contract 1.4, 1.5).

use serde_json::{Value, json};
use strongroom_testkit::api::{SECRETS, secret};
use strongroom_testkit::{Caller, House, Tenant};

fn fill(acme: &Tenant<'_>, paths: &[&str]) {
    for path in paths {
        acme.owner.create(path, &acme.key, "v").expect(201);
    }
}

/// The directories and secrets of a level, one after the other.
fn level(caller: &Caller, query: &str) -> (String, Vec<String>) {
    let level = caller.get(&format!("{SECRETS}{query}")).expect(200).json();
    let prefixes = level["prefixes"].as_array().unwrap().iter();
    let prefixes = prefixes.map(|prefix| prefix.as_str().unwrap().to_owned());
    let secrets = level["secrets"].as_array().unwrap().iter();
    let secrets = secrets.map(|each| each["path"].as_str().unwrap().to_owned());
    let path = level["path"].as_str().unwrap().to_owned();
    (path, prefixes.chain(secrets).collect())
}

fn shows(caller: &Caller, query: &str, path: &str, entries: &[&str]) {
    let expected = entries.iter().map(|each| (*each).to_owned()).collect();
    assert_eq!(level(caller, query), (path.to_owned(), expected), "{query}");
}

#[test]
fn a_level_shows_its_secrets_and_the_directories_below() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    shows(owner, "", "/", &[]);
    fill(
        &acme,
        &[
            "/a", "/a/b", "/a/c/d/e", "/a-b", "/a.b/c", "/b/c", "/b/d", "/z",
        ],
    );
    shows(owner, "", "/", &["/a.b/", "/a/", "/b/", "/a", "/a-b", "/z"]);
    shows(
        owner,
        "?path=/",
        "/",
        &["/a.b/", "/a/", "/b/", "/a", "/a-b", "/z"],
    );
    for query in ["?path=/a/", "?path=/a", "?path=%2Fa%2F"] {
        shows(owner, query, "/a/", &["/a/c/", "/a/b"]);
    }
    shows(owner, "?path=/a/c", "/a/c/", &["/a/c/d/"]);
    shows(owner, "?path=/b", "/b/", &["/b/c", "/b/d"]);
    shows(owner, "?path=/z", "/z/", &[]);
    shows(owner, "?path=/nothing/here", "/nothing/here/", &[]);
}

#[test]
fn a_plus_in_a_query_is_a_plus() {
    let house = House::new();
    let acme = house.tenant("acme");
    fill(&acme, &["/a+b/c+d"]);
    for query in ["?path=/a+b", "?path=/a%2Bb", "?path=/a%20b/"] {
        shows(&acme.owner, query, "/a+b/", &["/a+b/c+d"]);
    }
    for prefix in ["/a+", "/a%2B", "/a%20b/c+"] {
        assert_eq!(acme.owner.paths(prefix), ["/a+b/c+d"]);
    }
}

#[test]
fn the_flat_list_is_an_array_of_everything_under_a_prefix() {
    let house = House::new();
    let acme = house.tenant("acme");
    let list = |prefix: &str| acme.owner.paths(prefix);
    assert_eq!(
        acme.owner
            .get(&format!("{SECRETS}?pathPrefix=/"))
            .expect(200)
            .text(),
        "[]"
    );
    let all = ["/a", "/a-b", "/a/b", "/a/b/c", "/b", "/b+c"];
    fill(&acme, &all);
    assert_eq!(list("/"), all);
    assert_eq!(list("/a"), ["/a", "/a-b", "/a/b", "/a/b/c"]);
    assert_eq!(list("/a/"), ["/a/b", "/a/b/c"]);
    assert_eq!(list("/b%2B"), ["/b+c"]);
    assert_eq!(list("/c"), [""; 0]);
    let first = acme
        .owner
        .get(&format!("{SECRETS}?pathPrefix=/a"))
        .expect(200)
        .json()[0]
        .clone();
    assert_eq!(first, acme.owner.get(&secret("/a")).expect(200).json());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let house = House::new();
    let acme = house.tenant("acme");
    for query in [
        "?path=/a&pathPrefix=/a",
        "?path=/a&path=/b",
        "?path=a",
        "?path=",
        "?path=/a//b",
        "?path=/a/../b",
        "?pathPrefix=",
        "?pathPrefix=a",
        "?pathPrefix=/a//",
        "?pathPrefix=/%00",
        "?pathPrefix=/&limit=0",
        "?pathPrefix=/&limit=-1",
        "?pathPrefix=/&limit=x",
        "?pathPrefix=/&limit=10001",
        "?pathPrefix=/&limit=99999999999999999999",
        "?pathPrefix=/&after=x",
        "?limit=",
    ] {
        let refused = acme.owner.get(&format!("{SECRETS}{query}")).expect(400);
        let message = refused.message();
        assert!(
            ["path", "limit", "after"]
                .iter()
                .any(|name| message.contains(name)),
            "{message}"
        );
        refused.code();
    }
}

#[test]
fn pages_join_to_the_whole_list() {
    let house = House::new();
    let acme = house.tenant("acme");
    let paths: Vec<String> = (0..25).map(|n| format!("/d{}/s{n:02}", n % 3)).collect();
    fill(&acme, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    let whole = acme.owner.paths("/d");
    assert_eq!(whole.len(), 25);
    assert!(whole.is_sorted());
    for limit in [1, 4, 24, 25, 26, 10_000] {
        let mut joined: Vec<String> = Vec::new();
        loop {
            let after = joined.last().map_or("", String::as_str);
            let after = if after.is_empty() {
                String::new()
            } else {
                format!("&after={after}")
            };
            let page = acme.owner.paths(&format!("/d&limit={limit}{after}"));
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            joined.extend(page);
        }
        assert_eq!(joined, whole, "{limit}");
    }
    // A page begins behind a name, whether or not there is such a secret.
    assert_eq!(acme.owner.paths("/d&after=/d2/s22"), ["/d2/s23"]);
    assert_eq!(acme.owner.paths("/d&after=/zzz"), [""; 0]);
}

#[test]
fn pages_of_a_level_join_to_the_whole_level() {
    let house = House::new();
    let acme = house.tenant("acme");
    fill(
        &acme,
        &[
            "/a", "/a/x", "/b/x", "/b/y", "/c", "/d/e/f", "/e", "/e+", "/f/g",
        ],
    );
    let sorted = |mut entries: Vec<String>| {
        entries.sort();
        entries
    };
    let whole = sorted(level(&acme.owner, "").1);
    for limit in [1, 2, 3, 5, 100] {
        let mut joined: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let (_, page) = level(&acme.owner, &format!("?limit={limit}{after}"));
            let page = sorted(page);
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit);
            after = format!("&after={}", last.replace('+', "%2B"));
            joined.extend(page);
        }
        assert_eq!(joined, whole, "{limit}");
    }
}

#[test]
fn only_what_may_be_read_appears() {
    let house = House::new();
    let acme = house.tenant("acme");
    fill(
        &acme,
        &[
            "/a",
            "/a/b",
            "/app/prod/x",
            "/app/prod/y",
            "/app/test/x",
            "/other/x",
        ],
    );
    let reader = acme.member(&[
        ("secret", &[], &["list"]),
        ("secret", &["/app/prod/*", "/a"], &["read"]),
    ]);
    assert_eq!(reader.paths("/"), ["/a", "/app/prod/x", "/app/prod/y"]);
    shows(&reader, "", "/", &["/app/", "/a"]);
    shows(&reader, "?path=/app", "/app/", &["/app/prod/"]);
    shows(&reader, "?path=/app/test", "/app/test/", &[]);
    shows(&reader, "?path=/a", "/a/", &[]);
    assert_eq!(reader.paths("/&limit=1"), ["/a"]);
    assert_eq!(reader.paths("/app&limit=1"), ["/app/prod/x"]);

    // Who may list and read nothing sees nothing; who may not list is told so.
    let lister = acme.member(&[("secret", &[], &["list"])]);
    assert_eq!(lister.paths("/"), [""; 0]);
    shows(&lister, "", "/", &[]);
    lister.get(&secret("/a")).expect(403);
    let without = acme.member(&[("secret", &[], &["read", "getSecretValue"])]);
    for query in ["", "?pathPrefix=/"] {
        let refused = without.get(&format!("{SECRETS}{query}")).expect(403);
        assert_eq!(refused.code(), "permission_denied");
    }
    without.get(&secret("/a")).expect(200);
    without.reveal("/a").expect(200);
}

#[test]
fn a_long_list_is_whole() {
    let house = House::new();
    let acme = house.tenant("acme");
    let description = "d".repeat(1024);
    let count = 120;
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (acme, description) = (&acme, &description);
            scope.spawn(move || {
                for n in (worker..count).step_by(8) {
                    let more = json!({"generateSecret": {}, "description": description});
                    let path = format!("/long/s{n:03}");
                    acme.owner.create_with(&path, &acme.key, &more).expect(201);
                }
            });
        }
    });
    let reply = acme
        .owner
        .get(&format!("{SECRETS}?pathPrefix=/long/"))
        .expect(200);
    assert_eq!(reply.header("transfer-encoding"), "chunked");
    let list = reply.json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), count);
    let whole = |each: &Value| each["description"].as_str().unwrap().len() == 1024;
    assert!(list.iter().all(whole));
    assert!(acme.owner.paths("/long/").is_sorted());
}
