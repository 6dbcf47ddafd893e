//! Conditions: from where and when.

use std::net::IpAddr;

use ipnet::IpNet;
use strongroom_types::Timestamp;

use super::document::{Node, Object};
use super::error::{PolicyError, PolicyProblem};
use super::window::Window;
use super::{AccessPolicy, Effect};

/// One condition.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) effect: Effect,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    /// The client's address lies in one of these ranges.
    Address(Vec<IpNet>),
    /// The time of day lies in this window.
    Time(Window),
}

impl Condition {
    /// A condition in either spelling: `cidrs` or `ips`, hours in the condition or under `time`.
    /// `effect` is given where the surrounding list says it.
    pub(super) fn parse(node: &Node, effect: Option<Effect>) -> Result<Self, PolicyError> {
        let object = node.object()?;
        let effect = match effect {
            Some(effect) => {
                object.only(&[
                    "type",
                    "cidrs",
                    "ips",
                    "startHour",
                    "endHour",
                    "timezone",
                    "time",
                ])?;
                effect
            }
            None => {
                object.only(&[
                    "type",
                    "effect",
                    "cidrs",
                    "ips",
                    "startHour",
                    "endHour",
                    "timezone",
                    "time",
                ])?;
                object.required("effect", Effect::parse)?
            }
        };
        let is_time = object.required("type", |node| match node.text()? {
            "ip" => Ok(false),
            "time" => Ok(true),
            _ => Err(PolicyProblem::ConditionType.into()),
        })?;
        let test = if is_time {
            without(object, &["cidrs", "ips"], "ip")?;
            Test::Time(Window::parse(object)?)
        } else {
            without(
                object,
                &["startHour", "endHour", "timezone", "time"],
                "time",
            )?;
            Test::Address(addresses(object)?)
        };
        Ok(Self { effect, test })
    }

    /// Whether the call meets the condition; `None` if that cannot be known.
    pub(super) fn matches(&self, ip: Option<IpAddr>, now: Timestamp) -> Option<bool> {
        match &self.test {
            Test::Address(ranges) => {
                let ip = ip?.to_canonical();
                Some(ranges.iter().any(|range| range.contains(&ip)))
            }
            Test::Time(window) => Some(window.contains(now)),
        }
    }
}

/// Refuses fields that mean something in the other type of condition.
fn without(
    object: &Object,
    fields: &[&'static str],
    owner: &'static str,
) -> Result<(), PolicyError> {
    match fields
        .iter()
        .find(|field| object.get(**field).is_some_and(|node| !node.is_blank()))
    {
        None => Ok(()),
        Some(field) => Err(PolicyError::from(PolicyProblem::ForeignField { owner }).within(field)),
    }
}

fn addresses(object: &Object) -> Result<Vec<IpNet>, PolicyError> {
    let mut ranges = object.list("cidrs", AccessPolicy::MAX_ENTRIES, address)?;
    let others = object.list("ips", AccessPolicy::MAX_ENTRIES, address)?;
    if ranges.is_empty() {
        ranges = others;
    } else if !others.is_empty() {
        return Err(PolicyError::from(PolicyProblem::Repeated { other: "cidrs" }).within("ips"));
    }
    if ranges.is_empty() {
        let field = if object.contains_key("ips") {
            "ips"
        } else {
            "cidrs"
        };
        return Err(PolicyError::from(PolicyProblem::Empty).within(field));
    }
    Ok(ranges)
}

/// A range, or an address as the range of itself alone. IPv4 in the clothes of IPv6 is IPv4.
fn address(node: &Node) -> Result<IpNet, PolicyError> {
    let text = node.text()?;
    let range = match text.parse::<IpNet>() {
        Ok(range) => range,
        Err(_) => text
            .parse::<IpAddr>()
            .map(IpNet::from)
            .map_err(|_| PolicyProblem::Address)?,
    };
    let IpNet::V6(wide) = range else {
        return Ok(range);
    };
    let Some(mapped) = wide.addr().to_ipv4_mapped() else {
        return Ok(range);
    };
    let length = wide.prefix_len().checked_sub(96);
    length
        .and_then(|length| IpNet::new(mapped.into(), length).ok())
        .ok_or_else(|| PolicyProblem::MappedRange.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn ranges_hold_addresses_in_either_clothing() {
        for (range, ip, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("::ffff:0.0.0.0/96", "203.0.113.9", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.9", false),
        ] {
            let condition = Condition {
                effect: Effect::Allow,
                test: Test::Address(vec![address(&Node::Text(range.into())).ok().unwrap()]),
            };
            assert_eq!(
                condition.matches(Some(ip.parse().unwrap()), Timestamp::UNIX_EPOCH),
                Some(inside),
                "{range} holds {ip}"
            );
            assert_eq!(condition.matches(None, Timestamp::UNIX_EPOCH), None);
        }
    }
}
