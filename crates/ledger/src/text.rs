//! Words of strangers: bounded, and without what a terminal or a log reader would act on.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

/// Longer text is cut, and says so with an ellipsis.
pub const TEXT_BYTES_MAX: usize = 2048;

/// A text a record may hold: at most [`TEXT_BYTES_MAX`] bytes, control characters spelled out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    pub fn new(text: impl AsRef<str>) -> Text {
        let text = text.as_ref();
        // An escape is at most ten bytes for a character of two to four: cut before escaping, then once more.
        let shown = printable(head(text, TEXT_BYTES_MAX));
        let kept = head(&shown, TEXT_BYTES_MAX - '…'.len_utf8());
        match kept.len() == shown.len() && shown.len() >= text.len() {
            true => Text(shown.into_owned()),
            false => Text(format!("{kept}…")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

impl<T: AsRef<str>> From<T> for Text {
    fn from(text: T) -> Text {
        Text::new(text)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the text with every acting character spelled out, such as `\u{1b}`: one line, safe on a terminal.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match acts(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Escapes the acting characters of a JSON text; its value stays the same, since they stand in strings only.
pub(crate) fn printable_json(json: String) -> String {
    if !json.contains(acts) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match acts(c) {
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
            false => shown.push(c),
        }
    }
    shown
}

/// Controls, line and paragraph separators, marks that reorder or hide text, and the tag characters.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_spelled_out() {
        let hostile = "a\n{\"level\":\"error\"}\u{1b}[2J\u{2028}\0\u{202e}\u{9b}é";
        let shown = r#"a\u{a}{"level":"error"}\u{1b}[2J\u{2028}\u{0}\u{202e}\u{9b}é"#;
        assert_eq!(Text::new(hostile).as_str(), shown);
        assert_eq!(printable(hostile), shown);
        assert!(matches!(printable("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        for long in ["é".repeat(1 << 20), "\u{1b}".repeat(TEXT_BYTES_MAX)] {
            let text = Text::new(long);
            assert!(text.as_str().len() <= TEXT_BYTES_MAX);
            assert!(text.as_str().ends_with('…'));
        }
        let fits = "x".repeat(TEXT_BYTES_MAX - 3);
        assert_eq!(Text::new(&fits).as_str(), fits);
    }

    #[test]
    fn escaped_json_reads_the_same() {
        let value = serde_json::json!({"a": "\u{7f}\u{2028}\u{e0041}\u{85}é\n"});
        let shown = printable_json(value.to_string());
        assert!(!shown.contains(acts));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }
}
