//! Who, for which action.

use strongroom_types::{TeamId, UserId};

use super::*;

#[test]
fn every_alias_of_an_action_is_known_in_any_case() {
    const REVEAL: [&str; 8] = [
        "getSecretValue",
        "secrets:get-value",
        "secrets:getSecretValue",
        "secrets:GetSecretValue",
        "get-value",
        "read",
        "READ",
        "getsecretvalue",
    ];
    const PUT: [&str; 8] = [
        "putSecretValue",
        "secrets:put-value",
        "secrets:putSecretValue",
        "secrets:PutSecretValue",
        "put-value",
        "write",
        "update",
        "Update",
    ];
    const BOTH: [&str; 5] = ["*", "secrets:*", "Secrets:*", "-", ""];
    let denied = Err(PolicyDenied::Statement);
    for (words, reveals, puts) in [
        (&REVEAL[..], denied, Ok(())),
        (&PUT[..], Ok(()), denied),
        (&BOTH[..], denied, denied),
    ] {
        for word in words {
            let document = statements(&[&format!("Deny {word} *")]);
            assert_eq!(
                reveal(&document, from("192.0.2.7"), NOON),
                reveals,
                "{document}"
            );
            assert_eq!(put(&document, from("192.0.2.7"), NOON), puts, "{document}");
        }
    }
}

#[test]
fn every_form_of_a_principal_is_known() {
    let user = UserId::from_bytes([1; 16]);
    let other_user = UserId::from_bytes([3; 16]);
    let team = TeamId::from_bytes([2; 16]);
    let robot = ServiceAccountId::from_bytes([5; 16]);
    let other_robot = ServiceAccountId::from_bytes([6; 16]);
    // Form, then whether it means the user of team platform, and the service account `ci`.
    for (form, is_user, is_account) in [
        ("*".to_owned(), true, true),
        ("user:subject-1".into(), true, false),
        ("USER:subject-1".into(), true, false),
        ("user:ann@example.org".into(), true, false),
        (format!("user:{user}"), true, false),
        (format!("user:{other_user}"), false, false),
        ("user:SUBJECT-1".into(), false, false),
        ("user:bob@example.org".into(), false, false),
        ("team:platform".into(), true, false),
        (format!("team:{team}"), true, false),
        ("team:engineering".into(), false, false),
        ("service-account:ci".into(), false, true),
        ("serviceAccount:ci".into(), false, true),
        ("sa:ci".into(), false, true),
        (format!("sa:{robot}"), false, true),
        (format!("sa:{other_robot}"), false, false),
        ("sa:cd".into(), false, false),
        (user.to_string(), true, false),
        (team.to_string(), true, false),
        (robot.to_string(), false, true),
        (other_robot.to_string(), false, false),
    ] {
        let document = statements(&[&format!("deny read {form}")]);
        for (who, is) in [(from("192.0.2.7"), is_user), (account("ci"), is_account)] {
            let expected = if is {
                Err(PolicyDenied::Statement)
            } else {
                Ok(())
            };
            assert_eq!(reveal(&document, who, NOON), expected, "{form}");
        }
    }
    for absent in ["deny read -", "deny read "] {
        let denied = reveal(&statements(&[absent]), account("ci"), NOON);
        assert_eq!(denied, Err(PolicyDenied::Statement));
    }
}

#[test]
fn statements_decide_for_each_action_on_its_own() {
    use PolicyDenied::{NoStatement, Statement};
    for (written, reveals, puts) in [
        // The example of the Terraform provider: a restriction on reading leaves writing alone.
        (&["Allow read team:platform"][..], Ok(()), Ok(())),
        (&["Allow read team:others"], Err(NoStatement), Ok(())),
        (&["Allow write team:others"], Ok(()), Err(NoStatement)),
        (&["Allow * team:others"], Err(NoStatement), Err(NoStatement)),
        (
            &["Allow read team:others", "Allow read user:subject-1"],
            Ok(()),
            Ok(()),
        ),
        (&["Deny read team:platform"], Err(Statement), Ok(())),
        (&["Deny read team:others"], Ok(()), Ok(())),
        (
            &["Allow read *", "Deny read user:subject-1"],
            Err(Statement),
            Ok(()),
        ),
        (
            &["Deny read user:subject-1", "Allow read *"],
            Err(Statement),
            Ok(()),
        ),
        // An allow for an unknown action restricts nothing and permits nothing.
        (&["Allow delete team:others"], Ok(()), Ok(())),
        (&["Allow delete,read team:others"], Err(NoStatement), Ok(())),
        // An allow for nobody that we know lets nobody through.
        (&["Allow read group:others"], Err(NoStatement), Ok(())),
        (&["Allow read bob"], Err(NoStatement), Ok(())),
        (&["Allow read group:others,user:subject-1"], Ok(()), Ok(())),
    ] {
        let document = statements(written);
        assert_eq!(
            reveal(&document, from("192.0.2.7"), NOON),
            reveals,
            "{written:?}"
        );
        assert_eq!(put(&document, from("192.0.2.7"), NOON), puts, "{written:?}");
    }
}
