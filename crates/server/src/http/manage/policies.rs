//! The policies of a project, or of the organisation's own level; their rules and bindings.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{
    Gate, ListFilter, NewPolicyBinding, NewRule, PolicyBindingChange, PolicyChange,
};

use super::super::asked::{Asked, Making};
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::policy_requests::new_policy;
use super::{FILTERS, policy_views, views};

const ALL: &str = "/v1/projects/iam/policies";
const RESOURCES: &str = "/v1/projects/iam/policies/resources";
const MEMBERS: &str = "/v1/projects/iam/policies/members";
const ONE: &str = "/v1/projects/iam/policies/{id}";
const RULES: &str = "/v1/projects/iam/policies/{id}/rules";
const RULE: &str = "/v1/projects/iam/policies/{id}/rules/{rid}";
const BINDINGS: &str = "/v1/projects/iam/policies/{id}/bindings";
const BINDING: &str = "/v1/projects/iam/policies/{id}/bindings/{bid}";

/// Adds the routes.
/// The feature that has to be on (contract 3.5).
const GATES: &[Gate] = &[Gate::Projects];

pub(super) fn routes(routes: Routes) -> Routes {
    let policies = routes
        .add(
            Route::new(Method::GET, ALL, "listPolicies")
                .gates(GATES)
                .about("Lists the level's policies that the caller may read.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("IamPolicy")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createPolicy")
                .gates(GATES)
                .about("Makes a policy, which allows nothing yet.")
                .takes("CreateIamPolicy")
                .answers(StatusCode::CREATED, Answer::One("IamPolicy")),
            create,
        )
        .add(
            Route::new(Method::GET, RESOURCES, "listPolicyResources")
                .gates(GATES)
                .about("Lists the resource types that the rules of policies can name.")
                .answers(StatusCode::OK, Answer::Many("ResourceTypeName")),
            resources,
        )
        .add(
            Route::new(Method::GET, MEMBERS, "listPolicyMembers")
                .gates(GATES)
                .about("Lists the members who were given something on the level.")
                .answers(StatusCode::OK, Answer::Many("ProjectMember")),
            members,
        )
        .add(
            Route::new(Method::GET, ONE, "readPolicy")
                .gates(GATES)
                .about("Shows a policy with its rules and bindings.")
                .answers(StatusCode::OK, Answer::One("IamPolicy")),
            read,
        )
        .add(
            Route::new(Method::PUT, ONE, "updatePolicy")
                .gates(GATES)
                .about("Changes what is said about a policy, and when and where it counts.")
                .takes("UpdateIamPolicy")
                .answers(StatusCode::OK, Answer::One("IamPolicy")),
            update,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deletePolicy")
                .gates(GATES)
                .about("Removes a policy, and takes it from everybody who has it.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        );
    binding_routes(rule_routes(policies))
}

fn rule_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::POST, RULES, "addPolicyRule")
                .gates(GATES)
                .about("Lets a policy allow more, of what the caller holds.")
                .takes("AddRule")
                .answers(StatusCode::CREATED, Answer::One("RoleRule")),
            add_rule,
        )
        .add(
            Route::new(Method::DELETE, RULE, "removePolicyRule")
                .gates(GATES)
                .about("Lets a policy allow less.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            remove_rule,
        )
}

fn binding_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, BINDINGS, "listPolicyBindings")
                .gates(GATES)
                .about("Lists who has a policy on the level.")
                .answers(StatusCode::OK, Answer::Many("IamPolicyBinding")),
            list_bindings,
        )
        .add(
            Route::new(Method::POST, BINDINGS, "createPolicyBinding")
                .gates(GATES)
                .about("Gives a policy, of which the caller must hold everything for as long.")
                .takes("CreateIamPolicyBinding")
                .answers(StatusCode::CREATED, Answer::One("IamPolicyBinding")),
            create_binding,
        )
        .add(
            Route::new(Method::PUT, BINDING, "updatePolicyBinding")
                .gates(GATES)
                .about("Changes what is said about a binding, and when it ends.")
                .takes("UpdateIamPolicyBinding")
                .answers(StatusCode::OK, Answer::One("IamPolicyBinding")),
            update_binding,
        )
        .add(
            Route::new(Method::DELETE, BINDING, "deletePolicyBinding")
                .gates(GATES)
                .about("Takes a policy away, from the next request on.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete_binding,
        )
}

async fn list(granted: Granted<Asked<authz::ListPolicies, ListFilter>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let manage = engine.manage();
    let listed = manage.list_policies(grant, &call, filter.0).await?;
    Reply::json(listed, views::each(policy_views::policy))
}

async fn resources(granted: Granted<Asked<authz::ListPolicyResources>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_policy_resources(grant, &call).await?;
    Reply::json(listed, |words| words)
}

async fn members(granted: Granted<Asked<authz::ListPolicyMembers>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_policy_members(grant, &call).await?;
    Reply::json(listed, views::each(policy_views::member))
}

async fn create(
    granted: Granted<Making<authz::CreatePolicy, api::CreateIamPolicy>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let new = new_policy(input.0);
    let made = engine.manage().create_policy(grant, &call, new).await?;
    Reply::json(made, policy_views::policy)
}

async fn read(granted: Granted<Asked<authz::ReadPolicy>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_policy(grant, &call).await?;
    Reply::json(shown, policy_views::policy)
}

async fn update(
    granted: Granted<Asked<authz::UpdatePolicy, PolicyChange>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, change) = granted.parts();
    let manage = engine.manage();
    let changed = manage.update_policy(grant, &call, change.0).await?;
    Reply::json(changed, policy_views::policy)
}

async fn delete(granted: Granted<Asked<authz::DeletePolicy>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_policy(grant, &call).await?;
    Ok(Reply::empty(deleted))
}

async fn add_rule(
    granted: Granted<Asked<authz::AddPolicyRule, NewRule>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let added = engine.manage().add_policy_rule(grant, &call, new.0).await?;
    Reply::json(added, views::rule)
}

async fn remove_rule(granted: Granted<Asked<authz::RemovePolicyRule>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let removed = engine.manage().remove_policy_rule(grant, &call).await?;
    Ok(Reply::empty(removed))
}

async fn list_bindings(
    granted: Granted<Asked<authz::ListPolicyBindings>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_policy_bindings(grant, &call).await?;
    Reply::json(listed, views::each(policy_views::binding))
}

async fn create_binding(
    granted: Granted<Asked<authz::CreatePolicyBinding, NewPolicyBinding>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let manage = engine.manage();
    let made = manage.create_policy_binding(grant, &call, new.0).await?;
    Reply::json(made, policy_views::binding)
}

async fn update_binding(
    granted: Granted<Asked<authz::UpdatePolicyBinding, PolicyBindingChange>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, change) = granted.parts();
    let manage = engine.manage();
    let changed = manage.update_policy_binding(grant, &call, change.0).await?;
    Reply::json(changed, policy_views::binding)
}

async fn delete_binding(
    granted: Granted<Asked<authz::DeletePolicyBinding>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_policy_binding(grant, &call).await?;
    Ok(Reply::empty(deleted))
}
