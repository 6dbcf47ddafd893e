//! The rules of contract 4.1, 4.4 and 6.1 once more, as plainly as they read, and slow.

use super::world::{ACCOUNTS, Act, Binding, Call, Condition, Role, Rule, Test, USERS, Who, World};

/// What the contract says of an act.
pub(super) struct Needs {
    resource: &'static str,
    /// Any one suffices.
    permissions: &'static [&'static str],
    /// Whether it only looks.
    looks: bool,
    /// Whether rules inside a project count.
    in_projects: bool,
    on: On,
}

enum On {
    /// The thing that is named by path or slug.
    New,
    /// A thing that also has an identity.
    Known,
    /// Any one thing of the type.
    Some,
    /// All of them.
    Every,
}

fn needs(act: Act) -> Needs {
    let (resource, permissions, looks, in_projects, on): (_, &[&str], _, _, _) = match act {
        Act::ListSecrets => ("secret", &["list"], true, true, On::Some),
        Act::CreateSecret => ("secret", &["create"], false, true, On::New),
        Act::ReadSecret => ("secret", &["read"], true, true, On::New),
        Act::DeleteSecret => ("secret", &["delete"], false, true, On::New),
        Act::Reveal => ("secret", &["getSecretValue"], false, true, On::New),
        Act::Put => ("secret", &["putSecretValue"], false, true, On::New),
        Act::CreateKey => ("kms_key", &["create"], false, true, On::New),
        Act::ReadKey => ("kms_key", &["read"], true, true, On::Known),
        Act::Encrypt => ("kms_key", &["update", "encrypt"], false, true, On::Known),
        Act::Sign => ("kms_key", &["update", "sign"], false, true, On::Known),
        Act::ListAudit => ("audit_log", &["list"], true, false, On::Every),
        Act::ListTeams => ("team", &["list"], true, false, On::Some),
        Act::ReadTeam => ("team", &["read"], true, false, On::Known),
        Act::UpdateAccount => ("service_account", &["update"], false, false, On::Known),
        Act::CreateRole => ("iam_role", &["create"], false, false, On::New),
        Act::ReadRole => ("iam_role", &["read"], true, false, On::Known),
    };
    Needs {
        resource,
        permissions,
        looks,
        in_projects,
        on,
    }
}

/// Whether the call is allowed.
pub(super) fn allows(world: &World, call: &Call, identity: &str) -> bool {
    let needs = needs(call.act);
    belongs(call.by)
        && scopes_permit(&call.scopes, needs.looks)
        && (owns(world, call.by) || holds(world, call, identity))
        && policy_permits(world, call)
}

pub(super) fn owns(world: &World, who: Who) -> bool {
    world.owner.is_some_and(|owner| who == Who::User(owner))
}

/// Whether some binding gives it.
pub(super) fn holds(world: &World, call: &Call, identity: &str) -> bool {
    let needs = needs(call.act);
    world.bindings.iter().any(|binding| {
        reaches(world, binding, call, needs.in_projects)
            && rules(world, binding.role).iter().any(|rule| {
                needs.permissions.iter().any(|permission| {
                    says(&rule.resources, needs.resource)
                        && says(&rule.permissions, permission)
                        && left_by(&binding.scopes, permission)
                        && names(rule, &needs.on, call.name, identity)
                })
            })
    })
}

/// Users and accounts of high numbers are not there.
fn belongs(who: Who) -> bool {
    match who {
        Who::User(number) => number < USERS,
        Who::Account(number) => number < ACCOUNTS,
        Who::Team(_) => false,
    }
}

fn scopes_permit(scopes: &[&str], looks: bool) -> bool {
    scopes.is_empty() || scopes.contains(&"api:write") || (looks && scopes.contains(&"api:read"))
}

/// Of a binding with `api:read` alone, what remains is to read and to list.
fn left_by(scopes: &[&str], permission: &str) -> bool {
    scopes_permit(scopes, permission == "read" || permission == "list")
}

fn reaches(world: &World, binding: &Binding, call: &Call, in_projects: bool) -> bool {
    let theirs = match (binding.to, call.by) {
        (Who::Team(team), Who::User(user)) => world
            .teams
            .get(usize::from(team))
            .is_some_and(|members| members.contains(&user)),
        (to, by) => to == by,
    };
    theirs
        && is_here(world, binding, call, in_projects)
        && binding.ends.is_none_or(|end| call.hour < end)
}

