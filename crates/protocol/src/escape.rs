//! JSON string escapes (RFC 8259 §7), read and written.

use std::borrow::Cow;

/// Returns the string that the text between two quotes stands for, or `None` when an escape is malformed or a surrogate stands alone.
pub(crate) fn unescape(inner: &str) -> Option<Cow<'_, str>> {
    let Some(mut at) = memchr::memchr(b'\\', inner.as_bytes()) else {
        return Some(Cow::Borrowed(inner));
    };
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        let (character, length) = read(&rest.as_bytes()[at..])?;
        out.push_str(&rest[..at]);
        out.push(character);
        rest = &rest[at + length..];
        match memchr::memchr(b'\\', rest.as_bytes()) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// Reads the escape at the head of `bytes` (its backslash): the character and the length of the escape.
pub(crate) fn read(bytes: &[u8]) -> Option<(char, usize)> {
    let character = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return read_unicode(bytes),
        _ => return None,
    };
    Some((character, 2))
}

fn read_unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = hex4(bytes.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&unit) {
        return char::from_u32(unit).map(|character| (character, 6));
    }
    let low = bytes.get(6..12)?.strip_prefix(b"\\u").and_then(hex4)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
        .map(|character| (character, 12))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// Writes `s` as a JSON string.
pub(crate) fn quote(s: &str) -> String {
    serde_json::to_string(s).expect("strings serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(inner: &str, expected: Option<&str>) {
        assert_eq!(unescape(inner).as_deref(), expected, "{inner}");
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        check("", Some(""));
        check("plain é", Some("plain é"));
        check(r#"\"\\\/\b\f\n\r\t"#, Some("\"\\/\u{8}\u{c}\n\r\t"));
        check(r"a\u0041b\u00e9\u00E9", Some("aAbéé"));
        check(r"\u0000", Some("\0"));
        check(r"\ud83d\ude00!", Some("😀!"));
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for inner in [
            r"\",
            r"\x",
            r"\u",
            r"\u12",
            r"\u12g4",
            r"\u+123",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\n",
            r"\ud83d\u0041",
            r"\ude00",
            r"\ud83d\ud83d",
        ] {
            check(inner, None);
        }
    }
}
