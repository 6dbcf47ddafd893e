//! The same organisation and call, put to what decides in earnest.

use std::net::IpAddr;
use std::sync::Arc;

use strongroom_authz::{
    AccessPolicy, Action, Caller, CreateKey, CreateRole, CreateSecret, DeleteSecret,
    EncryptWithKey, Grant, KeyAction, KeyNames, ListAudit, ListSecrets, ListTeams, Permission,
    PutSecretValue, Reach, ReadKey, ReadRole, ReadSecret, ReadSecretValue, ReadTeam, ResourceType,
    SignWithKey, TokenScopes, UpdateServiceAccount, authorize,
};
use strongroom_types::{
    BindingId, KeyId, OrganisationId, ProjectId, Reference, Region, RoleId, Scope,
    ServiceAccountId, TeamId, Timestamp, UserId,
};

use super::spelt;
use super::world::{
    ACCOUNTS, Act, Call, Condition, PROJECTS, Policy, Role, Statement, Test, USERS, Who, World,
};
use crate::directory::manage::{On, Wanted};
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{
    BindingRow, BoundPrincipal, BoundRole, Described, MemberRow, OrganisationRow, PolicyRow,
    ProjectRow, RoleRow, RuleRow, ServiceAccountRow, TeamRow,
};

fn bytes(number: u8) -> [u8; 16] {
    [number + 1; 16]
}

fn home() -> OrganisationId {
    OrganisationId::from_bytes([9; 16])
}

/// The hour of a day on which nothing ended yet.
fn at(hour: u8) -> Timestamp {
    Timestamp::from_second(1_772_409_600 + i64::from(hour) * 3600).unwrap()
}

/// The identity of whatever has this slug; keys have it, and for the others it serves as well.
pub(super) fn identity_of(slug: &str) -> String {
    key(slug).to_string()
}

fn key(slug: &str) -> KeyId {
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(slug.bytes())
        .for_each(|(to, from)| *to = from);
    KeyId::from_bytes(bytes)
}

pub(super) fn organisation(world: &World) -> OrganisationView {
    let row = OrganisationRow {
        identity: home(),
        slug: "home".parse().unwrap(),
        name: "Home".parse().unwrap(),
        created_at: at(0),
        secrets_off: false,
        kms_off: false,
        projects_off: false,
    };
    let mut view = OrganisationView::empty(row, None);
    for number in 0..USERS {
        let user = UserId::from_bytes(bytes(number));
        let member = MemberRow {
            user,
            email: format!("user-{number}@example.org"),
            owner: world.owner == Some(number),
            created_at: at(0),
            name: None,
            sign_ins: Default::default(),
            unproven: false,
        };
        view.members.insert(user, member);
    }
    for number in 0..ACCOUNTS {
        let account = ServiceAccountRow {
            identity: ServiceAccountId::from_bytes(bytes(number)),
            slug: format!("robot-{number}").parse().unwrap(),
            name: "Robot".parse().unwrap(),
            created_at: at(0),
            described: Described::default(),
        };
        view.service_accounts.insert(account.identity, account);
    }
    for (number, members) in (0..).zip(&world.teams) {
        let team = TeamRow {
            identity: TeamId::from_bytes(bytes(number)),
            slug: format!("team-{number}").parse().unwrap(),
            members: members
                .iter()
                .map(|each| UserId::from_bytes(bytes(*each)))
                .collect(),
            name: None,
            created_at: at(0),
            described: Described::default(),
            joined: Vec::new(),
        };
        view.teams.insert(team.identity, team);
    }
    for number in 0..PROJECTS {
        let row = ProjectRow {
            identity: project(number),
            slug: format!("project-{number}").parse().unwrap(),
            name: "Project".parse().unwrap(),
            description: strongroom_types::Description::default(),
            created_at: at(0),
            parent: (number == 1 && world.nested).then(|| project(0)),
            described: Described::default(),
        };
        view.projects.insert(row.identity, row);
    }
    add_rights(world, &mut view);
    view
}

/// Conditions as an IAM policy has them: empty where there are none.
fn conditionals(when: &[Condition]) -> String {
    if when.is_empty() {
        return String::new();
    }
    let those = |denies: bool| {
        let those = when.iter().filter(|each| each.denies == denies);
        let those = those.map(|each| match each.test {
            Test::Address([a, b, c, d], bytes) => {
                let bits = bytes * 8;
                format!(r#"{{"type":"ip","ips":["{a}.{b}.{c}.{d}/{bits}"]}}"#)
            }
            Test::Hours(start, end) => {
                format!(r#"{{"type":"time","time":{{"startHour":{start},"endHour":{end}}}}}"#)
            }
        });
        those.collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"allowed":[{}],"denied":[{}]}}"#,
        those(false),
        those(true)
    )
}

