//! Finding where JSON strings and values end.
//!
//! Judges nothing: for text that [`crate::scan`] has passed, or that it is about to judge. Positions never leave the text,
//! whatever it holds.

const ONES: u64 = u64::MAX / 0xff;
const HIGH_BITS: u64 = ONES << 7;

/// Strings longer than this are searched in wide steps; for shorter ones setting those up costs more than it saves.
const SHORT: usize = 64;
/// How far a search for control characters looks ahead at a time.
const STEP: usize = 1024;

/// Returns the position of the first quote, backslash or control character from `at` on, or the length when there is none.
pub(crate) fn string_stop(bytes: &[u8], at: usize) -> usize {
    let near = bytes.len().min(at + SHORT);
    let stop = near_stop(&bytes[..near], at);
    if stop < near {
        stop
    } else {
        far_stop(bytes, near)
    }
}

/// The same, word by word.
fn near_stop(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let stops = stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | ..0x20) {
        at += 1;
    }
    at
}

/// The same, in steps the compiler makes wide.
fn far_stop(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        let step = &bytes[at..bytes.len().min(at + STEP)];
        let mark = memchr::memchr2(b'"', b'\\', step).unwrap_or(step.len());
        let controls = step[..mark]
            .iter()
            .fold(false, |any, byte| any | (*byte < 0x20));
        if controls {
            return at
                + step[..mark]
                    .iter()
                    .position(|byte| *byte < 0x20)
                    .unwrap_or(mark);
        }
        at += mark;
        if mark < step.len() {
            break;
        }
    }
    at
}

/// Sets the high bit of each byte that stops a string. Bits above the lowest one may be wrong (a borrow runs upward), the lowest is right.
fn stops(word: u64) -> u64 {
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let quotes = zeros(word ^ (ONES * u64::from(b'"')));
    let backslashes = zeros(word ^ (ONES * u64::from(b'\\')));
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | backslashes | controls) & HIGH_BITS
}

/// Returns the position of the first byte that is not JSON white space (RFC 8259 §2), from `at` on.
pub(crate) fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Returns the position of the quote that closes the string whose content starts at `at`.
pub(crate) fn closing_quote(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = quote_or_backslash(bytes, at);
        match bytes.get(at) {
            Some(b'\\') => at = bytes.len().min(at + 2),
            Some(_) | None => return at,
        }
    }
}

fn quote_or_backslash(bytes: &[u8], at: usize) -> usize {
    let near = bytes.len().min(at.saturating_add(SHORT / 4));
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\');
    match bytes
        .get(at..near)
        .and_then(|near| near.iter().position(is_mark))
    {
        Some(found) => at + found,
        None => {
            memchr::memchr2(b'"', b'\\', &bytes[near..]).map_or(bytes.len(), |found| near + found)
        }
    }
}

/// Returns the position after the value that starts at `at`.
pub(crate) fn value(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => after_string(bytes, at),
        Some(b'{' | b'[') => after_container(bytes, at),
        _ => after_scalar(bytes, at),
    }
}

/// Returns where the member or element after a comma starts, or where `close` stands; `None` when neither follows.
pub(crate) fn separator(bytes: &[u8], at: usize, close: u8) -> Option<usize> {
    let at = space(bytes, at);
    match *bytes.get(at)? {
        b',' => Some(space(bytes, at + 1)),
        byte => (byte == close).then_some(at),
    }
}

/// Returns the position after the token (string, number, word or single mark) that starts at `at`.
pub(crate) fn token(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => after_string(bytes, at),
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => at + 1,
        _ => after_scalar(bytes, at),
    }
}

fn after_string(bytes: &[u8], at: usize) -> usize {
    bytes.len().min(closing_quote(bytes, at + 1) + 1)
}

fn after_container(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = after_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn after_scalar(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len()
        && !matches!(
            bytes[at],
            b',' | b'}' | b']' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t'
        )
    {
        at += 1;
    }
    at
}
