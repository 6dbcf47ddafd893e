//! Labels and annotations on the command line.

use std::collections::BTreeMap;

use clap::Args;
use strongroom_types::{LabelLimits, Labels};

use crate::InputError;

/// What a new secret or key is given beside its name.
#[derive(Debug, Default, Args)]
pub(crate) struct LabelArgs {
    /// A label; repeat it for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
    /// An annotation; repeat it for more.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    annotation: Vec<(String, String)>,
}

impl LabelArgs {
    /// Labels and annotations. How many there may be, the server says.
    pub(crate) fn read(&self) -> Result<(Labels, Labels), InputError> {
        Ok((
            labels("labels", &self.label)?,
            labels("annotations", &self.annotation)?,
        ))
    }
}

fn labels(which: &'static str, pairs: &[(String, String)]) -> Result<Labels, InputError> {
    let unlimited = LabelLimits {
        entries: usize::MAX,
        key: usize::MAX,
        value: usize::MAX,
    };
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.insert(key.clone(), value.clone()).is_some() {
            let key = key.clone();
            return Err(InputError::LabelTwice { which, key });
        }
    }
    Labels::new(map, &unlimited).map_err(|source| InputError::Labels { which, source })
}

/// Why a text is no label.
#[derive(Debug, thiserror::Error)]
#[error("a label is given as KEY=VALUE, for example team=platform")]
pub(crate) struct NoPair;

/// `key=value`; the value may hold further equals signs.
pub(crate) fn pair(text: &str) -> Result<(String, String), NoPair> {
    let (key, value) = text.split_once('=').ok_or(NoPair)?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[&str]) -> Result<Labels, InputError> {
        let label = pairs.iter().map(|text| pair(text).unwrap()).collect();
        let annotation = Vec::new();
        LabelArgs { label, annotation }
            .read()
            .map(|(labels, _)| labels)
    }

    #[test]
    fn a_pair_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(pair("a=").unwrap(), ("a".to_owned(), String::new()));
        assert!(pair("a").is_err());
    }

    #[test]
    fn doubles_and_control_characters_are_refused() {
        assert_eq!(read(&["a=1", "b=2"]).unwrap().as_map().len(), 2);
        assert!(matches!(
            read(&["a=1", "a=2"]),
            Err(InputError::LabelTwice { .. })
        ));
        assert!(matches!(read(&["=1"]), Err(InputError::Labels { .. })));
        assert!(matches!(
            read(&["a=\u{1b}"]),
            Err(InputError::Labels { .. })
        ));
    }
}