/// A role counts in the whole organisation. A policy counts on the level that it is bound on, if it
/// is one of that level or comes down to it, and below that if it replicates.
fn is_here(world: &World, binding: &Binding, call: &Call, in_projects: bool) -> bool {
    let Some(policy) = world.policed(binding.role) else {
        return match binding.project {
            None => true,
            Some(project) => in_projects && call.project == Some(project),
        };
    };
    let comes_to = |from: Option<u8>, to: Option<u8>| {
        from == to || (policy.replicates && is_above(world, from, to))
    };
    in_projects
        && comes_to(policy.level, binding.project)
        && comes_to(binding.project, call.project)
        && conditions_hold(&policy.when, call)
}

fn is_above(world: &World, upper: Option<u8>, lower: Option<u8>) -> bool {
    match (upper, lower) {
        (None, Some(_)) => true,
        (Some(0), Some(1)) => world.nested,
        _ => false,
    }
}

fn rules(world: &World, role: Role) -> Vec<Rule> {
    let rule = |resource, permissions: &[&'static str]| {
        vec![Rule {
            resources: vec![resource],
            names: Vec::new(),
            permissions: permissions.to_vec(),
        }]
    };
    match role {
        Role::Own(number) => world
            .roles
            .get(usize::from(number))
            .cloned()
            .unwrap_or_default(),
        Role::BuiltIn("secrets:ReadAccess") => rule("secret", &["read", "list"]),
        Role::BuiltIn("secrets:FullAccess") => rule(
            "secret",
            &[
                "create",
                "read",
                "update",
                "delete",
                "list",
                "getSecretValue",
                "putSecretValue",
            ],
        ),
        Role::BuiltIn("kms:ReadAccess") => rule("kms_key", &["read", "list"]),
        Role::BuiltIn("kms:Encrypt") => rule("kms_key", &["encrypt"]),
        Role::BuiltIn("org-admin") => rule("*", &["*"]),
        Role::BuiltIn(_) => Vec::new(),
    }
}

fn says(words: &[&str], word: &str) -> bool {
    words.iter().any(|each| *each == "*" || *each == word)
}

fn names(rule: &Rule, on: &On, name: &str, identity: &str) -> bool {
    // A pattern of stars alone is all of them, whatever their names.
    let all = rule.names.is_empty()
        || rule
            .names
            .iter()
            .any(|pattern| pattern.bytes().all(|byte| byte == b'*'));
    let on_name = |name: &str| {
        let mut patterns = rule.names.iter();
        patterns.any(|pattern| fits(super::spelt(pattern).as_bytes(), name.as_bytes()))
    };
    match on {
        On::Some => true,
        On::Every => all,
        On::New => all || on_name(name),
        On::Known => all || on_name(name) || on_name(identity),
    }
}

/// A star is any run of characters, and everything else is itself.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            fits(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, name)| fits(pattern, name))
        }
        ([one, rest @ ..], [other, name @ ..]) => one == other && fits(rest, name),
        _ => false,
    }
}

fn policy_permits(world: &World, call: &Call) -> bool {
    let action = match call.act {
        Act::Reveal => "getSecretValue",
        Act::Put => "put-value",
        _ => return true,
    };
    if !conditions_hold(&world.policy.conditions, call) {
        return false;
    }
    let (mut allows, mut allowed) = (false, false);
    for statement in &world.policy.statements {
        if !statement.actions.is_empty() && !says(&statement.actions, action) {
            continue;
        }
        let theirs = statement.principals.is_empty()
            || statement
                .principals
                .iter()
                .any(|named| match (named, call.by) {
                    (Who::Team(team), Who::User(user)) => world
                        .teams
                        .get(usize::from(*team))
                        .is_some_and(|members| members.contains(&user)),
                    (named, by) => *named == by,
                });
        if statement.denies && theirs {
            return false;
        }
        allows |= !statement.denies;
        allowed |= !statement.denies && theirs;
    }
    !allows || allowed
}

/// None that denies is met, and of those that allow one, if there are any.
fn conditions_hold(conditions: &[Condition], call: &Call) -> bool {
    let (mut allows, mut allowed) = (false, false);
    for condition in conditions {
        let met = meets(condition.test, call);
        // What cannot be known counts against the caller.
        if condition.denies && met != Some(false) {
            return false;
        }
        allows |= !condition.denies;
        allowed |= !condition.denies && met == Some(true);
    }
    !allows || allowed
}

fn meets(test: Test, call: &Call) -> Option<bool> {
    match test {
        Test::Address(near, bytes) => {
            let bytes = usize::from(bytes);
            call.address
                .map(|address| address[..bytes] == near[..bytes])
        }
        Test::Hours(start, end) if start < end => Some((start..end).contains(&call.hour)),
        Test::Hours(start, end) => Some(call.hour >= start || call.hour < end),
    }
}