fn add_rights(world: &World, view: &mut OrganisationView) {
    let texts = |words: &[&str]| words.iter().map(|word| spelt(word)).collect();
    for (number, rules) in (0..).zip(&world.roles) {
        let rules = rules.iter().map(|rule| RuleRow {
            resources: texts(&rule.resources),
            resource_identities: texts(&rule.names),
            permissions: texts(&rule.permissions),
            identity: None,
            note: String::new(),
        });
        let policed = world.policed(Role::Own(number));
        let role = RoleRow {
            identity: RoleId::from_bytes(bytes(number)),
            name: "role".to_owned(),
            project: policed.and_then(|policed| policed.level).map(project),
            rules: rules.collect(),
            slug: None,
            created_at: at(0),
            described: Described::default(),
            policy: policed.map(|policed| PolicyRow {
                replicates: policed.replicates,
                conditionals: conditionals(&policed.when),
            }),
        };
        view.roles.insert(role.identity, role);
    }
    for (number, binding) in (0..).zip(&world.bindings) {
        view.bindings.push(BindingRow {
            identity: BindingId::from_bytes(bytes(number)),
            role: match binding.role {
                Role::Own(number) => BoundRole::Own(RoleId::from_bytes(bytes(number))),
                Role::BuiltIn(name) => BoundRole::BuiltIn(name.to_owned()),
            },
            principal: match binding.to {
                Who::User(number) => BoundPrincipal::User(UserId::from_bytes(bytes(number))),
                Who::Account(number) => {
                    BoundPrincipal::ServiceAccount(ServiceAccountId::from_bytes(bytes(number)))
                }
                Who::Team(number) => BoundPrincipal::Team(TeamId::from_bytes(bytes(number))),
            },
            project: binding.project.map(project),
            expires_at: binding.ends.map(at),
            name: String::new(),
            created_at: at(0),
            described: Described::default(),
            scopes: texts(&binding.scopes),
            policy: world.policed(binding.role).is_some(),
        });
    }
}

fn project(number: u8) -> ProjectId {
    ProjectId::from_bytes(bytes(number))
}

fn principal(who: Who) -> PrincipalId {
    match who {
        Who::User(number) => PrincipalId::User(UserId::from_bytes(bytes(number))),
        Who::Account(number) | Who::Team(number) => {
            PrincipalId::ServiceAccount(ServiceAccountId::from_bytes(bytes(number)))
        }
    }
}

/// Whether the call goes through, as a request would.
pub(super) fn allows(view: &OrganisationView, world: &World, call: &Call) -> bool {
    let project = call.project.map(project);
    let Some(rights) = view.rights(principal(call.by), project, at(call.hour)) else {
        return false;
    };
    let scopes = match call.scopes.as_slice() {
        [] => TokenScopes::UNRESTRICTED,
        some => TokenScopes::of(some),
    };
    let address = call.address.map(IpAddr::from);
    let caller = rights.caller(home(), scopes, address, at(call.hour));
    let place = Scope {
        organisation: home(),
        region: Region::declared(&"nl-01".parse().unwrap()),
        project,
    };
    let path = || call.name.parse().unwrap();
    let policy = || AccessPolicy::parse(&document(&world.policy)).unwrap();
    let now = at(call.hour);
    match call.act {
        Act::ListSecrets => granted::<ListSecrets>(caller, place, "/".parse().unwrap()),
        Act::CreateSecret => granted::<CreateSecret>(caller, place, path()),
        Act::ReadSecret => granted::<ReadSecret>(caller, place, path()),
        Act::DeleteSecret => granted::<DeleteSecret>(caller, place, path()),
        Act::Reveal => authorize::<ReadSecretValue>(caller, place, path())
            .is_ok_and(|grant| grant.admit(policy().as_ref(), now).is_ok()),
        Act::Put => authorize::<PutSecretValue>(caller, place, path())
            .is_ok_and(|grant| grant.admit(policy().as_ref(), now).is_ok()),
        Act::CreateKey => granted::<CreateKey>(caller, place, call.name.parse().unwrap()),
        Act::ReadKey => on_key::<ReadKey>(caller, place, call.name),
        Act::Encrypt => on_key::<EncryptWithKey>(caller, place, call.name),
        Act::Sign => on_key::<SignWithKey>(caller, place, call.name),
        Act::ListAudit => granted::<ListAudit>(caller, home(), ()),
        Act::ListTeams => granted::<ListTeams>(caller, home(), ()),
        Act::CreateRole => granted::<CreateRole>(caller, home(), call.name.parse().unwrap()),
        Act::ReadTeam => confirmed::<ReadTeam>(caller, reference(call.name), call.name),
        Act::ReadRole => confirmed::<ReadRole>(caller, reference(call.name), call.name),
        Act::UpdateAccount => {
            confirmed::<UpdateServiceAccount>(caller, reference(call.name), call.name)
        }
    }
}

fn reference<T: std::str::FromStr>(slug: &str) -> Reference<T> {
    Reference::Slug(slug.parse().unwrap())
}

