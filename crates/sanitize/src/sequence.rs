//! Runs of characters that mean something together: terminal control sequences and flag emoji.
//!
//! Every run ends at the end of its JSON string at the latest, and a control sequence at the next control character
//! or after `SEQUENCE_BYTES_MAX`, so that who reads a text in pieces knows how far ahead to read.

use crate::hidden::is_control;
use crate::unit::{Unit, unit_at};

/// The longest control sequence, in bytes of JSON text: room for a link with a long address. A longer one is broken.
pub(crate) const SEQUENCE_BYTES_MAX: usize = 4096;

const BEL: char = '\u{7}';
const ESC: char = '\u{1B}';
const CSI: char = '\u{9B}';
const ST: char = '\u{9C}';
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';

/// A run of characters: how many, and the bytes they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) chars: usize,
    pub(crate) bytes: usize,
}

/// A cursor over the characters of one JSON string.
struct Ahead<'j> {
    json: &'j str,
    at: usize,
    run: Run,
}

impl Ahead<'_> {
    fn next(&mut self) -> Option<char> {
        let Some(Unit::Char(c, len)) = unit_at(self.json, self.at) else {
            return None;
        };
        self.at += len;
        self.run.chars += 1;
        self.run.bytes += len;
        (self.run.bytes <= SEQUENCE_BYTES_MAX).then_some(c)
    }
}

/// The whole control sequence that starts at an offset, if one starts there and is complete (ECMA-48 §5.4, §5.6).
pub(crate) fn control_sequence(json: &str, at: usize) -> Option<Run> {
    let mut ahead = Ahead {
        json,
        at,
        run: Run::default(),
    };
    let introducer = match ahead.next()? {
        ESC => ahead.next()?,
        // A C1 control is the same as ESC and the character 0x40 below it.
        c1 @ '\u{80}'..='\u{9F}' => char::from_u32(u32::from(c1) - 0x40)?,
        _ => return None,
    };
    match introducer {
        '[' => finish_csi(&mut ahead)?,
        // DCS, SOS, OSC, PM and APC carry a text up to the string terminator.
        'P' | 'X' | ']' | '^' | '_' => finish_string(&mut ahead)?,
        _ => return None,
    }
    Some(ahead.run)
}

fn finish_csi(ahead: &mut Ahead<'_>) -> Option<()> {
    loop {
        match ahead.next()? {
            ' '..='?' => {}
            '@'..='~' => return Some(()),
            _ => return None,
        }
    }
}

fn finish_string(ahead: &mut Ahead<'_>) -> Option<()> {
    loop {
        match ahead.next()? {
            BEL | ST => return Some(()),
            ESC => return (ahead.next()? == '\\').then_some(()),
            '\n' | '\r' => return None,
            c if is_control(c) => return None,
            _ => {}
        }
    }
}

/// The flag of a subdivision that starts at an offset: a black flag, a region code in tags, a cancel tag (UTS #51 §C.1).
/// A code is three to six letters or digits; a longer run is no flag but a message.
pub(crate) fn subdivision_flag(json: &str, at: usize) -> Option<Run> {
    let mut ahead = Ahead {
        json,
        at,
        run: Run::default(),
    };
    if ahead.next()? != BLACK_FLAG {
        return None;
    }
    for code_len in 0..=6 {
        match ahead.next()? {
            CANCEL_TAG => return (code_len >= 3).then_some(ahead.run),
            '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}' => {}
            _ => return None,
        }
    }
    None
}

/// Whether a character may start a control sequence.
pub(crate) fn introduces(c: char) -> bool {
    matches!(c, ESC | '\u{90}' | '\u{98}' | CSI | '\u{9D}'..='\u{9F}')
}

/// Whether a character may start a flag.
pub(crate) fn is_black_flag(c: char) -> bool {
    c == BLACK_FLAG
}
