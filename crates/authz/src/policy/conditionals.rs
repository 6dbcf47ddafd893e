//! When and from where an IAM policy counts (contract 4.3).

use std::net::IpAddr;

use strongroom_types::Timestamp;

use super::document::Node;
use super::error::{PolicyError, PolicyProblem};
use super::{AccessPolicy, StatementsMode, conditions_in};

/// The conditions of an IAM policy: `{allowed: […], denied: […]}`.
///
/// Of the allowed ones, where there are any, one must be met; of the denied ones none. A condition
/// on the address of a call whose address is not known counts against it.
#[derive(Debug, Clone)]
pub struct Conditionals(AccessPolicy);

impl Conditionals {
    /// Understands the value of the field `conditionals`. `None` means that there are none: it was
    /// null, `{}`, or held only empty lists.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] names the element and what is wrong with it.
    pub fn parse(document: &str) -> Result<Option<Self>, PolicyError> {
        read(document).map_err(|error| error.within("conditionals"))
    }

    /// The conditions of a policy whose stored ones do not parse any more: they are never met.
    pub const fn unreadable() -> Self {
        Self(AccessPolicy::unreadable())
    }

    /// Whether a call from this address at this time meets them.
    pub fn hold(&self, ip: Option<IpAddr>, now: Timestamp) -> bool {
        !self.0.unreadable && self.0.check_conditions(ip, now).is_ok()
    }
}

fn read(document: &str) -> Result<Option<Conditionals>, PolicyError> {
    if document.len() > AccessPolicy::MAX_DOCUMENT {
        return Err(PolicyProblem::TooLong.into());
    }
    let node = Node::parse(document)?;
    if node.is_null() {
        return Ok(None);
    }
    let conditions = conditions_in(&node)?;
    Ok((!conditions.is_empty()).then(|| {
        Conditionals(AccessPolicy {
            conditions,
            statements: Vec::new(),
            mode: StatementsMode::Enforce,
            unreadable: false,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(document: &str, ip: Option<&str>, at: &str) -> bool {
        let conditionals = Conditionals::parse(document).unwrap().unwrap();
        conditionals.hold(ip.map(|ip| ip.parse().unwrap()), at.parse().unwrap())
    }

    #[test]
    fn one_allowed_condition_must_be_met_and_no_denied_one() {
        const OFFICE: &str = r#"{"allowed":[{"type":"ip","ips":["10.0.0.0/8"]},
            {"type":"time","time":{"startHour":9,"endHour":17,"timezone":"Europe/Amsterdam"}}],
            "denied":[{"type":"ip","ips":["10.6.6.6"]}]}"#;
        for (ip, at, expected) in [
            (Some("10.1.1.1"), "2026-01-15T03:00:00Z", true),
            (Some("10.6.6.6"), "2026-01-15T03:00:00Z", false),
            (Some("192.0.2.1"), "2026-01-15T03:00:00Z", false),
            (Some("192.0.2.1"), "2026-01-15T08:00:00Z", true),
            (Some("192.0.2.1"), "2026-01-15T07:59:59Z", false),
            (Some("192.0.2.1"), "2026-07-15T07:00:00Z", true),
            (Some("10.6.6.6"), "2026-01-15T08:00:00Z", false),
            (None, "2026-01-15T08:00:00Z", false),
        ] {
            assert_eq!(hold(OFFICE, ip, at), expected, "{ip:?} {at}");
        }
        const NOT_FROM_THERE: &str = r#"{"denied":[{"type":"ip","ips":["192.0.2.0/24"]}]}"#;
        assert!(hold(
            NOT_FROM_THERE,
            Some("10.1.1.1"),
            "2026-01-15T03:00:00Z"
        ));
        assert!(!hold(
            NOT_FROM_THERE,
            Some("192.0.2.9"),
            "2026-01-15T03:00:00Z"
        ));
        assert!(!hold(NOT_FROM_THERE, None, "2026-01-15T03:00:00Z"));
    }

    #[test]
    fn nothing_said_is_no_condition_and_nonsense_is_refused_with_its_place() {
        for nothing in ["null", "{}", r#"{"allowed":[],"denied":null}"#] {
            assert!(Conditionals::parse(nothing).unwrap().is_none(), "{nothing}");
        }
        for (document, element) in [
            ("[]", "conditionals"),
            (r#"{"deny":[]}"#, "conditionals"),
            (
                r#"{"allowed":[{"type":"moon"}]}"#,
                "conditionals.allowed[0].type",
            ),
            (
                r#"{"denied":[{"type":"ip","ips":["nowhere"]}]}"#,
                "conditionals.denied[0].ips[0]",
            ),
            (
                r#"{"allowed":[{"type":"time","time":{"startHour":9,"endHour":25}}]}"#,
                "conditionals.allowed[0].time.endHour",
            ),
            (
                r#"{"allowed":[{"type":"time","time":{"startHour":9,"endHour":17,"timezone":"Mars"}}]}"#,
                "conditionals.allowed[0].time.timezone",
            ),
        ] {
            let error = Conditionals::parse(document).unwrap_err();
            assert_eq!(error.element(), element, "{document}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_never_met() {
        let now = "2026-01-15T03:00:00Z".parse().unwrap();
        assert!(!Conditionals::unreadable().hold(Some([10, 0, 0, 1].into()), now));
    }
}
