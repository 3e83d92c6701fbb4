//! The first look at a document: whether anything in it could be a find. Most documents end here, unread and uncopied.
//!
//! INVARIANT: where this says quiet, the detectors find nothing. It may say otherwise of a document that is clean.

use crate::fold::{may_look_latin, styled};
use crate::hidden::{Place, is_hidden, is_invisible, is_variation_selector};
use crate::rules::{Detector, Rules};
use crate::scan::suspect;
use crate::sequence::{introduces, is_black_flag};
use crate::unit::{Unit, unit_at};

/// Bytes looked at together.
const BLOCK: usize = 32;
/// No number of a person has fewer digits.
const DIGITS_MIN: u8 = 7;

pub(crate) fn is_quiet(rules: &Rules, json: &str) -> bool {
    let personal = rules.looks_for(Detector::Pii);
    let addresses = personal || rules.looks_for(Detector::Secrets);
    rules.patterns().is_empty()
        && !has_disguise(json)
        && !has_bytes(json.as_bytes(), addresses, personal)
        && !rules.keywords().any(json.as_bytes())
}

/// Whether any character is hidden, or is read otherwise than it is written.
fn has_disguise(json: &str) -> bool {
    let mut at = 0;
    while let Some(next) = suspect(json, at) {
        match unit_at(json, next) {
            Some(Unit::Char(c, len)) => {
                let is_escaped_ascii = c.is_ascii_graphic() && len > 2;
                let is_escaped_letter = may_look_latin(c) && len > 4;
                if is_escaped_ascii || is_escaped_letter || is_disguise(c) {
                    return true;
                }
                at = next + len;
            }
            Some(Unit::Half(_)) => return true,
            // Not JSON, or the end of a text that is not.
            None => return true,
        }
    }
    false
}

fn is_disguise(c: char) -> bool {
    is_hidden(c, Place::Metadata)
        || is_invisible(c)
        || is_variation_selector(c)
        || introduces(c)
        || is_black_flag(c)
        || styled(c).is_some()
}

/// Whether there is an `@`, a crowd of digits, or a Latin letter beside one that only looks so.
fn has_bytes(bytes: &[u8], addresses: bool, personal: bool) -> bool {
    let mut digits_before = 0;
    // The last two bytes of the block before.
    let mut last = [0; 2];
    for block in bytes.chunks(BLOCK) {
        let seen = Seen::of(block);
        if addresses && seen.at > 0
            || personal && seen.digits + digits_before >= DIGITS_MIN
            || (seen.foreign > 0 || last[1] >= 0x80) && has_mixed_word(block, last)
        {
            return true;
        }
        digits_before = seen.digits;
        last = [block[block.len().saturating_sub(2)], block[block.len() - 1]];
    }
    false
}

/// How many bytes of a block are of the sorts that matter.
struct Seen {
    at: u8,
    digits: u8,
    foreign: u8,
}

impl Seen {
    /// Without a branch for each byte: the compiler turns this into vector compares.
    fn of(block: &[u8]) -> Seen {
        let mut seen = Seen {
            at: 0,
            digits: 0,
            foreign: 0,
        };
        for byte in block {
            seen.at += u8::from(*byte == b'@');
            seen.digits += u8::from(byte.wrapping_sub(b'0') < 10);
            seen.foreign += u8::from(*byte >= 0x80);
        }
        seen
    }
}

/// Whether a Greek, Cyrillic or Armenian letter, two bytes long, stands beside an ASCII letter.
fn has_mixed_word(block: &[u8], last: [u8; 2]) -> bool {
    let mut before = last;
    block.iter().any(|byte| {
        let is_behind = may_lead(*byte) && before[1].is_ascii_alphabetic();
        let is_in_front = byte.is_ascii_alphabetic() && may_lead(before[0]) && before[1] >= 0x80;
        before = [before[1], *byte];
        is_behind || is_in_front
    })
}

/// Whether a byte begins a letter of these scripts (U+0370 to U+058F). It begins nothing else and continues nothing.
fn may_lead(byte: u8) -> bool {
    (0xCD..=0xD6).contains(&byte)
}
