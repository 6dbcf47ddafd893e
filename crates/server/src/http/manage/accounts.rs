//! Service accounts and their access credentials.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{ListFilter, NamingChange, NewAccessCredential};

use super::super::asked::{Asked, Making};
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::request::naming;
use super::{FILTERS, views};

const ALL: &str = "/v1/service-accounts";
const ONE: &str = "/v1/service-accounts/{id}";
const CREDENTIALS: &str = "/v1/service-accounts/{id}/access-credentials";
const CREDENTIAL: &str = "/v1/service-accounts/{id}/access-credentials/{cid}";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let accounts = routes
        .add(
            Route::new(Method::GET, ALL, "listServiceAccounts")
                .about("Lists the service accounts that the caller may read.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("ServiceAccount")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createServiceAccount")
                .about("Makes a service account, which holds no rights yet.")
                .takes("Naming")
                .answers(StatusCode::CREATED, Answer::One("ServiceAccount")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readServiceAccount")
                .about("Shows a service account.")
                .answers(StatusCode::OK, Answer::One("ServiceAccount")),
            read,
        )
        .add(
            Route::new(Method::PUT, ONE, "updateServiceAccount")
                .about("Changes what is said about a service account; its slug stays.")
                .takes("NamingChange")
                .answers(StatusCode::OK, Answer::One("ServiceAccount")),
            update,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteServiceAccount")
                .about("Removes a service account with its credentials and bindings.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        );
    credential_routes(accounts)
}

fn credential_routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, CREDENTIALS, "listAccessCredentials")
                .about("Lists a service account's access credentials, without their secrets.")
                .answers(StatusCode::OK, Answer::Many("AccessCredential")),
            list_credentials,
        )
        .add(
            Route::new(Method::POST, CREDENTIALS, "createAccessCredential")
                .about("Issues an access credential and shows its secret this once.")
                .takes("CreateAccessCredential")
                .answers(StatusCode::CREATED, Answer::One("AccessCredentialReply")),
            create_credential,
        )
        .add(
            Route::new(Method::DELETE, CREDENTIAL, "deleteAccessCredential")
                .about("Deletes an access credential; it and its tokens are dead at once.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete_credential,
        )
}

async fn list(
    granted: Granted<Asked<authz::ListServiceAccounts, ListFilter>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let listed = engine
        .manage()
        .list_service_accounts(grant, &call, filter.0)
        .await?;
    Reply::json(listed, views::each(views::service_account))
}

async fn create(
    granted: Granted<Making<authz::CreateServiceAccount, api::Naming>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let made = engine
        .manage()
        .create_service_account(grant, &call, naming(input.0))
        .await?;
    Reply::json(made, views::service_account)
}

async fn read(granted: Granted<Asked<authz::ReadServiceAccount>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_service_account(grant, &call).await?;
    Reply::json(shown, views::service_account)
}

async fn update(
    granted: Granted<Asked<authz::UpdateServiceAccount, NamingChange>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, change) = granted.parts();
    let changed = engine
        .manage()
        .update_service_account(grant, &call, change.0)
        .await?;
    Reply::json(changed, views::service_account)
}

async fn delete(granted: Granted<Asked<authz::DeleteServiceAccount>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine.manage().delete_service_account(grant, &call).await?;
    Ok(Reply::empty(deleted))
}

async fn list_credentials(
    granted: Granted<Asked<authz::ListAccessCredentials>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine
        .manage()
        .list_access_credentials(grant, &call)
        .await?;
    Reply::json(listed, views::each(views::credential))
}

async fn create_credential(
    granted: Granted<Asked<authz::CreateAccessCredential, NewAccessCredential>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let issued = engine
        .manage()
        .create_access_credential(grant, &call, new.0)
        .await?;
    Ok(Reply::sensitive(issued, views::issued))
}

async fn delete_credential(
    granted: Granted<Asked<authz::DeleteAccessCredential>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let deleted = engine
        .manage()
        .delete_access_credential(grant, &call)
        .await?;
    Ok(Reply::empty(deleted))
}
