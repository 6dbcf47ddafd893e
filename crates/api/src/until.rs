//! When something ends: at a time, or after a while (contract 4.4).

use std::time::Duration;

use strongroom_types::Timestamp;

use crate::naming::optional_time;
use crate::object::Object;
use crate::request_error::RequestError;

/// The longest duration: ten years.
const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// When something is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// `expiresAt`.
    At(Timestamp),
    /// `duration`, from the call on.
    For(Duration),
}

impl Until {
    /// The fields `expiresAt` and `duration`, of which one at most may say something.
    pub(crate) fn read(object: &Object<'_>) -> Result<Option<Self>, RequestError> {
        let at = optional_time(object, "expiresAt")?;
        let duration = object.text("duration")?.filter(|text| !text.is_empty());
        match (at, duration) {
            (Some(_), Some(_)) => Err(RequestError::Word {
                field: "duration",
                expected: "left out where expiresAt is given".to_owned(),
            }),
            (Some(at), None) => Ok(Some(Self::At(at))),
            (None, None) => Ok(None),
            (None, Some(text)) => {
                let duration = duration_of(text.as_str());
                let duration = duration.ok_or_else(|| RequestError::Word {
                    field: "duration",
                    expected: "a duration such as 90m, 24h or 7d, at most 3650d".to_owned(),
                })?;
                Ok(Some(Self::For(duration)))
            }
        }
    }
}

/// Whole numbers with a unit each: days, hours, minutes, seconds, as in `1h30m`.
fn duration_of(text: &str) -> Option<Duration> {
    let (mut total, mut rest) = (0u64, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(digits)?;
        let seconds = match unit.chars().next()? {
            'd' => 24 * 60 * 60,
            'h' => 60 * 60,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let part = number.parse::<u64>().ok()?.checked_mul(seconds)?;
        total = total.checked_add(part)?;
        rest = unit.get(1..)?;
    }
    let total = Duration::from_secs(total);
    (!total.is_zero() && total <= LONGEST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, seconds) in [
            ("24h", Some(86_400)),
            ("7d", Some(604_800)),
            ("90m", Some(5_400)),
            ("1h30m", Some(5_400)),
            ("1h0m0s", Some(3_600)),
            ("3650d", Some(315_360_000)),
            ("3651d", None),
            ("0h", None),
            ("h", None),
            ("24", None),
            ("-1h", None),
            ("1.5h", None),
            ("1w", None),
            ("1é", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(duration_of(text), expected, "{text}");
        }
    }

    #[test]
    fn an_end_is_said_in_one_way() {
        let read = |body: &str| Until::read(&Object::parse(body.as_bytes()).unwrap());
        assert_eq!(read(r#"{"expiresAt":null,"duration":""}"#).unwrap(), None);
        let at = read(r#"{"expiresAt":"2026-07-01T10:00:00Z"}"#).unwrap();
        assert_eq!(at, "2026-07-01T10:00:00Z".parse().ok().map(Until::At));
        for body in [
            r#"{"expiresAt":"2026-07-01T10:00:00Z","duration":"1h"}"#,
            r#"{"duration":"soon"}"#,
            r#"{"duration":7}"#,
            r#"{"expiresAt":"soon"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
