//! Characters that pass for ASCII: read as what they look like, so that a disguise does not hide a word.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Returns the ASCII character a styled one stands for: fullwidth, circled, letterlike and mathematical forms (NFKC).
pub(crate) fn styled(c: char) -> Option<char> {
    if let '\u{FF01}'..='\u{FF5E}' = c {
        return char::from_u32(u32::from(c) - 0xFEE0);
    }
    let is_styled =
        matches!(c, '\u{2100}'..='\u{214F}' | '\u{24B6}'..='\u{24E9}' | '\u{1D400}'..='\u{1D7FF}');
    if !is_styled {
        return None;
    }
    only(std::iter::once(c).nfkc()).filter(char::is_ascii_alphanumeric)
}

/// Returns the Latin letter a Greek, Cyrillic or Armenian one is drawn like (UTS #39). Only of use inside a word that
/// is Latin otherwise.
pub(crate) fn lookalike(c: char) -> Option<char> {
    if !may_look_latin(c) {
        return None;
    }
    let mut buffer = [0; 4];
    only(skeleton(c.encode_utf8(&mut buffer))).filter(char::is_ascii_alphabetic)
}

/// Whether a character is of the scripts whose letters are taken for Latin ones.
pub(crate) fn may_look_latin(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{58F}')
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguised_letters_read_as_what_they_look_like() {
        assert_eq!(styled('ｇ'), Some('g'));
        assert_eq!(styled('𝗶'), Some('i'));
        assert_eq!(styled('ⓝ'), Some('n'));
        assert_eq!(styled('é'), None);
        assert_eq!(lookalike('о'), Some('o'));
        assert_eq!(lookalike('ο'), Some('o'));
        assert_eq!(lookalike('ж'), None);
    }
}
