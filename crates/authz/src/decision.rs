//! The decision itself: the one function behind every grant.

use crate::action::{Action, ActionScope, DeniedAs, Extent};
use crate::caller::Caller;
use crate::denied::Denied;

/// Whose rules count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The organisation's roles only.
    Organisation,
    /// The organisation's roles and the policies of the project that the caller named.
    Project,
}

/// The first decision of an action, before anything is read.
pub(crate) fn decide<A: Action>(
    caller: &Caller,
    scope: &A::Scope,
    target: &A::Target,
) -> Result<(), Denied> {
    admit_call::<A>(caller, scope)?;
    let reach = <A::Scope as ActionScope>::REACH;
    let held = A::PERMISSIONS.is_empty()
        || A::DENIED == DeniedAs::LeftOut
        || match A::extent(target) {
            Extent::Named(name) => caller.holds(reach, A::RESOURCE, A::PERMISSIONS, &[name]),
            Extent::Some => caller.holds_some(reach, A::RESOURCE, A::PERMISSIONS),
            Extent::Every => caller.holds(reach, A::RESOURCE, A::PERMISSIONS, &[]),
        };
    if held { Ok(()) } else { Err(Denied::of::<A>()) }
}

/// The decision about the thing with these names, once it is known.
pub(crate) fn decide_named<A: Action>(
    caller: &Caller,
    scope: &A::Scope,
    names: &[&str],
) -> Result<(), Denied> {
    admit_call::<A>(caller, scope)?;
    let reach = <A::Scope as ActionScope>::REACH;
    if caller.holds(reach, A::RESOURCE, A::PERMISSIONS, names) {
        Ok(())
    } else {
        Err(Denied::of::<A>())
    }
}

