//! What needs no provider: choosing one, using what is kept, forgetting it. The whole way is walked
//! by the tests of the binary.

use std::path::Path;

use strongroom_client::Plaintext;
use strongroom_types::Timestamp;

use super::*;
use crate::testing::{Mock, Scene, parse};
use crate::{CommandError, Exit, execute};

fn options(names: &[&str]) -> SignInOptions {
    let provider = |name: &&str| SignInProvider {
        identity: format!("fip-{name}"),
        name: (*name).to_owned(),
        issuer: "https://i.example".to_owned(),
        client_id: "cli".to_owned(),
        scopes: vec!["openid".to_owned()],
    };
    SignInOptions {
        organisation: "org-acme".to_owned(),
        providers: names.iter().map(provider).collect(),
    }
}

#[test]
fn one_provider_is_chosen_by_itself_and_several_by_name() {
    let chosen = |names: &[&str], named: Option<&str>| {
        let options = options(names);
        let chosen = choose(&options, named).map(|provider| provider.identity.clone());
        chosen.map_err(|error| error.to_string())
    };
    assert_eq!(chosen(&["a"], None).unwrap(), "fip-a");
    assert_eq!(chosen(&["a", "b"], Some("b")).unwrap(), "fip-b");
    assert_eq!(chosen(&["a", "b"], Some("fip-a")).unwrap(), "fip-a");
    assert!(chosen(&["a", "b"], None).unwrap_err().ends_with(": a, b"));
    assert!(
        chosen(&["a", "b"], Some("c"))
            .unwrap_err()
            .ends_with(": a, b")
    );
    assert!(
        chosen(&["a", "a"], Some("a"))
            .unwrap_err()
            .ends_with(": fip-a, fip-a")
    );
}

/// A scene in which a sign-in to `acme` at this server is kept until the second 2000.
fn scene(configuration: &Path, endpoint: &str) -> Scene {
    let mut scene = Scene::with_stdin(b"");
    scene.configuration = Some(configuration.to_owned());
    scene.now = 1000;
    let kept = Kept {
        endpoint: endpoint.to_owned(),
        organisation: "org-acme".to_owned(),
        named: "acme".to_owned(),
        token: Plaintext::new(b"st_at_kept".to_vec()),
        expires_at: Timestamp::from_second(2000).unwrap(),
    };
    Shelf::of(&scene).unwrap().keep(&kept).unwrap();
    scene
}

async fn run(line: &[&str], endpoint: &str, scene: &mut Scene) -> Result<(), CommandError> {
    let connection = ["--endpoint", endpoint, "--region", "nl-01"];
    let line: Vec<&str> = line.iter().copied().chain(connection).collect();
    execute(parse(&line).unwrap(), scene).await
}

fn list() -> (u16, String) {
    (200, "[]".to_owned())
}

#[tokio::test]
async fn what_is_kept_is_sent_where_no_other_credential_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let mock = Mock::start(vec![list(), list()]).await;
    let endpoint = mock.endpoint();
    let mut scene = scene(directory.path(), &endpoint);
    run(&["key", "ls"], &endpoint, &mut scene).await.unwrap();
    scene
        .variables
        .insert("STRONGROOM_TOKEN", "tc_pat_x".to_owned());
    run(&["key", "ls"], &endpoint, &mut scene).await.unwrap();
    let requests = mock.requests().await;
    assert!(requests[0].contains("authorization: Bearer st_at_kept\r\n"));
    assert!(requests[1].contains("authorization: Token tc_pat_x\r\n"));
}

#[tokio::test]
async fn a_sign_in_is_for_its_server_and_its_organisation_and_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = "http://127.0.0.1:1";
    let mut scene = scene(directory.path(), endpoint);
    let ls = ["key", "ls"];
    let elsewhere = run(&ls, "http://127.0.0.1:2", &mut scene)
        .await
        .unwrap_err();
    assert!(elsewhere.to_string().contains("there is no credential"));
    let bank = ["key", "ls", "--organisation", "bank"];
    let bank = run(&bank, endpoint, &mut scene).await.unwrap_err();
    assert!(bank.to_string().contains("there is no credential"));
    scene.now = 2000;
    let late = run(&ls, endpoint, &mut scene).await.unwrap_err();
    let said = "the sign-in to acme has expired; run `strongroom login` again";
    assert_eq!(
        (late.to_string().as_str(), late.exit()),
        (said, Exit::Usage)
    );
}

#[tokio::test]
async fn signing_out_forgets_and_asks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = "http://127.0.0.1:1";
    let mut scene = scene(directory.path(), endpoint);
    run(&["logout"], endpoint, &mut scene).await.unwrap();
    assert_eq!(scene.text(), "signed out of: acme\n");
    let again = run(&["logout"], endpoint, &mut scene).await.unwrap_err();
    assert_eq!(again.to_string(), "you are not signed in here");
}

#[tokio::test]
async fn signing_out_everywhere_tells_the_server_first() {
    let directory = tempfile::tempdir().unwrap();
    let refusal = r#"{"message":"no"}"#.to_owned();
    let script = vec![(503, refusal.clone()), (204, String::new()), (401, refusal)];
    let mock = Mock::start(script).await;
    let endpoint = mock.endpoint();
    let everywhere = ["logout", "--everywhere"];
    let mut scene = scene(directory.path(), &endpoint);
    let down = run(&everywhere, &endpoint, &mut scene).await.unwrap_err();
    assert!(matches!(down, CommandError::Call(_)), "{down}");
    // Nothing is forgotten while others are not ended.
    run(&everywhere, &endpoint, &mut scene).await.unwrap();
    let mut scene = self::scene(directory.path(), &endpoint);
    let dead = run(&everywhere, &endpoint, &mut scene).await.unwrap_err();
    assert!(dead.to_string().contains("others were not ended"), "{dead}");
    let gone = run(&everywhere, &endpoint, &mut scene).await.unwrap_err();
    assert_eq!(gone.to_string(), "you are not signed in here");
    for request in mock.requests().await {
        assert!(request.starts_with("DELETE /v1/me/sign-ins HTTP"));
        assert!(request.contains("authorization: Bearer st_at_kept\r\n"));
    }
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_is_asked() {
    let endpoint = "http://127.0.0.1:1";
    let mut scene = Scene::with_stdin(b"");
    let nameless = run(&["login"], endpoint, &mut scene).await.unwrap_err();
    assert!(nameless.to_string().contains("STRONGROOM_ORGANISATION"));
    let line = ["login", "--organisation", "acme"];
    let homeless = run(&line, endpoint, &mut scene).await.unwrap_err();
    assert!(homeless.to_string().contains("STRONGROOM_CONFIG_DIR"));
    assert_eq!(homeless.exit(), Exit::Usage);
}

#[tokio::test]
async fn who_does_not_come_back_is_not_waited_for() {
    let loopback = Loopback::open(0..=0).await.unwrap();
    let late = wait(loopback, "state", Duration::from_millis(1)).await;
    assert!(matches!(late, Err(LoginError::Late)));
    assert_eq!(PATIENCE, Duration::from_secs(300));
}
