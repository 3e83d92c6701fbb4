//! The way through a document: structure is followed, strings are read into content and judged, finds become edits.
//!
//! Goes on where it stopped when more text comes. Offsets count from the start of the document.

use std::borrow::Cow;

use crate::detect::{AHEAD_BYTES, numbers};
use crate::fold;
use crate::hidden::is_invisible;
use crate::outcome::{Blocked, Report};
use crate::output::{Edit, Instead, Output, Seal};
use crate::rules::{Action, Detector, Rules};
use crate::sequence::{SEQUENCE_BYTES_MAX, introduces, is_black_flag};
use crate::skip::Skip;
use crate::string::{Hit, StringScan};
use crate::strip::{Verdict, judge};
use crate::unit::{Unit, unit_at};
use crate::walk::{KEY_BYTES_MAX, Walk};

/// How much of a string is read before it is judged.
const WINDOW_BYTES: usize = 8 << 10;
/// How much must be ready to be judged for a look to be worth while.
const STEP_BYTES: usize = 256;
/// A flag of a subdivision, the longest unit but for control sequences, all in escapes.
const UNIT_BYTES_MAX: usize = 96;
/// The longest number that may be a payment card's.
const CARD_DIGITS_MAX: usize = 19;

pub(crate) struct Engine<'s> {
    rules: Rules,
    walk: Walk,
    /// The next byte to read.
    at: usize,
    state: State,
    /// Within a number or a word, not at its start.
    in_scalar: bool,
    /// The room of the last string, for the next one.
    spare: Option<Box<Reading>>,
    report: Report,
    pub(crate) output: Output,
    seal: Option<Seal<'s>>,
}

enum State {
    /// Between strings.
    Outside,
    InString(Box<Reading>),
    /// In a value that is replaced whole, from an offset on.
    Passing {
        skip: Skip,
        start: usize,
        label: String,
    },
}

/// A string that is read.
#[derive(Default)]
struct Reading {
    scan: StringScan,
    is_key: bool,
    /// A key's text, and whether something was found in it.
    key: String,
    has_find: bool,
    /// Known when something was found.
    pointer: Option<String>,
    /// Where the last variation selector that stays ended.
    selector_end: Option<usize>,
}

impl<'s> Engine<'s> {
    pub(crate) fn new(rules: Rules, seal: Option<Seal<'s>>) -> Self {
        Engine {
            rules,
            walk: Walk::default(),
            at: 0,
            state: State::Outside,
            in_scalar: false,
            spare: None,
            report: Report::default(),
            output: Output::default(),
            seal,
        }
    }

    pub(crate) fn into_parts(self) -> (Output, Report) {
        (self.output, self.report)
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.report.blocked.is_some()
    }

