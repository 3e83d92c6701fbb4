//! One character of a JSON string as it stands in the text: raw, or as an escape (RFC 8259 §7).

/// A character and the bytes it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Char(char, usize),
    /// An escaped half of a surrogate pair without its other half: no character at all.
    Half(usize),
}

impl Unit {
    pub(crate) fn len(self) -> usize {
        match self {
            Unit::Char(_, len) | Unit::Half(len) => len,
        }
    }
}

/// Reads the unit at a byte offset; `None` at the end of the string or of the text, or where the text is not JSON.
pub(crate) fn unit_at(json: &str, at: usize) -> Option<Unit> {
    let first = json[at..].chars().next()?;
    match first {
        '"' => None,
        '\\' => escape_at(json.as_bytes(), at),
        raw => Some(Unit::Char(raw, raw.len_utf8())),
    }
}

/// Reads the units a text begins with, up to the end of the string or of the text. Half a pair reads as U+FFFD.
pub(crate) fn decoded(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(unit) = unit_at(json, at) {
        let (c, len) = match unit {
            Unit::Char(c, len) => (c, len),
            Unit::Half(len) => ('\u{FFFD}', len),
        };
        text.push(c);
        at += len;
    }
    text
}

fn escape_at(bytes: &[u8], at: usize) -> Option<Unit> {
    let plain = match bytes.get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape_at(bytes, at),
        _ => return None,
    };
    Some(Unit::Char(plain, 2))
}

fn unicode_escape_at(bytes: &[u8], at: usize) -> Option<Unit> {
    let code = hex4(bytes, at)?;
    if let Some(c) = char::from_u32(code) {
        return Some(Unit::Char(c, 6));
    }
    let low = hex4(bytes, at + 6).filter(|low| (0xDC00..=0xDFFF).contains(low));
    match low {
        Some(low) if code < 0xDC00 => {
            let whole = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            char::from_u32(whole).map(|c| Unit::Char(c, 12))
        }
        _ => Some(Unit::Half(6)),
    }
}

/// The value of `\uXXXX` at an offset, hex digits in either case.
fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    if !escape.starts_with(b"\\u") {
        return None;
    }
    escape[2..].iter().try_fold(0, |code, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(code * 16 + value)
    })
}
