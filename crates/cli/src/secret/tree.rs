//! Secrets as a tree.

use std::collections::BTreeMap;
use std::io::{self, Write};

use strongroom_client::{Directory, Secret};

/// A directory; a secret and a directory may share a name.
#[derive(Default)]
struct Node<'a> {
    secrets: Vec<&'a str>,
    children: BTreeMap<&'a str, Node<'a>>,
}

/// Writes the secrets below a directory, each level indented by two.
pub(super) fn write_tree(
    output: &mut dyn Write,
    directory: &Directory,
    secrets: &[Secret],
) -> io::Result<()> {
    let mut root = Node::default();
    let below = secrets
        .iter()
        .filter_map(|secret| secret.path.strip_prefix(directory.as_str()));
    for path in below {
        let mut node = &mut root;
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
            node = node.children.entry(parent).or_default();
        }
        node.secrets.push(name);
    }
    writeln!(output, "{directory}")?;
    root.write(output, 1)
}

impl Node<'_> {
    fn write(&self, output: &mut dyn Write, depth: usize) -> io::Result<()> {
        let indent = "  ".repeat(depth);
        for name in &self.secrets {
            writeln!(output, "{indent}{name}")?;
        }
        for (name, child) in &self.children {
            writeln!(output, "{indent}{name}/")?;
            child.write(output, depth + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::secret_at;

    fn tree(directory: &str, paths: &[&str]) -> String {
        let secrets: Vec<Secret> = paths.iter().map(|path| secret_at(path)).collect();
        let mut output = Vec::new();
        write_tree(&mut output, &directory.parse().unwrap(), &secrets).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn levels_are_indented() {
        let paths = [
            "/app/db",
            "/app/db/password",
            "/app/db/user",
            "/app/x/y/z",
            "/top",
        ];
        assert_eq!(
            tree("/", &paths),
            "/\n  top\n  app/\n    db\n    db/\n      password\n      user\n    x/\n      y/\n        z\n"
        );
        assert_eq!(tree("/app/x", &paths), "/app/x/\n  y/\n    z\n");
    }

    #[test]
    fn nothing_is_an_empty_tree() {
        assert_eq!(tree("/none", &[]), "/none/\n");
    }
}
