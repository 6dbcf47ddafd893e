//! Roles of the organisation, their rules and bindings.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{ListFilter, NewRoleBinding, NewRule};

use super::super::asked::{Asked, Making};
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::request::naming;
use super::{FILTERS, views};

const ALL: &str = "/v1/iam/roles";
const ONE: &str = "/v1/iam/roles/{id}";
const RULES: &str = "/v1/iam/roles/{id}/rules";
const RULE: &str = "/v1/iam/roles/{id}/rules/{rid}";
const BINDINGS: &str = "/v1/iam/roles/{id}/bindings";
const BINDING: &str = "/v1/iam/roles/{id}/bindings/{bid}";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let roles = routes
        .add(
            Route::new(Method::GET, ALL, "listRoles")
                .about("Lists the roles that the caller may read, with their rules and bindings.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("Role")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createRole")
                .about("Makes a role, which allows nothing yet.")
                .takes("Naming")
                .answers(StatusCode::CREATED, Answer::One("Role")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readRole")
                .about("Shows a role with its rules and bindings.")
                .answers(StatusCode::OK, Answer::One("Role")),
            read,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteRole")
                .about("Removes a role, and takes it from everybody who has it.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        );
    binding_routes(rule_routes(roles))
}

fn rule_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::POST, RULES, "addRoleRule")
                .about("Lets a role allow more, of what the caller holds.")
                .takes("AddRule")
                .answers(StatusCode::CREATED, Answer::One("RoleRule")),
            add_rule,
        )
        .add(
            Route::new(Method::DELETE, RULE, "removeRoleRule")
                .about("Lets a role allow less.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            remove_rule,
        )
}

fn binding_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, BINDINGS, "listRoleBindings")
                .about("Lists who has a role.")
                .answers(StatusCode::OK, Answer::Many("RoleBinding")),
            list_bindings,
        )
        .add(
            Route::new(Method::POST, BINDINGS, "createRoleBinding")
                .about("Gives a role, of which the caller must hold everything.")
                .takes("CreateRoleBinding")
                .answers(StatusCode::CREATED, Answer::One("RoleBinding")),
            create_binding,
        )
        .add(
            Route::new(Method::DELETE, BINDING, "deleteRoleBinding")
                .about("Takes a role away, from the next request on.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete_binding,
        )
}

async fn list(granted: Granted<Asked<authz::ListRoles, ListFilter>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let listed = engine.manage().list_roles(grant, &call, filter.0).await?;
    Reply::json(listed, views::each(views::role))
}

async fn create(
    granted: Granted<Making<authz::CreateRole, api::Naming>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let new = naming(input.0);
    let made = engine.manage().create_role(grant, &call, new).await?;
    Reply::json(made, views::role)
}

async fn read(granted: Granted<Asked<authz::ReadRole>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_role(grant, &call).await?;
    Reply::json(shown, views::role)
}

async fn delete(granted: Granted<Asked<authz::DeleteRole>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_role(grant, &call).await?;
    Ok(Reply::empty(deleted))
}

async fn add_rule(granted: Granted<Asked<authz::AddRoleRule, NewRule>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let added = engine.manage().add_role_rule(grant, &call, new.0).await?;
    Reply::json(added, views::rule)
}

async fn remove_rule(granted: Granted<Asked<authz::RemoveRoleRule>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let removed = engine.manage().remove_role_rule(grant, &call).await?;
    Ok(Reply::empty(removed))
}

async fn list_bindings(granted: Granted<Asked<authz::ListRoleBindings>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_role_bindings(grant, &call).await?;
    Reply::json(listed, views::each(views::binding))
}

async fn create_binding(
    granted: Granted<Asked<authz::CreateRoleBinding, NewRoleBinding>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let made = engine
        .manage()
        .create_role_binding(grant, &call, new.0)
        .await?;
    Reply::json(made, views::binding)
}

async fn delete_binding(
    granted: Granted<Asked<authz::DeleteRoleBinding>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_role_binding(grant, &call).await?;
    Ok(Reply::empty(deleted))
}
