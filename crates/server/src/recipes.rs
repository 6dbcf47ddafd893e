//! The recipes: how to use the service with curl, one after the other.
//!
//! `strongroom dev` prints them filled in; `README.md` shows them with shell variables. Both come
//! from here, so that neither promises what the other does not do.

use std::fmt::Write;

/// One thing to do.
struct Recipe {
    /// What it does.
    title: &'static str,
    /// The command, with `$ENDPOINT`, `$TOKEN`, `$ORGANISATION` and `$KMS_KEY`.
    command: &'static str,
}

/// Create, reveal, add a version, reveal a version, destroy, browse, policy: in an order in which
/// each works after the ones before it.
const RECIPES: [Recipe; 8] = [
    Recipe {
        title: "Create a secret. Values travel as base64.",
        command: r#"curl -sS -X POST "$ENDPOINT/v1/secrets/nl-01/secrets" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION" \
  -H "Content-Type: application/json" \
  --data @- <<END
{
  "path": "/app/production/db-password",
  "description": "Password of the production database",
  "kmsKeyIdentity": "$KMS_KEY",
  "secretString": "$(printf %s 'correct horse' | base64 -w0)"
}
END"#,
    },
    Recipe {
        title: "Reveal its current value.",
        command: r#"curl -sS -X POST "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password/value" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION""#,
    },
    Recipe {
        title: "Add a version. It becomes the current one; the earlier one stays readable.",
        command: r#"curl -sS -X POST "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password/versions" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION" \
  -H "Content-Type: application/json" \
  --data @- <<END
{"secretString": "$(printf %s 'battery staple' | base64 -w0)"}
END"#,
    },
    Recipe {
        title: "Reveal one version.",
        command: r#"curl -sS -X POST "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password/value" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION" \
  -H "Content-Type: application/json" \
  --data '{"version": 1}'"#,
    },
    Recipe {
        title: "Browse a directory. Values are never part of it.",
        command: r#"curl -sS -G "$ENDPOINT/v1/secrets/nl-01/secrets" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION" \
  --data-urlencode "path=/app/production/""#,
    },
    Recipe {
        title: "Let its values be read and written from this machine only.",
        command: r#"curl -sS -X PUT "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password/policy" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION" \
  -H "Content-Type: application/json" \
  --data '{"accessPolicy": {"conditions": [{"type": "ip", "effect": "allow", "cidrs": ["127.0.0.0/8", "::1/128"]}]}}'"#,
    },
    Recipe {
        title: "Destroy a version for good. Its place in the history stays.",
        command: r#"curl -sS -X DELETE "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password/versions?version=1" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION""#,
    },
    Recipe {
        title: "Delete the secret with all its versions.",
        command: r#"curl -sS -X DELETE "$ENDPOINT/v1/secrets/nl-01/secret/app/production/db-password" \
  -H "Authorization: Bearer $TOKEN" \
  -H "X-Organisation-Identity: $ORGANISATION""#,
    },
];

/// What the placeholders stand for.
#[derive(Clone, Copy)]
pub struct Filling<'a> {
    /// Where the server is, such as `http://127.0.0.1:8460`.
    pub endpoint: &'a str,
    /// A token that may do all this.
    pub token: &'a str,
    /// The organisation, by identity or slug.
    pub organisation: &'a str,
    /// An active symmetric key.
    pub kms_key: &'a str,
}

/// For the README: Markdown, with the shell variables that `dev` says how to set.
pub fn markdown() -> String {
    let mut text = String::new();
    for Recipe { title, command } in &RECIPES {
        if !text.is_empty() {
            text.push('\n');
        }
        let _infallible = write!(text, "{title}\n\n```sh\n{command}\n```\n");
    }
    text
}

/// For the terminal: shell commands that work as pasted, each under a comment.
pub fn filled(filling: Filling<'_>) -> String {
    let mut text = String::new();
    for Recipe { title, command } in &RECIPES {
        let command = command
            .replace("$ENDPOINT", filling.endpoint)
            .replace("$TOKEN", filling.token)
            .replace("$ORGANISATION", filling.organisation)
            .replace("$KMS_KEY", filling.kms_key);
        let _infallible = write!(text, "\n# {title}\n{command}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_shows_the_recipes_as_they_are() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
        let readme = std::fs::read_to_string(page).unwrap();
        assert!(
            readme.contains(&markdown()),
            "README.md does not contain the recipes verbatim; run: cargo xtask docs"
        );
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        let text = filled(Filling {
            endpoint: "http://127.0.0.1:1",
            token: "the-token",
            organisation: "the-organisation",
            kms_key: "the-key",
        });
        for word in [
            "http://127.0.0.1:1/v1",
            "the-token",
            "the-organisation",
            "the-key",
        ] {
            assert!(text.contains(word), "{word}");
        }
        let unfilled = text.replace("$(printf", "(printf");
        assert!(!unfilled.contains('$'), "{unfilled}");
    }

    #[test]
    fn every_command_is_authenticated() {
        for recipe in &RECIPES {
            assert!(recipe.command.contains("Bearer $TOKEN"), "{}", recipe.title);
            assert!(recipe.command.contains("$ORGANISATION"), "{}", recipe.title);
        }
    }
}