/// What holds whatever the permissions: the caller is here, and the credential permits the call.
fn admit_call<A: Action>(caller: &Caller, scope: &A::Scope) -> Result<(), Denied> {
    let here = caller.organisation() == scope.organisation()
        && match <A::Scope as ActionScope>::REACH {
            Reach::Organisation => true,
            Reach::Project => caller.project() == scope.project(),
        };
    if !here {
        return Err(Denied::Elsewhere);
    }
    if !caller.scopes().permit(A::KIND) {
        return Err(Denied::TokenScope { needed: A::KIND });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strongroom_types::{EventId, OrganisationId, Scope, SecretPath};

    use super::*;
    use crate::action::*;
    use crate::caller::{CallerParts, ProjectRights, TokenScopes};
    use crate::grant::{authorize, system_grant};
    use crate::tests::{caller, organisation, owner, parts, path, project, rules, scope};

    /// The outcome in a word.
    fn outcome<T>(decision: Result<T, Denied>) -> &'static str {
        match decision {
            Ok(_) => "yes",
            Err(Denied::Forbidden { .. }) => "403",
            Err(Denied::Hidden { .. }) => "404",
            Err(Denied::TokenScope { .. }) => "scope",
            Err(Denied::Elsewhere) => "elsewhere",
        }
    }

    fn on_secret<A>(held: &[&str], at: &str) -> &'static str
    where
        A: Action<Scope = Scope, Target = SecretPath>,
    {
        outcome(authorize::<A>(caller(held), scope(), path(at)))
    }

    #[test]
    fn each_action_on_a_secret_needs_its_own_permission() {
        const ALL: [&str; 7] = [
            "create",
            "read",
            "update",
            "delete",
            "list",
            "getSecretValue",
            "putSecretValue",
        ];
        for permission in ALL {
            let held = format!("secret|/app/*|{permission}");
            let decide = [
                ("create", on_secret::<CreateSecret>(&[&held], "/app/x")),
                ("read", on_secret::<ReadSecret>(&[&held], "/app/x")),
                (
                    "update",
                    on_secret::<UpdateSecretPolicy>(&[&held], "/app/x"),
                ),
                (
                    "putSecretValue",
                    on_secret::<PutSecretValue>(&[&held], "/app/x"),
                ),
                (
                    "getSecretValue",
                    on_secret::<ReadSecretValue>(&[&held], "/app/x"),
                ),
                (
                    "delete",
                    on_secret::<DestroySecretVersion>(&[&held], "/app/x"),
                ),
                ("delete", on_secret::<DeleteSecret>(&[&held], "/app/x")),
            ];
            for (needed, decision) in decide {
                let expected = if needed == permission { "yes" } else { "403" };
                assert_eq!(decision, expected, "{permission} for {needed}");
            }
        }
    }

    #[test]
    fn the_target_decides_with_the_permission() {
        for (held, at, expected) in [
            (&[][..], "/app/x", "403"),
            (&["secret||getSecretValue"], "/app/x", "yes"),
            (&["secret||*"], "/app/x", "yes"),
            (&["*||*"], "/app/x", "yes"),
            (&["secret|/app/*|getSecretValue"], "/app/x", "yes"),
            (&["secret|/app/*|getSecretValue"], "/app", "403"),
            (&["secret|/app/*|getSecretValue"], "/other/x", "403"),
            (&["secret|/app/*|read", "secret||list"], "/app/x", "403"),
            (
                &["secret|/a/*|getSecretValue", "secret|/b/*|getSecretValue"],
                "/b/x",
                "yes",
            ),
            (&["kms_key||*"], "/app/x", "403"),
            // What stands in different rules does not add up to one right.
            (
                &["secret|/app/*|read", "secret|/b/*|getSecretValue"],
                "/app/x",
                "403",
            ),
        ] {
            assert_eq!(
                on_secret::<ReadSecretValue>(held, at),
                expected,
                "{held:?} at {at}"
            );
        }
    }

    #[test]
    fn lists_need_the_permission_on_something() {
        let browse = |held: &[&str]| {
            outcome(authorize::<BrowseSecrets>(
                caller(held),
                scope(),
                "/".parse().unwrap(),
            ))
        };
        let keys = |held: &[&str]| outcome(authorize::<ListKeys>(caller(held), scope(), ()));
        for (held, secrets) in [
            (&[][..], "403"),
            (&["secret||read"], "403"),
            (&["secret||list"], "yes"),
            (&["secret|/app/*|list"], "yes"),
        ] {
            assert_eq!(browse(held), secrets, "{held:?}");
            // Keys that may not be listed are left out of a list that succeeds.
            assert_eq!(keys(held), "yes", "{held:?}");
        }
    }

    #[test]
    fn the_audit_log_opens_to_whole_rules_only() {
        let list =
            |held: &[&str]| outcome(authorize::<ListAudit>(caller(held), organisation(), ()));
        let entry = EventId::from_bytes([4; 16]);
        let read = |held: &[&str]| {
            outcome(authorize::<ReadAuditEntry>(
                caller(held),
                organisation(),
                entry,
            ))
        };
        assert_eq!(list(&["audit_log||list"]), "yes");
        assert_eq!(list(&["audit_log|*|list"]), "yes");
        assert_eq!(list(&["audit_log|evt-*|list"]), "403");
        assert_eq!(list(&["audit_log||read"]), "403");
        assert_eq!(read(&["audit_log||read"]), "yes");
        assert_eq!(read(&["audit_log||list"]), "403");
    }

    #[test]
    fn members_need_no_permission_for_what_everybody_may_see() {
        assert_eq!(
            outcome(authorize::<ReadKmsSummary>(caller(&[]), organisation(), ())),
            "yes"
        );
        assert_eq!(
            outcome(authorize::<ListRegions>(caller(&[]), organisation(), ())),
            "yes"
        );
    }

    #[test]
    fn creating_a_key_is_refused_openly_as_there_is_nothing_to_hide() {
        let create = |held: &[&str]| {
            let slug = "primary".parse().unwrap();
            outcome(authorize::<CreateKey>(caller(held), scope(), slug))
        };
        assert_eq!(create(&["kms_key||create"]), "yes");
        assert_eq!(create(&["kms_key|prim*|create"]), "yes");
        assert_eq!(create(&["kms_key|other|create"]), "403");
        assert_eq!(create(&["kms_key||update"]), "403");
        let wrapping =
            |held: &[&str]| outcome(authorize::<ReadWrappingKey>(caller(held), scope(), ()));
        assert_eq!(wrapping(&["kms_key|other|create"]), "yes");
        assert_eq!(wrapping(&[]), "403");
    }

    #[test]
    fn rights_hold_only_where_they_were_looked_up() {
        let held = || parts(&["*||*"]);
        let in_project = |caller_project: Option<u8>, asked: Option<u8>| {
            let caller = Caller::vouched(CallerParts {
                project: caller_project.map(|number| ProjectRights {
                    id: project(number),
                    rules: Arc::default(),
                }),
                ..held()
            });
            let scope = Scope {
                project: asked.map(project),
                ..scope()
            };
            outcome(authorize::<ReadSecret>(Arc::new(caller), scope, path("/a")))
        };
        assert_eq!(in_project(None, None), "yes");
        assert_eq!(in_project(Some(1), Some(1)), "yes");
        assert_eq!(in_project(Some(1), Some(2)), "elsewhere");
        assert_eq!(in_project(Some(1), None), "elsewhere");
        assert_eq!(in_project(None, Some(1)), "elsewhere");

        let foreign = OrganisationId::from_bytes([8; 16]);
        let scope = Scope {
            organisation: foreign,
            ..scope()
        };
        let decision = authorize::<ReadSecret>(owner(), scope, path("/a"));
        assert_eq!(outcome(decision), "elsewhere");
        assert_eq!(
            outcome(authorize::<ListRegions>(owner(), foreign, ())),
            "elsewhere"
        );
    }

    #[test]
    fn rights_in_a_project_do_not_reach_the_organisation() {
        let caller = Arc::new(Caller::vouched(CallerParts {
            project: Some(ProjectRights {
                id: project(1),
                rules: Arc::new(rules(&["*||*"])),
            }),
            ..parts(&[])
        }));
        let here = Scope {
            project: Some(project(1)),
            ..scope()
        };
        let secret = authorize::<ReadSecretValue>(Arc::clone(&caller), here, path("/a"));
        assert_eq!(outcome(secret), "yes");
        assert_eq!(
            outcome(authorize::<ListAudit>(caller, organisation(), ())),
            "403"
        );
    }

    #[test]
    fn owners_hold_everything_and_their_tokens_may_hold_less() {
        let limited = |scopes| {
            Arc::new(Caller::vouched(CallerParts {
                owner: true,
                scopes,
                ..parts(&[])
            }))
        };
        for (scopes, read, reveal, put, region) in [
            (TokenScopes::UNRESTRICTED, "yes", "yes", "yes", "yes"),
            (TokenScopes::of(&["api:write"]), "yes", "yes", "yes", "yes"),
            (
                TokenScopes::of(&["api:read"]),
                "yes",
                "scope",
                "scope",
                "yes",
            ),
            (
                TokenScopes::of(&["kubernetes"]),
                "scope",
                "scope",
                "scope",
                "scope",
            ),
        ] {
            let caller = limited(scopes);
            let at = || (scope(), path("/a"));
            let ask = |decision| outcome::<()>(decision);
            let (place, target) = at();
            let decision = authorize::<ReadSecret>(Arc::clone(&caller), place, target);
            assert_eq!(ask(decision.map(drop)), read, "{scopes:?}");
            let (place, target) = at();
            let decision = authorize::<ReadSecretValue>(Arc::clone(&caller), place, target);
            assert_eq!(ask(decision.map(drop)), reveal, "{scopes:?}");
            let (place, target) = at();
            let decision = authorize::<PutSecretValue>(Arc::clone(&caller), place, target);
            assert_eq!(ask(decision.map(drop)), put, "{scopes:?}");
            let decision = authorize::<ListRegions>(caller, organisation(), ());
            assert_eq!(ask(decision.map(drop)), region, "{scopes:?}");
        }
    }

    #[test]
    fn a_grant_carries_what_was_decided() {
        let grant = authorize::<ReadSecret>(owner(), scope(), path("/a")).unwrap();
        assert_eq!(grant.scope(), &scope());
        assert_eq!(grant.target(), &path("/a"));
        assert!(grant.caller().is_owner());

        let grant =
            system_grant::<DeleteKey>(scope(), "primary".parse().unwrap(), "scheduled deletion");
        assert_eq!(
            grant.caller().principal().to_string(),
            "system (scheduled deletion)"
        );
        assert_eq!(grant.caller().project(), None);
    }
}
