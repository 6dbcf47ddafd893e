//! Tables and lines for people, JSON for programs.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use strongroom_api::Time;

/// Writes rows under a header, in columns without lines.
pub(crate) fn table<const N: usize>(
    output: &mut dyn Write,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| plain(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    writeln!(output, "{}", table.trim_fmt())
}

/// Writes one thing, a field per line; fields without a value are left out.
pub(crate) fn fields(output: &mut dyn Write, fields: &[(&str, String)]) -> io::Result<()> {
    let width = fields.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or(0) + 1;
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(output, "{:width$} {}", format!("{name}:"), plain(value))?;
    }
    Ok(())
}

/// Writes JSON as people read it, with a line break at the end.
pub(crate) fn json<T: Serialize>(output: &mut dyn Write, value: &T) -> io::Result<()> {
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut *output, PrettyFormatter::new());
    value.serialize(&mut serializer)?;
    writeln!(output)
}

/// Foreign text without what could upset a terminal.
fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).collect()
}

/// An instant to the second.
pub(crate) fn instant(time: &Time) -> String {
    time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An instant to the second, or nothing.
pub(crate) fn maybe_instant(time: Option<&Time>) -> String {
    time.map(instant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_blanks_at_their_ends() {
        let mut output = Vec::new();
        let rows = [["/a", "1"], ["/longer", "22"]].map(|row| row.map(str::to_owned));
        table(&mut output, ["PATH", "V"], rows).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "PATH     V\n/a       1\n/longer  22\n");
    }

    #[test]
    fn an_empty_table_is_its_header() {
        let mut output = Vec::new();
        table(&mut output, ["A", "B"], []).unwrap();
        assert_eq!(output, b"A  B\n");
    }

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        let mut output = Vec::new();
        table(&mut output, ["A"], [["\u{1b}[2Jx\ny".to_owned()]]).unwrap();
        fields(&mut output, &[("a", "\u{1b}x".to_owned())]).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn fields_line_up_and_empty_ones_are_left_out() {
        let mut output = Vec::new();
        let all = [("a", "1"), ("none", ""), ("long", "2")].map(|(n, v)| (n, v.to_owned()));
        fields(&mut output, &all).unwrap();
        assert_eq!(output, b"a:    1\nlong: 2\n");
    }

    #[test]
    fn instants_have_seconds() {
        let time: Time = serde_json::from_str("\"2026-01-02T03:04:05.678901Z\"").unwrap();
        assert_eq!(instant(&time), "2026-01-02T03:04:05Z");
        assert_eq!(maybe_instant(None), "");
    }
}
