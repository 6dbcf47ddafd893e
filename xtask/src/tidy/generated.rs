//! The generated parts of the documents are what the code says now.

use super::Finding;
use crate::docs::{self, DocsError, Rendered};
use crate::workspace::Workspace;

/// Renders every generated document and compares it with what is on disk.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>, DocsError> {
    Ok(docs::render(workspace)?.iter().filter_map(stale).collect())
}

fn stale(document: &Rendered) -> Option<Finding> {
    let old = document.on_disk.as_deref();
    if old == Some(document.text.as_str()) {
        return None;
    }
    let differs = |(_, (old, new)): &(usize, (&str, &str))| old != new;
    let pairs = old.unwrap_or_default().lines().zip(document.text.lines());
    let line = pairs.enumerate().find(differs).map(|(index, _)| index + 1);
    let message = "is not what the code says now; run cargo xtask docs".to_owned();
    Some(Finding::broken(&document.path, line, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(on_disk: Option<&str>) -> Option<Option<usize>> {
        let document = Rendered {
            path: "docs/a.md".to_owned(),
            text: "a\nb\n".to_owned(),
            on_disk: on_disk.map(str::to_owned),
        };
        stale(&document).map(|finding| finding.line)
    }

    #[test]
    fn a_document_that_is_up_to_date_passes() {
        assert_eq!(found(Some("a\nb\n")), None);
    }

    #[test]
    fn a_stale_or_missing_document_is_found() {
        assert_eq!(found(Some("a\nc\n")), Some(Some(2)));
        assert_eq!(found(Some("a\n")), Some(None));
        assert_eq!(found(None), Some(None));
    }
}
