//! Why somebody may do something, or what is missing.

use http::{Method, StatusCode};
use strongroom_api::{self as api, RequestError};
use strongroom_authz::{ExplainRights, Permission, ResourceType};
use strongroom_engine::{
    Cut, Explanation, Ground, PolicyFinding, RightsQuestion, Source, Subject, Verdict,
};

use super::super::asked::{Asked, Form};
use super::super::errors::missing;
use super::super::guard::{Granted, Parts};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::views::{named, rule};

/// Adds the route.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(
        Route::new(Method::POST, "/v1/iam/explain", "explainRights")
            .about(
                "Says why the caller or, with the right to read all roles, somebody else may do \
                 something, or what is missing.",
            )
            .takes("Explain")
            .answers(StatusCode::OK, Answer::One("Explanation")),
        explain,
    )
}

async fn explain(granted: Granted<Asked<ExplainRights, RightsQuestion>>) -> Result<Reply, Refusal> {
    let here = granted.project;
    let (engine, call, grant, question) = granted.parts();
    let asked = question.0.clone();
    let explained = engine
        .manage()
        .explain(grant, &call, here, question.0)
        .await?;
    Reply::json(explained, |explanation| shown(explanation, asked))
}

impl Form for RightsQuestion {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::Explain::parse(parts.body)?;
        Ok(Self {
            subject: body.subject.map(|subject| match subject {
                api::Subject::User(user) => Subject::User(user),
                api::Subject::ServiceAccount(account) => Subject::ServiceAccount(account),
            }),
            resource: word(
                "resource",
                &body.resource,
                &ResourceType::ALL.map(ResourceType::as_str),
            )?,
            permission: word(
                "permission",
                &body.permission,
                &Permission::ALL.map(Permission::as_str),
            )?,
            name: body.resource_identity,
            region: body.region,
            project: body.project,
            address: body.client_ip,
            at: body.time,
        })
    }
}

/// One of the words that rules use; `*` is none, as nothing is done to everything.
fn word<T: std::str::FromStr>(
    field: &'static str,
    text: &str,
    known: &[&str],
) -> Result<T, RequestError> {
    text.parse().map_err(|_| RequestError::Word {
        field,
        expected: format!("one of {}", known.join(", ")),
    })
}

fn shown(view: Explanation, asked: RightsQuestion) -> api::Explanation {
    let lacks = view.verdict == Verdict::NoRule;
    let principal = api::ExplainedPrincipal {
        kind: if view.is_user {
            "user"
        } else {
            "service_account"
        }
        .to_owned(),
        identity: view.principal.identity.clone(),
        name: view.principal.name.clone(),
    };
    let cut = view.cut.into_iter();
    api::Explanation {
        allowed: view.verdict.allows(),
        reason: reason(view.verdict).to_owned(),
        message: message(view.verdict, &asked, &principal.name),
        principal,
        resource: asked.resource.as_str().to_owned(),
        permission: asked.permission.as_str().to_owned(),
        resource_identity: asked.name,
        project: view.project.map(named),
        grounds: view
            .grounds
            .into_iter()
            .map(|one| ground(one, None))
            .collect(),
        cut: cut.map(|(one, cut)| ground(one, Some(cut))).collect(),
        missing: lacks.then(|| missing(asked.resource, &[asked.permission])),
        access_policy: view.policy.map(policy),
    }
}

const fn reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Owner => "owner",
        Verdict::Rule => "rule",
        Verdict::NoRule => "no_rule",
        Verdict::CredentialScope => "credential_scope",
        Verdict::AccessPolicy => "access_policy",
        Verdict::KeyPermission => "key_permission",
    }
}

fn message(verdict: Verdict, asked: &RightsQuestion, name: &str) -> String {
    let what = format!("`{}` on `{}`", asked.permission, asked.resource);
    match verdict {
        Verdict::Owner => format!("{name} may {what}: owners hold everything"),
        Verdict::Rule => format!("{name} may {what} by the rules in `grounds`"),
        Verdict::NoRule => format!(
            "{name} may not {what}: no rule that counts allows it; `cut` lists those that would"
        ),
        Verdict::CredentialScope => {
            format!("{name} may not {what} with this credential: its scopes exclude it")
        }
        Verdict::AccessPolicy => format!(
            "{name} may not {what}: the rules allow it, and the secret's own access policy does not"
        ),
        Verdict::KeyPermission => format!(
            "{name} may not {what}: this installation also demands the right on the secret's key"
        ),
    }
}

fn ground(view: Ground, cut: Option<Cut>) -> api::ExplainedRule {
    let source = match view.source {
        Source::OrganisationRole => "organisation_role",
        Source::Policy => "iam_policy",
    };
    let cut_by = cut.map(|cut| match cut {
        Cut::Scopes => "scopes",
        Cut::Expired => "expired",
        Cut::Conditionals => "conditionals",
    });
    api::ExplainedRule {
        source: source.to_owned(),
        role: named(view.role),
        rule: rule(view.rule),
        binding: api::ExplainedBinding {
            identity: view.binding.to_string(),
            name: view.binding_name,
            through_team: view.through_team,
            team: view.team.map(named),
            scopes: view.scopes,
            expires_at: view.expires_at.map(Into::into),
        },
        cut_by: cut_by.map(str::to_owned),
    }
}

fn policy(finding: PolicyFinding) -> api::ExplainedPolicy {
    api::ExplainedPolicy {
        allowed: finding.passes,
        message: finding.why.map(|why| why.to_string()),
        condition: finding.condition,
        statement: finding.statement,
    }
}
