//! The README's recipes, run by a shell against a real server.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::process::{Server, printed};

/// The shell commands of a Markdown page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn each_does_what_it_says() {
    let (server, made) = Server::dev(None);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let run = |command: &str| -> Value {
        let output = Command::new("bash")
            .args(["-euc", command])
            .env("ENDPOINT", text("endpoint"))
            .env("TOKEN", text("token"))
            .env("ORGANISATION", text("organisation"))
            .env("KMS_KEY", text("kmsKeyIdentity"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        match output.stdout.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body).unwrap(),
        }
    };
    let recipes = blocks(&printed(&["recipes"]));
    let [
        create,
        reveal,
        add,
        reveal_one,
        browse,
        policy,
        destroy,
        delete,
    ] = recipes.as_slice()
    else {
        panic!("there are {} recipes", recipes.len());
    };
    let path = "/app/production/db-password";
    let (horse, staple) = ("Y29ycmVjdCBob3JzZQ==", "YmF0dGVyeSBzdGFwbGU=");

    let created = run(create);
    assert_eq!(
        (&created["path"], &created["currentVersion"]),
        (&json!(path), &json!(1))
    );
    assert_eq!(run(reveal)["secretString"], horse);
    assert_eq!(run(add)["version"], 2);
    assert_eq!(run(reveal)["secretString"], staple);
    let first = run(reveal_one);
    assert_eq!(
        (&first["version"], &first["secretString"]),
        (&json!(1), &json!(horse))
    );
    let level = run(browse);
    assert_eq!(
        (&level["path"], &level["secrets"][0]["path"]),
        (&json!("/app/production/"), &json!(path))
    );
    let guarded = run(policy);
    assert_eq!(guarded["accessPolicy"]["conditions"][0]["type"], "ip");
    assert_eq!(
        run(reveal)["secretString"],
        staple,
        "this machine is let in"
    );
    assert_eq!(run(destroy), Value::Null);
    assert_eq!(
        run(reveal_one)["message"].as_str().map(str::is_empty),
        Some(false)
    );
    assert_eq!(run(delete), Value::Null);
    assert_eq!(run(browse)["secrets"], json!([]));
    server.stop();
}