fn granted<A: Action>(caller: Arc<Caller>, place: A::Scope, target: A::Target) -> bool {
    authorize::<A>(caller, place, target).is_ok()
}

/// As the directory does, once it found the thing.
fn confirmed<A: Action<Scope = OrganisationId>>(
    caller: Arc<Caller>,
    target: A::Target,
    slug: &str,
) -> bool {
    authorize::<A>(caller, home(), target)
        .is_ok_and(|grant: Grant<A>| grant.confirm(&[&identity_of(slug), slug]).is_ok())
}

/// As the engine does, once it found the key.
fn on_key<A: KeyAction>(caller: Arc<Caller>, place: Scope, slug: &str) -> bool {
    let names = KeyNames {
        identity: key(slug),
        slug: slug.parse().unwrap(),
    };
    authorize::<A>(caller, place, reference(slug)).is_ok_and(|grant| grant.resolve(names).is_ok())
}

/// Whether an explanation finds a rule that allows the call. Of two permissions, either does.
pub(super) fn explains(view: &OrganisationView, call: &Call) -> bool {
    use Permission as P;
    use ResourceType as R;
    let known = || On::Named(vec![identity_of(call.name), call.name.to_owned()]);
    let new = || On::Named(vec![call.name.to_owned()]);
    let (resource, permissions, on): (_, &[P], _) = match call.act {
        Act::ListSecrets => (R::Secret, &[P::List], On::Some),
        Act::CreateSecret => (R::Secret, &[P::Create], new()),
        Act::ReadSecret => (R::Secret, &[P::Read], new()),
        Act::DeleteSecret => (R::Secret, &[P::Delete], new()),
        Act::Reveal => (R::Secret, &[P::GetSecretValue], new()),
        Act::Put => (R::Secret, &[P::PutSecretValue], new()),
        Act::CreateKey => (R::KmsKey, &[P::Create], new()),
        Act::ReadKey => (R::KmsKey, &[P::Read], known()),
        Act::Encrypt => (R::KmsKey, &[P::Update, P::Encrypt], known()),
        Act::Sign => (R::KmsKey, &[P::Update, P::Sign], known()),
        Act::ListAudit => (R::AuditLog, &[P::List], On::Every),
        Act::ListTeams => (R::Team, &[P::List], On::Some),
        Act::ReadTeam => (R::Team, &[P::Read], known()),
        Act::UpdateAccount => (R::ServiceAccount, &[P::Update], known()),
        Act::CreateRole => (R::IamRole, &[P::Create], new()),
        Act::ReadRole => (R::IamRole, &[P::Read], known()),
    };
    let in_projects = matches!(resource, R::Secret | R::KmsKey);
    let project = call.project.map(project).filter(|_| in_projects);
    permissions.iter().any(|permission| {
        let wanted = Wanted {
            resource,
            permission: *permission,
            on: on.clone(),
            reach: match in_projects {
                true => Reach::Project,
                false => Reach::Organisation,
            },
            from: call.address.map(IpAddr::from),
            at: at(call.hour),
        };
        let grounds = view.grounds(principal(call.by), project, &wanted);
        !grounds.counting.is_empty()
    })
}

fn document(policy: &Policy) -> String {
    let effect = |denies| if denies { "deny" } else { "allow" };
    let condition = |each: &Condition| {
        let test = match each.test {
            Test::Address([a, b, c, d], bytes) => {
                let bits = bytes * 8;
                format!(r#""type":"ip","cidrs":["{a}.{b}.{c}.{d}/{bits}"]"#)
            }
            Test::Hours(start, end) => {
                format!(r#""type":"time","startHour":{start},"endHour":{end}"#)
            }
        };
        format!(r#"{{"effect":"{}",{test}}}"#, effect(each.denies))
    };
    let statement = |each: &Statement| {
        let principals = each.principals.iter().map(|who| match who {
            Who::User(number) => format!("user:{}", UserId::from_bytes(bytes(*number))),
            Who::Account(number) => format!("sa:robot-{number}"),
            Who::Team(number) => format!("team:team-{number}"),
        });
        let list = |words: Vec<String>| match words.as_slice() {
            [] => "[]".to_owned(),
            some => format!(r#"["{}"]"#, some.join(r#"",""#)),
        };
        let actions = each.actions.iter().map(|word| (*word).to_owned()).collect();
        let (effect, actions) = (effect(each.denies), list(actions));
        let principals = list(principals.collect());
        format!(r#"{{"effect":"{effect}","actions":{actions},"principals":{principals}}}"#)
    };
    let conditions: Vec<_> = policy.conditions.iter().map(condition).collect();
    let statements: Vec<_> = policy.statements.iter().map(statement).collect();
    let (conditions, statements) = (conditions.join(","), statements.join(","));
    format!(r#"{{"conditions":[{conditions}],"statements":[{statements}]}}"#)
}
