//! Diagnostics as text for a terminal or a log, in the shape compilers use.

use std::fmt::Write;

use crate::diagnostic::{Diagnostic, Severity};

const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const BLUE: &str = "\u{1b}[1;34m";

/// Renders findings one after another with a blank line between them; `colour` adds terminal colours.
pub fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        one(&mut out, diagnostic, colour);
        out.push('\n');
    }
    out
}

fn one(out: &mut String, diagnostic: &Diagnostic, colour: bool) {
    let paint = |style: &str, text: String| {
        if colour {
            format!("{style}{text}{RESET}")
        } else {
            text
        }
    };
    let (word, style) = match diagnostic.severity {
        Severity::Error => ("error", "\u{1b}[1;31m"),
        Severity::Warning => ("warning", "\u{1b}[1;33m"),
        Severity::Note => ("note", "\u{1b}[1;36m"),
    };
    let head = paint(style, format!("{word}[{}]", diagnostic.code));
    push(
        out,
        format_args!(
            "{head}{}\n",
            paint(BOLD, format!(": {}", visible(&diagnostic.message)))
        ),
    );
    if let Some(place) = &diagnostic.place {
        let gutter = " ".repeat(place.line.to_string().len());
        let (bar, arrow) = (paint(BLUE, "|".into()), paint(BLUE, "-->".into()));
        push(
            out,
            format_args!(
                "{gutter}{arrow} {}:{}:{}\n",
                place.file, place.line, place.column
            ),
        );
        push(out, format_args!("{gutter} {bar}\n"));
        push(
            out,
            format_args!(
                "{} {bar} {}\n",
                paint(BLUE, place.line.to_string()),
                visible(&place.text)
            ),
        );
        let carets = paint(style, "^".repeat(place.width));
        push(
            out,
            format_args!("{gutter} {bar} {}{carets}\n", " ".repeat(place.column - 1)),
        );
    }
    if let Some(hint) = &diagnostic.hint {
        push(
            out,
            format_args!("{}: {}\n", paint(BOLD, "hint".into()), visible(hint)),
        );
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a string does not fail");
}

/// Replaces control characters (a tab by one space, so that columns stay), which a terminal would obey.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
