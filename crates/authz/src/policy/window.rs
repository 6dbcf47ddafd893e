//! Windows of the day.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use strongroom_types::Timestamp;

use super::document::{Node, Object};
use super::error::{PolicyError, PolicyProblem};

/// From the start of one hour of the day to the start of another, by the clocks of a zone.
///
/// The end does not belong to it. Where the end is not after the start, it crosses midnight.
#[derive(Debug, Clone)]
pub(super) struct Window {
    start: i8,
    end: i8,
    zone: TimeZone,
}

impl Window {
    /// A window in either spelling: its hours in the condition itself or under `time`.
    pub(super) fn parse(object: &Object) -> Result<Self, PolicyError> {
        match object.get("time").filter(|node| !node.is_blank()) {
            None => hours(object),
            Some(nested) => {
                if let Some(field) = ["startHour", "endHour", "timezone"]
                    .into_iter()
                    .find(|field| object.get(*field).is_some_and(|node| !node.is_blank()))
                {
                    let problem = PolicyProblem::Repeated { other: "time" };
                    return Err(PolicyError::from(problem).within(field));
                }
                let read = |node: &Node| {
                    let inner = node.object()?;
                    inner.only(&["startHour", "endHour", "timezone"])?;
                    hours(inner)
                };
                read(nested).map_err(|error| error.within("time"))
            }
        }
    }

    /// Whether the clocks of the zone show a time in the window.
    pub(super) fn contains(&self, now: Timestamp) -> bool {
        let hour = self.zone.to_datetime(now).hour();
        if self.start < self.end {
            self.start <= hour && hour < self.end
        } else {
            self.start <= hour || hour < self.end
        }
    }
}

fn hours(object: &Object) -> Result<Window, PolicyError> {
    let start = object.required("startHour", |node| hour(node, 23))?;
    let end = object.required("endHour", |node| hour(node, 24))?;
    if start == end {
        return Err(PolicyError::from(PolicyProblem::EmptyWindow).within("endHour"));
    }
    let zone = match object.get("timezone").filter(|node| !node.is_blank()) {
        None => TimeZone::UTC,
        Some(node) => zone(node).map_err(|error| error.within("timezone"))?,
    };
    Ok(Window { start, end, zone })
}

fn hour(node: &Node, max: i8) -> Result<i8, PolicyError> {
    let problem = || PolicyProblem::Hour { max }.into();
    let Node::Integer(number) = node else {
        return Err(problem());
    };
    i8::try_from(*number)
        .ok()
        .filter(|hour| (0..=max).contains(hour))
        .ok_or_else(problem)
}

