//! Projects.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::ListFilter;

use super::super::asked::{Asked, Making};
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::request::{naming, naming_change};
use super::{FILTERS, views};

const ALL: &str = "/v1/projects";
const ONE: &str = "/v1/projects/{id}";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listProjects")
                .about("Lists the projects that the caller may read.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("Project")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createProject")
                .about("Makes a project, in which the caller may do everything.")
                .takes("CreateProject")
                .answers(StatusCode::CREATED, Answer::One("Project")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readProject")
                .about("Shows a project.")
                .answers(StatusCode::OK, Answer::One("Project")),
            read,
        )
        .add(
            Route::new(Method::PUT, ONE, "updateProject")
                .about("Changes what is said about a project, and what it is part of.")
                .takes("UpdateProject")
                .answers(StatusCode::OK, Answer::One("Project")),
            update,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteProject")
                .about("Removes a project that holds nothing any more.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        )
}

async fn list(granted: Granted<Asked<authz::ListProjects, ListFilter>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let listed = engine
        .manage()
        .list_projects(grant, &call, filter.0)
        .await?;
    Reply::json(listed, views::each(views::project))
}

async fn create(
    granted: Granted<Making<authz::CreateProject, api::CreateProject>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let api::CreateProject {
        naming: new,
        parent,
    } = input.0;
    let made = engine
        .manage()
        .create_project(grant, &call, naming(new), parent)
        .await?;
    Reply::json(made, views::project)
}

async fn read(granted: Granted<Asked<authz::ReadProject>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_project(grant, &call).await?;
    Reply::json(shown, views::project)
}

async fn update(
    granted: Granted<Asked<authz::UpdateProject, api::UpdateProject>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let api::UpdateProject { change, parent } = input.0;
    let changed = engine
        .manage()
        .update_project(grant, &call, naming_change(change), parent)
        .await?;
    Reply::json(changed, views::project)
}

async fn delete(granted: Granted<Asked<authz::DeleteProject>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_project(grant, &call).await?;
    Ok(Reply::empty(deleted))
}
