//! Printing: results to standard output, remarks to standard error, and nothing foreign that a terminal would obey.

use std::io::{IsTerminal, Write, stderr, stdout};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use wardgate_sanitize::printable;

/// Characters of one line of foreign text on a terminal.
const LINE_CHARS_MAX: usize = 4000;

/// Says whether a person looks at standard output.
pub fn to_terminal() -> bool {
    stdout().is_terminal()
}

/// Returns the columns of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(stdout())
        .ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0)
}

/// A table under this header, as wide as the terminal.
pub fn table(header: impl IntoIterator<Item = impl Into<Cell>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = terminal_width() {
        table.set_width(width);
    }
    table.set_header(header.into_iter().map(Into::into).collect::<Vec<Cell>>());
    table
}

/// Says whether standard error may be coloured (<https://no-color.org>).
pub fn in_colour() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes one line to standard output.
///
/// # Errors
/// When it cannot be written. A reader that has left (`wardgate … | head`) is no error.
pub fn line(text: &str) -> std::io::Result<()> {
    match writeln!(stdout(), "{text}") {
        Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a value as JSON: indented for a person, on one line for a program.
///
/// # Errors
/// When it cannot be written.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = if to_terminal() {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    Ok(line(&text)?)
}

/// Returns foreign text as it may be shown: on a terminal control sequences are spelled out, in a pipe nothing is changed.
pub fn foreign(text: &str) -> String {
    if !to_terminal() {
        return text.to_owned();
    }
    text.lines()
        .map(|line| printable(&line.replace('\t', "    "), LINE_CHARS_MAX))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns foreign text that somebody decides on: all of it, and whatever hides spelled out, in a pipe as well.
pub fn whole(text: &str) -> String {
    printable(text, usize::MAX)
}

/// Returns foreign text as one short line.
pub fn brief(text: &str, chars_max: usize) -> String {
    printable(
        &text.split_whitespace().collect::<Vec<_>>().join(" "),
        chars_max,
    )
}
