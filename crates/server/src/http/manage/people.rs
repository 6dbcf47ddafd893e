//! Teams and memberships.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{ListFilter, NamingChange, NewTeamMember};

use super::super::asked::{Asked, Making};
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::request::naming;
use super::{FILTERS, views};

const TEAMS: &str = "/v1/teams";
const TEAM: &str = "/v1/teams/{id}";
const TEAM_MEMBERS: &str = "/v1/teams/{id}/members";
const TEAM_MEMBER: &str = "/v1/teams/{id}/members/{mid}";
const MEMBERS: &str = "/v1/memberships";
const MEMBER: &str = "/v1/memberships/{mid}";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    member_routes(team_member_routes(team_routes(routes)))
}

fn team_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, TEAMS, "listTeams")
                .about("Lists the teams that the caller may read, with their members.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("Team")),
            list_teams,
        )
        .add(
            Route::new(Method::POST, TEAMS, "createTeam")
                .about("Makes a team, in which nobody is yet.")
                .takes("Naming")
                .answers(StatusCode::CREATED, Answer::One("Team")),
            create_team,
        )
        .add(
            Route::new(Method::GET, TEAM, "readTeam")
                .about("Shows a team with its members.")
                .answers(StatusCode::OK, Answer::One("Team")),
            read_team,
        )
        .add(
            Route::new(Method::PUT, TEAM, "updateTeam")
                .about("Changes what is said about a team; its slug stays.")
                .takes("NamingChange")
                .answers(StatusCode::OK, Answer::One("Team")),
            update_team,
        )
        .add(
            Route::new(Method::DELETE, TEAM, "deleteTeam")
                .about("Removes a team with all that it was given.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete_team,
        )
}

fn team_member_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::POST, TEAM_MEMBERS, "addTeamMember")
                .about("Lets a member join a team; the caller must hold what the team was given.")
                .takes("AddTeamMember")
                .answers(StatusCode::CREATED, Answer::One("TeamMember")),
            add_team_member,
        )
        .add(
            Route::new(Method::DELETE, TEAM_MEMBER, "removeTeamMember")
                .about("Takes a member out of a team.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            remove_team_member,
        )
}

fn member_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, MEMBERS, "listMembers")
                .about("Lists who belongs to the organisation.")
                .answers(StatusCode::OK, Answer::Many("Membership")),
            list_members,
        )
        .add(
            Route::new(Method::PUT, MEMBER, "updateMember")
                .about("Makes a member an owner, or no longer; only owners may, and one stays.")
                .takes("UpdateMembership")
                .answers(StatusCode::OK, Answer::One("Membership")),
            update_member,
        )
        .add(
            Route::new(Method::DELETE, MEMBER, "deleteMember")
                .about("Ends a membership with all rights of the member.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete_member,
        )
        .add(
            Route::new(
                Method::DELETE,
                "/v1/memberships/{mid}/sign-ins",
                "endMemberSignIns",
            )
            .about("Ends all sign-ins of a member, and forgets who they are at the providers.")
            .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            end_member_sign_ins,
        )
        .add(
            Route::new(
                Method::GET,
                "/v1/me/organisation-memberships",
                "listOwnMemberships",
            )
            .about("Lists the organisations that the caller belongs to.")
            .answers(StatusCode::OK, Answer::Many("Membership")),
            list_own,
        )
        .add(
            Route::new(Method::DELETE, "/v1/me/sign-ins", "endOwnSignIns")
                .about("Ends all sign-ins of the caller to the organisation.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            end_sign_ins,
        )
}

async fn list_teams(
    granted: Granted<Asked<authz::ListTeams, ListFilter>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let listed = engine.manage().list_teams(grant, &call, filter.0).await?;
    Reply::json(listed, views::each(views::team))
}

async fn create_team(
    granted: Granted<Making<authz::CreateTeam, api::Naming>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let new = naming(input.0);
    let made = engine.manage().create_team(grant, &call, new).await?;
    Reply::json(made, views::team)
}

async fn read_team(granted: Granted<Asked<authz::ReadTeam>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_team(grant, &call).await?;
    Reply::json(shown, views::team)
}

async fn update_team(
    granted: Granted<Asked<authz::UpdateTeam, NamingChange>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, change) = granted.parts();
    let changed = engine.manage().update_team(grant, &call, change.0).await?;
    Reply::json(changed, views::team)
}

async fn delete_team(granted: Granted<Asked<authz::DeleteTeam>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_team(grant, &call).await?;
    Ok(Reply::empty(deleted))
}

async fn add_team_member(
    granted: Granted<Asked<authz::AddTeamMember, NewTeamMember>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let added = engine.manage().add_team_member(grant, &call, new.0).await?;
    Reply::json(added, views::team_member)
}

async fn remove_team_member(
    granted: Granted<Asked<authz::RemoveTeamMember>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let removed = engine.manage().remove_team_member(grant, &call).await?;
    Ok(Reply::empty(removed))
}

async fn list_members(granted: Granted<Asked<authz::ListMembers>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_members(grant, &call).await?;
    Reply::json(listed, views::each(views::member))
}

async fn update_member(
    granted: Granted<Asked<authz::UpdateMember, api::UpdateMembership>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let owner = input.0.owner;
    let changed = engine.manage().update_member(grant, &call, owner).await?;
    Reply::json(changed, views::member)
}

async fn delete_member(granted: Granted<Asked<authz::DeleteMember>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_member(grant, &call).await?;
    Ok(Reply::empty(deleted))
}

async fn list_own(granted: Granted<Asked<authz::ListOwnMemberships>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().own_memberships(grant, &call).await?;
    Reply::json(listed, views::each(views::own_membership))
}

async fn end_sign_ins(granted: Granted<Asked<authz::EndOwnSignIns>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let ended = engine.manage().end_own_sign_ins(grant, &call).await?;
    Ok(Reply::empty(ended))
}

async fn end_member_sign_ins(
    granted: Granted<Asked<authz::EndMemberSignIns>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let ended = engine.manage().end_member_sign_ins(grant, &call).await?;
    Ok(Reply::empty(ended))
}