    /// Reads on as far as the text and what must be seen ahead allow. `raw` begins at offset `base`.
    pub(crate) fn advance(&mut self, raw: &str, base: usize, is_last: bool) {
        while !self.is_blocked() {
            let goes_on = match std::mem::replace(&mut self.state, State::Outside) {
                State::Outside => self.read_structure(raw, base, is_last),
                State::InString(reading) => self.read_string(reading, raw, base, is_last),
                State::Passing { skip, start, label } => {
                    self.pass(skip, start, label, raw, base, is_last)
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// All text before this offset is decided.
    pub(crate) fn settled(&self) -> usize {
        match &self.state {
            State::InString(reading) => reading.scan.settled_raw(self.at),
            State::Passing { start, .. } if self.seal.is_some() => *start,
            _ => self.at,
        }
    }

    /// Reads up to and over the start of a string or of a value that is passed over.
    fn read_structure(&mut self, raw: &str, base: usize, is_last: bool) -> bool {
        let bytes = raw.as_bytes();
        while let Some(byte) = bytes.get(self.at - base).copied() {
            let begins = begins_value(byte, self.in_scalar) && !self.walk.is_at_key();
            if begins && let Some(label) = self.declared() {
                self.count(Detector::Declared, label.clone().into(), None, 1);
                if self.rules.action(Detector::Declared) == Action::Redact {
                    let (start, skip) = (self.at, Skip::default());
                    self.state = State::Passing { skip, start, label };
                    return true;
                }
            }
            if byte == b'"' {
                self.at += 1;
                self.in_scalar = false;
                let mut reading = self.spare.take().unwrap_or_default();
                reading.begin(&self.walk);
                self.state = State::InString(reading);
                return true;
            }
            if byte.is_ascii_digit() && begins {
                let Some(len) = self.read_number(&bytes[self.at - base..], is_last) else {
                    return false;
                };
                self.at += len;
                self.in_scalar = true;
            } else {
                self.walk.structure(byte);
                self.in_scalar = is_scalar(byte);
                self.at += 1;
            }
            if self.is_blocked() {
                return false;
            }
        }
        false
    }

    /// The label of the declared place at which the value that begins here stands.
    fn declared(&self) -> Option<String> {
        let frames = self.walk.frames()?;
        let pattern = self
            .rules
            .patterns()
            .iter()
            .find(|pattern| pattern.matches(frames))?;
        Some(pattern.label().to_owned())
    }

    /// Reads the digits a value begins with, which may be a payment card's. `None` if more may come.
    fn read_number(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        let bytes = &bytes[..bytes.len().min(CARD_DIGITS_MAX + 1)];
        let len = bytes
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if len == bytes.len() && len <= CARD_DIGITS_MAX && !is_last {
            return None;
        }
        let is_whole = bytes.get(len).is_none_or(|behind| !is_scalar(*behind));
        let digits: Vec<u8> = bytes[..len].iter().map(|byte| byte - b'0').collect();
        if is_whole && self.rules.looks_for(Detector::Pii) && numbers::is_card(&digits) {
            self.count(Detector::Pii, "credit_card".into(), None, 1);
            if self.rules.action(Detector::Pii) == Action::Redact {
                self.output.edit(Edit {
                    start: self.at,
                    end: self.at + len,
                    instead: Instead::Value("credit_card".into()),
                });
            }
        }
        Some(len)
    }

    fn pass(
        &mut self,
        mut skip: Skip,
        start: usize,
        label: String,
        raw: &str,
        base: usize,
        is_last: bool,
    ) -> bool {
        let (len, is_end) = skip.pass(&raw.as_bytes()[self.at - base..]);
        let from = self.at;
        self.at += len;
        let is_first = from == start;
        if self.seal.is_none() {
            // Without a seal the mark needs nothing of the value, so no more is held than there is.
            let instead = if is_first {
                Instead::Value(label.clone())
            } else {
                Instead::Text("")
            };
            self.output.edit(Edit {
                start: from,
                end: self.at,
                instead,
            });
        } else if is_end || is_last {
            let instead = Instead::Value(label.clone());
            self.output.edit(Edit {
                start,
                end: self.at,
                instead,
            });
        }
        if !is_end {
            self.state = State::Passing { skip, start, label };
        }
        is_end
    }

    fn read_string(
        &mut self,
        mut reading: Box<Reading>,
        raw: &str,
        base: usize,
        is_last: bool,
    ) -> bool {
        loop {
            let rest = &raw[self.at - base..];
            let run = plain_run(rest.as_bytes());
            reading.scan.content.push(&rest[..run], self.at);
            reading.note_key(&rest[..run]);
            self.at += run;
            if reading.scan.waiting() >= WINDOW_BYTES {
                self.judge(&mut reading, false);
                self.settle(&reading, raw, base);
                reading.scan.forget();
            }
            let rest = &rest[run..];
            let closes = rest.starts_with('"') || rest.is_empty() && is_last;
            if closes && !self.is_blocked() {
                self.close(reading, raw, base, !rest.is_empty());
                return !rest.is_empty();
            }
            if self.is_blocked() || !is_complete(rest) && !is_last {
                break;
            }
            if !is_plain(rest.as_bytes()[0]) {
                self.read_unit(&mut reading, raw, base);
            }
        }
        if reading.scan.waiting() >= AHEAD_BYTES + STEP_BYTES {
            self.judge(&mut reading, false);
        }
        self.state = State::InString(reading);
        false
    }

    fn close(&mut self, mut reading: Box<Reading>, raw: &str, base: usize, has_quote: bool) {
        self.judge(&mut reading, true);
        if reading.is_key {
            self.walk.set_key(&reading.key, reading.has_find);
        }
        self.at += usize::from(has_quote);
        self.output.settle(raw, base, self.at, self.seal);
        self.spare = Some(reading);
    }

    /// Carries out what is decided, so that a long string holds no long list.
    fn settle(&mut self, reading: &Reading, raw: &str, base: usize) {
        if self.seal.is_none() {
            self.output
                .settle(raw, base, reading.scan.settled_raw(self.at), None);
        }
    }

    /// Reads one character that is written or read in a way of its own.
    fn read_unit(&mut self, reading: &mut Reading, raw: &str, base: usize) {
        let place = self.rules.settings().place;
        let here = self.at - base;
        let selector_end = reading.selector_end.and_then(|end| end.checked_sub(base));
        match judge(raw, here, place, selector_end) {
            Verdict::Keep { bytes } => {
                if let Some(Unit::Char(c, len)) = unit_at(raw, here)
                    && len == bytes
                {
                    reading.read_char(c, &raw[here + len..], self.at, len);
                }
                self.at += bytes;
            }
            Verdict::Selector { bytes } => {
                self.at += bytes;
                reading.selector_end = Some(self.at);
            }
            Verdict::Drop {
                bytes,
                chars,
                is_control,
            } => {
                let detector = if is_control {
                    Detector::Terminal
                } else {
                    Detector::Hidden
                };
                if reading.selector_end == Some(self.at) {
                    reading.selector_end = Some(self.at + bytes);
                }
                self.take_out(reading, detector, bytes, chars, "");
            }
            Verdict::Replace { bytes } => {
                self.take_out(reading, Detector::Hidden, bytes, 1, "\\ufffd")
            }
        }
    }

    fn take_out(
        &mut self,
        reading: &mut Reading,
        detector: Detector,
        bytes: usize,
        chars: usize,
        instead: &'static str,
    ) {
        let (start, end) = (self.at, self.at + bytes);
        self.at = end;
        let kind = match detector {
            Detector::Terminal => "control",
            _ => "hidden",
        };
        if self.rules.looks_for(detector) {
            self.count(detector, kind.into(), Some(reading), chars);
        }
        if self.rules.action(detector) == Action::Redact {
            let instead = Instead::Text(instead);
            self.output.edit(Edit {
                start,
                end,
                instead,
            });
        }
    }

    fn judge(&mut self, reading: &mut Reading, is_all: bool) {
        for hit in reading.scan.judge(&self.rules, is_all) {
            let Hit {
                detector,
                kind,
                start,
                end,
            } = hit;
            let edit = Edit {
                start: reading.scan.content.raw_start(start),
                end: reading.scan.content.raw_end(end),
                instead: match kind.is_empty() {
                    true => Instead::Text(""),
                    false => Instead::Mark(kind.clone()),
                },
            };
            if !kind.is_empty() {
                reading.has_find = true;
                self.count(detector, kind, Some(reading), 1);
            }
            if self.rules.action(detector) == Action::Redact {
                self.output.edit(edit);
            }
        }
    }

    /// Counts a find in a string, or in the value the walk stands at.
    fn count(
        &mut self,
        detector: Detector,
        kind: Cow<'static, str>,
        reading: Option<&mut Reading>,
        count: usize,
    ) {
        let pointer = match reading {
            Some(reading) => reading
                .pointer
                .get_or_insert_with(|| self.walk.pointer_of(reading.is_key))
                .clone(),
            None => self.walk.pointer_of(false),
        };
        if self.rules.action(detector) == Action::Block && self.report.blocked.is_none() {
            let kind = kind.clone();
            self.report.blocked = Some(Blocked {
                detector,
                kind,
                pointer: pointer.clone(),
            });
        }
        self.report.add(detector, kind, &pointer, count);
    }
}

impl Reading {
    /// Begins with the string the walk stands at.
    fn begin(&mut self, walk: &Walk) {
        self.is_key = walk.is_at_key();
        self.scan.begin(walk.key().filter(|_| !self.is_key));
        self.key.clear();
        self.has_find = false;
        self.pointer = None;
        self.selector_end = None;
    }

    fn note_key(&mut self, text: &str) {
        if self.is_key && self.key.len() <= KEY_BYTES_MAX {
            self.key
                .push_str(&text[..text.floor_char_boundary(KEY_BYTES_MAX + 1)]);
        }
    }

    /// Adds a character as a detector should read it; what cannot be seen is not read.
    fn read_char(&mut self, c: char, behind: &str, raw: usize, raw_len: usize) {
        let mut buffer = [0; 4];
        self.note_key(c.encode_utf8(&mut buffer));
        if is_invisible(c) {
            return;
        }
        let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
        let behind = match unit_at(behind, 0) {
            Some(Unit::Char(c, _)) => Some(c),
            _ => None,
        };
        let looks = match is_latin(self.scan.content.last_char()) || is_latin(behind) {
            true => fold::lookalike(c),
            false => None,
        };
        let read = fold::styled(c).or(looks).unwrap_or(c);
        self.scan.content.push_char(read, raw, raw_len);
    }
}

/// Whether a byte outside strings is part of a number or a word.
fn is_scalar(byte: u8) -> bool {
    !matches!(
        byte,
        b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b' ' | b'\t' | b'\n' | b'\r'
    )
}

fn begins_value(byte: u8, in_scalar: bool) -> bool {
    matches!(byte, b'{' | b'[' | b'"') || is_scalar(byte) && !in_scalar
}

/// The ASCII a text begins with that stands for itself, a window's worth at the most.
fn plain_run(bytes: &[u8]) -> usize {
    let bytes = &bytes[..bytes.len().min(WINDOW_BYTES)];
    let blocks = bytes.chunks_exact(32).take_while(|block| {
        block
            .iter()
            .fold(true, |plain, byte| plain & is_plain(*byte))
    });
    let run = blocks.count() * 32;
    run + bytes[run..]
        .iter()
        .take_while(|byte| is_plain(**byte))
        .count()
}

fn is_plain(byte: u8) -> bool {
    (byte != b'"') & (byte != b'\\') & (byte < 0x7F)
}

/// Whether enough of a text is there to tell the unit it begins with, and what that means.
fn is_complete(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    match bytes {
        [] => false,
        [b'\\'] => false,
        [b'\\', second, ..] if *second != b'u' => true,
        [first, ..] if is_plain(*first) => true,
        _ => {
            let needed = match unit_at(rest, 0) {
                Some(Unit::Char(c, _)) if introduces(c) => SEQUENCE_BYTES_MAX + UNIT_BYTES_MAX,
                Some(Unit::Char(c, _)) if is_black_flag(c) => UNIT_BYTES_MAX,
                // The other half of a pair, and the character behind.
                _ => 24,
            };
            bytes.len() >= needed
        }
    }
}
