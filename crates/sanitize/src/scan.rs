//! The quick scan: runs over everything that cannot begin something hidden, fast enough to be always on.

/// Bytes looked at together.
const BLOCK: usize = 32;

/// Finds the next byte that may begin something hidden, from the start of a character on.
pub(crate) fn suspect(json: &str, from: usize) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        while bytes.get(at..at + BLOCK).is_some_and(is_plain) {
            at += BLOCK;
        }
        let block_end = bytes.len().min(at + BLOCK);
        while at < block_end {
            match innocent(bytes, at) {
                0 => return Some(at),
                len => at += len,
            }
        }
    }
    None
}

/// Whether a block is ASCII without escapes and DEL. No branch per byte: the compiler turns this into vector compares.
fn is_plain(block: &[u8]) -> bool {
    block.iter().fold(true, |plain, byte| {
        plain & (*byte != b'\\') & (*byte < 0x7F)
    })
}

/// The length of a character, or of a short escape of one, that is certainly visible; 0 if it takes a closer look.
fn innocent(bytes: &[u8], at: usize) -> usize {
    if bytes[at] == b'\\' {
        return match bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'n' | b'r' | b't') => 2,
            _ => 0,
        };
    }
    usize::from(INNOCENT[usize::from(bytes[at])])
}

/// By first byte of UTF-8: how long a character is if none that starts so is ever hidden, else 0.
/// Suspects start with C2 (C1 controls), CD, D8, E1, E2, E3, EF, F0 or F3.
const INNOCENT: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte {
            0x00..=0x5B | 0x5D..=0x7E => 1,
            0xC3..=0xCC | 0xCE..=0xD7 | 0xD9..=0xDF => 2,
            0xE0 | 0xE4..=0xEE => 3,
            0xF1 | 0xF2 | 0xF4 => 4,
            _ => 0,
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hidden::{Place, is_hidden, is_variation_selector};
    use crate::sequence::{introduces, is_black_flag};

    #[test]
    fn every_character_that_matters_is_a_suspect() {
        for c in ('\u{7F}'..=char::MAX).filter(|c| *c != '\\') {
            let matters = is_hidden(c, Place::Metadata)
                || is_variation_selector(c)
                || introduces(c)
                || is_black_flag(c);
            let text = c.to_string();
            match suspect(&text, 0) {
                None => assert!(!matters, "{c:?}"),
                Some(at) => assert_eq!(at, 0),
            }
        }
    }

    #[test]
    fn a_suspect_is_found_wherever_it_stands() {
        for before in 0..100 {
            let text = format!(
                "{}\u{202E}{}",
                "aé中\\n"
                    .chars()
                    .cycle()
                    .take(before)
                    .collect::<String>()
                    .replace('\\', "ab"),
                "x".repeat(70)
            );
            assert_eq!(suspect(&text, 0), text.find('\u{202E}'));
            assert_eq!(suspect(&text[..text.find('\u{202E}').unwrap()], 0), None);
        }
    }
}
