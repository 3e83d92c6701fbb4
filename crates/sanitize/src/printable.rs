//! Foreign text on one line of a terminal or a log.

use std::sync::LazyLock;

use crate::apply::apply_plain;
use crate::hidden::{Place, is_hidden};
use crate::rules::{Action, Rules, Settings};

/// Returns text that is safe to print to a terminal or a log line: C0 and C1 controls, ESC sequences, bidi controls, line separators
/// and everything invisible escaped as `\u{…}`, cut to `chars_max` characters with `…`.
pub fn printable(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars_max));
    let mut chars = 0;
    for c in text.chars() {
        let shown = shown(c);
        let width = shown.chars().count();
        if chars + width > chars_max {
            return cut(line, chars_max);
        }
        line.push_str(&shown);
        chars += width;
    }
    line
}

/// Returns text of a server that is fit for a log: [`printable`], and no secret in it.
pub fn loggable(text: &str, chars_max: usize) -> String {
    static SECRETS: LazyLock<Rules> = LazyLock::new(|| {
        let settings = Settings {
            secrets: Action::Redact,
            ..Settings::off(Place::Metadata)
        };
        Rules::new(settings).expect("no places, so none that is wrong")
    });
    printable(&apply_plain(&SECRETS, text).text, chars_max)
}

fn shown(c: char) -> String {
    let unsafe_here =
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_hidden(c, Place::Metadata);
    match unsafe_here {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    }
}

/// Makes room for the mark that something is missing.
fn cut(line: String, chars_max: usize) -> String {
    let kept = line.chars().take(chars_max.saturating_sub(1));
    kept.chain((chars_max > 0).then_some('…')).collect()
}
