//! `strongroom iam explain`: why somebody may do something, or what is missing.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use strongroom_client::{ExplainedRule, Explanation, RightsQuestion};

use crate::table::{json, maybe_instant, table};
use crate::{CommandError, Connection, Format, Surroundings};

/// Look into who may do what.
#[derive(Debug, Args)]
pub struct IamArgs {
    #[command(subcommand)]
    command: IamCommand,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum IamCommand {
    /// Say why you, or somebody else, may do something, or what is missing.
    Explain(Explain),
}

#[derive(Debug, Args)]
struct Explain {
    /// The type of the thing, such as secret or kms_key.
    #[arg(value_name = "TYPE")]
    resource: String,
    /// What is to be done to it, such as getSecretValue.
    #[arg(value_name = "PERMISSION")]
    permission: String,
    /// The thing: a secret's path, else an identity or slug; any, unless given.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The member whose rights it is about (usr-…).
    #[arg(long, value_name = "IDENTITY", conflicts_with = "service_account")]
    user: Option<String>,
    /// The service account whose rights it is about, by identity or slug.
    #[arg(long, value_name = "REF")]
    service_account: Option<String>,
    /// The address that the call would come from.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// When the call would come, such as 2026-07-01T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl IamArgs {
    pub(crate) async fn execute(
        self,
        surroundings: &mut dyn Surroundings,
    ) -> Result<(), CommandError> {
        let IamCommand::Explain(asked) = self.command;
        let question = RightsQuestion {
            resource: asked.resource,
            permission: asked.permission,
            resource_identity: asked.name,
            user_identity: asked.user,
            service_account_identity: asked.service_account,
            region: self.connection.region().map(ToString::to_string),
            client_ip: asked.from,
            time: asked.at,
        };
        let client = self.connection.client(surroundings)?;
        let explained = client.explain(&question).await?;
        let output = surroundings.output();
        match self.connection.format() {
            Format::Table => write_explanation(output, &explained),
            Format::Json => json(output, &explained),
        }
        .map_err(CommandError::Output)
    }
}

fn write_explanation(output: &mut dyn Write, explained: &Explanation) -> io::Result<()> {
    let answer = if explained.allowed { "yes" } else { "no" };
    writeln!(output, "{answer}: {}", explained.message)?;
    if let Some(why) = explained
        .access_policy
        .as_ref()
        .and_then(|one| one.message.as_ref())
    {
        writeln!(output, "{why}")?;
    }
    let rules: Vec<_> = explained
        .grounds
        .iter()
        .chain(&explained.cut)
        .map(row)
        .collect();
    if rules.is_empty() {
        return Ok(());
    }
    let header = [
        "ROLE",
        "PERMISSIONS",
        "ON",
        "BINDING",
        "TEAM",
        "ENDS",
        "CUT BY",
    ];
    table(output, header, rules)
}

fn row(rule: &ExplainedRule) -> [String; 7] {
    let binding = &rule.binding;
    let team = binding.team.as_ref().map(|team| team.slug.clone());
    let unnamed = if binding.through_team { "(a team)" } else { "" };
    let names = match rule.rule.resource_identities.as_slice() {
        [] => "*".to_owned(),
        some => some.join(", "),
    };
    [
        rule.role.slug.clone(),
        rule.rule.permissions.join(", "),
        names,
        binding.identity.clone(),
        team.unwrap_or_else(|| unnamed.to_owned()),
        maybe_instant(binding.expires_at.as_ref()),
        rule.cut_by.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::{Mock, Scene};

    #[tokio::test]
    async fn the_answer_comes_first_and_then_the_rules() {
        let answer = r#"{"allowed":false,"reason":"no_rule","message":"Ann may not","grounds":[],
            "resource":"secret","permission":"getSecretValue",
            "principal":{"type":"user","identity":"usr-1","name":"Ann"},
            "cut":[{"source":"organisation_role","cutBy":"scopes",
              "role":{"identity":"role-1","name":"App","slug":"app"},
              "rule":{"identity":"rule-1","resources":["secret"],"resourceIdentities":["/a/*"],
                "permissions":["*"]},
              "binding":{"identity":"bind-1","name":"","throughTeam":true,"scopes":["api:read"]}}]}"#;
        let mock = Mock::start(vec![(200, answer.to_owned())]).await;
        let mut scene = Scene::with_stdin(b"");
        let line = [
            "iam",
            "explain",
            "secret",
            "getSecretValue",
            "/a/b",
            "--user",
            "usr-1",
        ];
        mock.run(&line, &mut scene).await.unwrap();
        let text = scene.text().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "no: Ann may not");
        for part in ["app", "/a/*", "bind-1", "(a team)", "scopes"] {
            assert!(lines[2].contains(part), "{text}");
        }
        let requests = mock.requests().await;
        for part in [
            r#""resourceIdentity":"/a/b""#,
            r#""userIdentity":"usr-1""#,
            r#""region":"nl-01""#,
        ] {
            assert!(requests[0].contains(part), "{}", requests[0]);
        }
    }
}
