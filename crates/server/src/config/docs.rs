//! The documentation of the configuration, rendered from the code.

use std::fmt::Write;

use super::load::{PREFIX, SEPARATOR};
use super::section::{KeyDoc, Section, joined};
use super::{
    Audit, Federation, Issuer, Kms, Limits, Logging, Memory, Metrics, Proxies, Quotas, Region,
    RootKey, Server, Store, Tls, Tokens, Tracing, Values,
};

/// One section, ready to be written down.
struct Chapter {
    name: &'static str,
    about: &'static [&'static str],
    /// Each key with its default, as TOML writes it.
    keys: Vec<(&'static KeyDoc, Option<String>)>,
    /// Whether it is a table that may come several times.
    repeated: bool,
}

impl Chapter {
    fn of<S: Section>(name: &'static str) -> Self {
        let defaults = toml::Table::try_from(S::default()).unwrap_or_default();
        let keys = S::KEYS
            .iter()
            .map(|key| (key, defaults.get(key.name).map(ToString::to_string)))
            .collect();
        Self {
            name,
            about: S::ABOUT,
            keys,
            repeated: false,
        }
    }
}

/// Every section, in the order of [`super::Config`].
fn chapters() -> [Chapter; 18] {
    [
        Chapter::of::<Server>("server"),
        Chapter::of::<Tls>("tls"),
        Chapter::of::<Limits>("limits"),
        Chapter::of::<Store>("store"),
        Chapter::of::<RootKey>("root_key"),
        Chapter::of::<Memory>("memory"),
        Chapter::of::<Audit>("audit"),
        Chapter::of::<Logging>("logging"),
        Chapter::of::<Tracing>("tracing"),
        Chapter::of::<Metrics>("metrics"),
        Chapter::of::<Values>("values"),
        Chapter::of::<Kms>("kms"),
        Chapter::of::<Tokens>("tokens"),
        Chapter::of::<Federation>("federation"),
        Chapter::of::<Issuer>("issuer"),
        Chapter::of::<Quotas>("quotas"),
        Chapter::of::<Proxies>("proxies"),
        Chapter {
            repeated: true,
            ..Chapter::of::<Region>("regions")
        },
    ]
}

/// `docs/configuration.md`: one table for each section.
pub fn reference() -> String {
    let mut page = format!(
        "# Configuration\n\n\
         <!-- Rendered from the code (`strongroom config-docs`); edit the doc comments there. -->\n\n\
         `strongroom server --config FILE` reads one TOML file. A key that is not listed here is \
         refused.\nThe environment overrides the file: `{PREFIX}{SEPARATOR}SERVER{SEPARATOR}LISTEN` \
         sets `server.listen`; a list is separated by commas. `strongroom dev` takes the same variables.\n\
         `strongroom server --config FILE --check` checks a file without starting;\n\
         `strongroom config` prints an annotated example with every default.\n"
    );
    for chapter in chapters() {
        let heading = if chapter.repeated {
            format!("[[{}]]", chapter.name)
        } else {
            format!("[{}]", chapter.name)
        };
        let _infallible = write!(
            page,
            "\n## `{heading}`\n\n{}\n\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n",
            joined(chapter.about)
        );
        for (key, default) in &chapter.keys {
            let default = match default {
                Some(default) => format!("`{default}`"),
                None => "–".to_owned(),
            };
            let _infallible = writeln!(
                page,
                "| `{}` | {}{} | {default} | {} |",
                key.name,
                key.kind,
                if key.optional { ", optional" } else { "" },
                key.paragraph().replace('|', "\\|"),
            );
        }
    }
    page
}

/// A configuration file with every key, its meaning and its default. It parses to the default.
pub fn annotated_example() -> String {
    let mut file = String::from(
        "# Strongroom's configuration, with every key at its default.\n\
         # Keys that have no default are commented out.\n",
    );
    for chapter in chapters() {
        file.push('\n');
        comment(&mut file, &joined(chapter.about));
        let _infallible = if chapter.repeated {
            writeln!(file, "[[{}]]", chapter.name)
        } else {
            writeln!(file, "[{}]", chapter.name)
        };
        for (key, default) in &chapter.keys {
            comment(&mut file, &format!("{} ({})", key.paragraph(), key.kind));
            let _infallible = match default {
                Some(default) => writeln!(file, "{} = {default}", key.name),
                None => writeln!(file, "# {} = {}", key.name, key.example),
            };
        }
    }
    file
}

/// Writes text as comment lines of at most a hundred characters.
fn comment(file: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 98 {
            file.push_str(&line);
            file.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    file.push_str(&line);
    file.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_key_of_the_default_is_documented_and_every_documented_key_exists() {
        let default = toml::Table::try_from(Config::default()).unwrap();
        let chapters = chapters();
        assert_eq!(default.len(), chapters.len());
        for chapter in &chapters {
            let section = match &default[chapter.name] {
                toml::Value::Array(regions) => regions[0].as_table().unwrap().clone(),
                section => section.as_table().unwrap().clone(),
            };
            for key in section.keys() {
                let known = chapter.keys.iter().any(|(doc, _)| doc.name == key);
                assert!(known, "{}.{key} is not documented", chapter.name);
            }
            for (key, default) in &chapter.keys {
                assert!(key.paragraph().len() > 10, "{}.{}", chapter.name, key.name);
                assert_eq!(
                    default.is_none(),
                    key.optional,
                    "{}.{}",
                    chapter.name,
                    key.name
                );
            }
        }
    }

    #[test]
    fn the_example_is_the_default() {
        let parsed = Config::parse(&annotated_example(), []).unwrap();
        assert_eq!(parsed, Config::default());
    }

    #[test]
    fn what_the_example_comments_out_is_valid_too() {
        for chapter in chapters() {
            for (key, _) in chapter.keys.iter().filter(|(_, default)| default.is_none()) {
                let line = format!("x = {}", key.example);
                assert!(
                    line.parse::<toml::Table>().is_ok(),
                    "{}.{}",
                    chapter.name,
                    key.name
                );
            }
        }
    }

    #[test]
    fn the_reference_has_a_row_for_every_key() {
        let page = reference();
        for chapter in chapters() {
            assert!(page.contains(&format!("[{}]", chapter.name)));
            for (key, _) in &chapter.keys {
                assert!(
                    page.contains(&format!("| `{}` |", key.name)),
                    "{}",
                    key.name
                );
            }
        }
    }
}