/// The zone of this name, from the data that is built in: an answer must not depend on what is
/// installed on a machine.
fn zone(node: &Node) -> Result<TimeZone, PolicyError> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    let zone = ZONES
        .get(node.text()?)
        .map_err(|error| PolicyProblem::Zone(Some(error)))?;
    if zone.is_unknown() {
        return Err(PolicyProblem::Zone(None).into());
    }
    Ok(zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::Offset;

    fn window(start: i8, end: i8, name: &str) -> Window {
        let zone = zone(&Node::Text(name.into())).ok().unwrap();
        Window { start, end, zone }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_follows_the_clocks_of_its_zone() {
        for (window, instant, inside) in [
            (window(8, 18, "UTC"), "2026-03-02T07:59:59.999999Z", false),
            (window(8, 18, "UTC"), "2026-03-02T08:00:00Z", true),
            (window(8, 18, "UTC"), "2026-03-02T17:59:59.999999Z", true),
            (window(8, 18, "UTC"), "2026-03-02T18:00:00Z", false),
            (window(22, 6, "UTC"), "2026-03-02T21:59:59Z", false),
            (window(22, 6, "UTC"), "2026-03-02T22:00:00Z", true),
            (window(22, 6, "UTC"), "2026-03-03T00:00:00Z", true),
            (window(22, 6, "UTC"), "2026-03-03T05:59:59Z", true),
            (window(22, 6, "UTC"), "2026-03-03T06:00:00Z", false),
            (window(22, 0, "UTC"), "2026-03-02T23:59:59Z", true),
            (window(22, 0, "UTC"), "2026-03-03T00:00:00Z", false),
            (window(0, 24, "UTC"), "2026-03-02T23:59:59Z", true),
            (window(0, 24, "UTC"), "2026-03-03T00:00:00Z", true),
            (window(18, 24, "UTC"), "2026-03-02T23:59:59Z", true),
            (window(18, 24, "UTC"), "2026-03-03T00:00:00Z", false),
            // Winter and summer time: the same window is another hour of UTC.
            (
                window(8, 18, "Europe/Amsterdam"),
                "2026-01-15T07:00:00Z",
                true,
            ),
            (
                window(8, 18, "Europe/Amsterdam"),
                "2026-01-15T06:59:59Z",
                false,
            ),
            (
                window(8, 18, "Europe/Amsterdam"),
                "2026-07-15T06:00:00Z",
                true,
            ),
            (
                window(8, 18, "Europe/Amsterdam"),
                "2026-07-15T16:00:00Z",
                false,
            ),
            // The night on which 02:00 becomes 03:00: nobody's clock shows the hour of two.
            (
                window(2, 3, "Europe/Amsterdam"),
                "2026-03-29T00:59:59Z",
                false,
            ),
            (
                window(2, 3, "Europe/Amsterdam"),
                "2026-03-29T01:00:00Z",
                false,
            ),
            (
                window(3, 4, "Europe/Amsterdam"),
                "2026-03-29T01:00:00Z",
                true,
            ),
            // The night on which 03:00 becomes 02:00: the hour of two comes twice.
            (
                window(2, 3, "Europe/Amsterdam"),
                "2026-10-25T00:30:00Z",
                true,
            ),
            (
                window(2, 3, "Europe/Amsterdam"),
                "2026-10-25T01:30:00Z",
                true,
            ),
            (
                window(2, 3, "Europe/Amsterdam"),
                "2026-10-25T02:00:00Z",
                false,
            ),
            // Zones that are not whole hours from UTC.
            (
                window(9, 10, "Asia/Kathmandu"),
                "2026-05-01T03:14:59Z",
                false,
            ),
            (
                window(9, 10, "Asia/Kathmandu"),
                "2026-05-01T03:15:00Z",
                true,
            ),
            (
                window(9, 10, "europe/amsterdam"),
                "2026-01-15T08:00:00Z",
                true,
            ),
        ] {
            assert_eq!(window.contains(at(instant)), inside, "{window:?} {instant}");
        }
    }

    /// The hours of a window, counted off one by one.
    fn counted(start: i8, end: i8) -> Vec<i8> {
        let mut hours = Vec::new();
        let mut hour = start;
        while hour != end % 24 || hours.is_empty() {
            hours.push(hour);
            hour = (hour + 1) % 24;
        }
        hours
    }

    /// Every quarter of an hour of two days around each change of the clocks, and every window.
    #[test]
    fn windows_agree_with_counting_hours_on_a_wall_clock() {
        let days = [
            ("Europe/Amsterdam", "2026-03-28T12:00:00Z"),
            ("Europe/Amsterdam", "2026-10-24T12:00:00Z"),
            ("America/New_York", "2026-03-07T18:00:00Z"),
            ("America/New_York", "2026-10-31T18:00:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
            ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
            ("Pacific/Kiritimati", "2026-06-01T00:00:00Z"),
            ("UTC", "2026-06-01T00:00:00Z"),
        ];
        let windows: Vec<(i8, i8)> = (0..24)
            .flat_map(|start| (0..=24).map(move |end| (start, end)))
            .filter(|(start, end)| start != end)
            .collect();
        for (name, from) in days {
            let zone = window(0, 24, name).zone;
            let from = at(from).as_second();
            // Every minute, with the window that its number picks; every quarter, with all.
            for minute in 0..2 * 24 * 60 {
                let now = Timestamp::from_second(from + i64::from(minute) * 60).unwrap();
                let offset: Offset = zone.to_offset(now);
                let wall = now.as_second() + i64::from(offset.seconds());
                let hour = i8::try_from(wall.rem_euclid(86_400) / 3600).unwrap();
                let picked = usize::try_from(minute).unwrap() * 7 % windows.len();
                let tried = if minute % 15 == 0 {
                    &windows[..]
                } else {
                    &windows[picked..=picked]
                };
                for (start, end) in tried.iter().copied() {
                    let window = Window {
                        start,
                        end,
                        zone: zone.clone(),
                    };
                    let expected = counted(start, end).contains(&hour);
                    assert_eq!(window.contains(now), expected, "{name} {now} {start}-{end}");
                }
            }
        }
    }

    #[test]
    fn counting_hours_counts_right() {
        assert_eq!(counted(22, 2), [22, 23, 0, 1]);
        assert_eq!(counted(8, 10), [8, 9]);
        assert_eq!(counted(22, 24), [22, 23]);
        assert_eq!(counted(22, 0), [22, 23]);
        assert_eq!(counted(0, 24).len(), 24);
    }
}
