//! Reading the configuration.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat};

use super::{Config, Contradictions};

/// The prefix of environment variables that override the file.
pub(super) const PREFIX: &str = "STRONGROOM";
/// What stands between the parts of a key in the environment.
pub(super) const SEPARATOR: &str = "__";
/// Keys that hold a list, which the environment gives separated by commas.
const LISTS: [&str; 1] = ["proxies.trusted"];

/// The configuration could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("the configuration file {} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key is unknown, or a value is not what the key takes.
    #[error(
        "the configuration is not valid; `strongroom config` prints every key with its meaning"
    )]
    Invalid(#[source] Box<config::ConfigError>),
    /// Settings that cannot stand together.
    #[error(transparent)]
    Contradictory(#[from] Contradictions),
}

impl Config {
    /// Reads the file, lets the variables override it, and checks the whole.
    ///
    /// The environment is an argument: only variables that begin with `STRONGROOM__` count.
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, environment)
    }

    /// Like [`Config::load`], from the text of a file.
    pub fn parse(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LoadError> {
        let variables: HashMap<String, String> = environment.into_iter().collect();
        let mut overrides = Environment::with_prefix(PREFIX)
            .separator(SEPARATOR)
            .prefix_separator(SEPARATOR)
            .list_separator(",")
            .try_parsing(true)
            .source(Some(variables));
        for key in LISTS {
            overrides = overrides.with_list_parse_key(key);
        }
        let config: Self = config::Config::builder()
            .add_source(File::from_str(text, FileFormat::Toml))
            .add_source(overrides)
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|source| LoadError::Invalid(Box::new(source)))?;
        config.check()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::config::{Encoding, Provider, TlsVersion};

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, LoadError> {
        Config::parse(
            text,
            variables
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        )
    }

    fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
        let error = parse(text, variables).unwrap_err();
        assert!(matches!(error, LoadError::Invalid(_)), "{error:?}");
        error.source().unwrap().to_string()
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(parse("", &[]).unwrap(), Config::default());
    }

    #[test]
    fn the_file_overrides_the_defaults_and_the_environment_overrides_the_file() {
        let file = "
            [server]
            listen = \"127.0.0.1:1\"
            [values]
            encoding = \"lenient\"
            [tls]
            minimum_version = \"1.3\"
            [limits]
            connections = 5
        ";
        let config = parse(
            file,
            &[
                ("STRONGROOM__SERVER__LISTEN", "127.0.0.1:2"),
                ("STRONGROOM__ROOT_KEY__PROVIDER", "environment"),
                ("STRONGROOM__LIMITS__IDLE_SECONDS", "7"),
                ("STRONGROOM__TRACING__SAMPLE_RATIO", "0.5"),
                ("STRONGROOM__PROXIES__TRUSTED", "10.0.0.0/8,192.0.2.1"),
                ("STRONGROOM_ROOT_KEY", "not a setting"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.values.encoding, Encoding::Lenient);
        assert_eq!(config.tls.minimum_version, TlsVersion::Tls13);
        assert_eq!(config.root_key.provider, Provider::Environment);
        assert_eq!(
            (config.limits.connections, config.limits.idle_seconds),
            (5, 7)
        );
        assert!((config.tracing.sample_ratio - 0.5).abs() < f64::EPSILON);
        assert_eq!(config.proxies.trusted.len(), 2);
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused_by_name() {
        for (text, variables, named) in [
            ("[server]\nlisten_on = \"x\"", &[] as &[_], "listen_on"),
            ("[sever]\nlisten = \"x\"", &[], "sever"),
            ("[[regions]]\nslug = \"a\"\nkmss = true", &[], "kmss"),
            ("", &[("STRONGROOM__LIMITS__CONECTIONS", "3")], "conections"),
        ] {
            let message = refusal(text, variables);
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_by_name() {
        for (text, named) in [
            ("[limits]\nconnections = \"many\"", "connections"),
            ("[server]\nlisten = \"localhost\"", "listen"),
            ("[proxies]\ntrusted = [\"10.0.0.0/99\"]", "10.0.0.0/99"),
            ("[logging]\nlevel = \"loud\"", "loud"),
        ] {
            let message = refusal(text, &[]);
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::load(Path::new("no/such/file.toml"), []).unwrap_err();
        assert!(error.to_string().contains("no/such/file.toml"), "{error}");
    }

    #[test]
    fn contradictions_are_found_on_loading() {
        let error = parse("[tls]\nkey = \"k.pem\"", &[]).unwrap_err();
        assert!(matches!(error, LoadError::Contradictory(_)), "{error:?}");
    }
}
