//! Projects.

use serde_json::{Value, json};
use strongroom_testkit::{Caller, House};

const PROJECTS: &str = "/v1/projects";

fn make(caller: &Caller, name: &str, parent: Option<&Value>) -> Value {
    let mut body = json!({"name": name, "description": "", "labels": {}, "annotations": {}});
    if let Some(parent) = parent {
        body["parentProjectIdentity"] = parent["identity"].clone();
    }
    caller.post(PROJECTS).json(&body).expect(201).json()
}

fn one(project: &Value) -> String {
    format!("{PROJECTS}/{}", project["identity"].as_str().unwrap())
}

#[test]
fn a_project_lives_and_dies() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let body = json!({"name": "Team A", "description": "ours", "labels": {"a": "b"},
        "annotations": {}});
    let made = owner.post(PROJECTS).json(&body).expect(201).json();
    assert_eq!(
        (&made["slug"], &made["objectVersion"]),
        (&json!("team-a"), &json!(1))
    );
    for url in [one(&made), format!("{PROJECTS}/team-a")] {
        assert_eq!(owner.get(&url).expect(200).json(), made);
    }
    assert_eq!(owner.get(PROJECTS).expect(200).json(), json!([made]));
    let filtered = format!("{PROJECTS}?matchLabels[a]=c");
    assert_eq!(owner.get(&filtered).expect(200).json(), json!([]));
    let taken = owner.post(PROJECTS).json(&json!({"name": "team a"}));
    assert_eq!(taken.expect(409).code(), "slug_taken");

    let change = json!({"name": "Team B", "description": "theirs"});
    let changed = owner.put(&one(&made)).json(&change).expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["slug"]),
        (&json!("Team B"), &json!("team-a"))
    );
    assert_eq!(changed["description"], "theirs");
    assert_eq!(changed["labels"], json!({"a": "b"}));
    assert_eq!(changed["objectVersion"], 2);

    owner.delete(&one(&made)).expect(204);
    let gone = owner.get(&one(&made)).expect(404);
    assert_eq!(gone.code(), "project_not_found");
    let lost = owner.in_project("team-a").get("/v1/regions").expect(404);
    assert_eq!(lost.code(), "project_not_found");
}

#[test]
fn a_project_is_part_of_another_and_never_of_itself() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let root = make(owner, "root", None);
    let child = make(owner, "child", Some(&root));
    let leaf = make(owner, "leaf", Some(&child));
    assert_eq!(child["parentProject"]["slug"], "root");
    assert_eq!(root["parentProject"], Value::Null);
    for parent in [&root, &child, &leaf] {
        let body = json!({"parentProjectIdentity": parent["identity"]});
        let refused = owner.put(&one(&root)).json(&body).expect(400);
        assert!(
            refused.text().contains("part of itself"),
            "{}",
            refused.text()
        );
    }
    let holding = owner.delete(&one(&child)).expect(400);
    assert_eq!(holding.code(), "project_in_use");
    // What is not mentioned stays; an empty text takes it away.
    let renamed = owner
        .put(&one(&leaf))
        .json(&json!({"name": "Leaf"}))
        .expect(200);
    assert_eq!(renamed.json()["parentProject"]["slug"], "child");
    let body = json!({"parentProjectIdentity": ""});
    let free = owner.put(&one(&leaf)).json(&body).expect(200).json();
    assert_eq!(free["parentProject"], Value::Null);
    owner.delete(&one(&child)).expect(204);
    let unknown = json!({"name": "x", "parentProjectIdentity": "nothing"});
    let refused = owner.post(PROJECTS).json(&unknown).expect(404);
    assert_eq!(refused.code(), "project_not_found");
}

#[test]
fn a_project_that_holds_something_stays() {
    let house = House::new();
    let acme = house.tenant("acme");
    let project = make(&acme.owner, "web", None);
    let inside = acme.owner.in_project("web");
    let key = inside.make_key("primary");
    let refused = acme.owner.delete(&one(&project)).expect(400);
    assert_eq!(refused.code(), "project_in_use");
    inside.create("/a", &key, "v").expect(201);
    acme.owner.delete(&one(&project)).expect(400);
    assert_eq!(inside.value_of("/a"), "v");
    // What the organisation itself holds does not count.
    let empty = make(&acme.owner, "empty", None);
    acme.owner.create("/a", &acme.key, "v").expect(201);
    acme.owner.delete(&one(&empty)).expect(204);
}

#[test]
fn who_makes_a_project_may_do_everything_in_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    let founder = acme.member(&[("project", &[], &["create"])]);
    let mine = make(&founder, "mine", None);
    make(&acme.owner, "other", None);
    let key = founder.in_project("mine").make_key("primary");
    founder
        .in_project("mine")
        .create("/a", &key, "v")
        .expect(201);
    founder
        .in_project("other")
        .create("/a", &key, "v")
        .expect(403);
    founder.create("/a", &acme.key, "v").expect(403);
    // Seeing and removing projects is a right in the organisation.
    founder.get(PROJECTS).expect(403);
    founder.delete(&one(&mine)).expect(403);
}
