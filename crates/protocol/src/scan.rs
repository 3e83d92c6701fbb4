//! The one pass over foreign bytes: UTF-8, exactly one JSON value, depth, and keys that two parsers could read differently.

use std::ops::Range;

use crate::{
    escape,
    keys::{self, Key},
    limits::Limits,
    skip,
};

/// Why bytes are not a JSON text this gateway will read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    #[error("message is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("message is not valid UTF-8 at byte {at}")]
    Utf8 { at: usize },
    #[error("message starts with a byte order mark")]
    ByteOrderMark,
    #[error("not valid JSON at byte {at}")]
    Syntax { at: usize },
    #[error("nested deeper than {max} levels")]
    TooDeep { max: usize },
    #[error("more than one JSON value in the message")]
    Trailing { at: usize },
    #[error("duplicate object key at byte {at}")]
    DuplicateKey { at: usize },
    #[error("object keys that differ only by case at byte {at}")]
    FoldedKey { at: usize },
    #[error("object key with a NUL character at byte {at}")]
    NulKey { at: usize },
}

/// How strictly keys are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// From clients: duplicates, case-folded twins and NUL keys are refused at any depth.
    Strict,
    /// From upstreams: only well-formedness and depth (an answer is data, nobody decides on it twice).
    Lenient,
}

/// Returns the text if `bytes` hold exactly one JSON value within `limits`. Iterative: never recurses.
/// Lone surrogate escapes (`\ud800`) are a `Syntax` fault.
///
/// # Errors
/// Size first, then the byte order mark, then UTF-8, then the first fault met; an object's keys are judged where it closes.
pub fn check<'a>(bytes: &'a [u8], limits: &Limits, keys: Keys) -> Result<&'a str, ScanFault> {
    check_head(bytes, limits)?;
    let text = std::str::from_utf8(bytes).map_err(|fault| ScanFault::Utf8 {
        at: fault.valid_up_to(),
    })?;
    walk(text, limits, keys, |_| {})?;
    Ok(text)
}

/// Judges what needs no reading: the size and the first bytes.
pub(crate) fn check_head(bytes: &[u8], limits: &Limits) -> Result<(), ScanFault> {
    let max = limits.message_bytes_max;
    if bytes.len() > max {
        return Err(ScanFault::TooLarge { max });
    }
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(ScanFault::ByteOrderMark);
    }
    Ok(())
}

/// A member or an element of the outermost container: where its key (without quotes) and its value lie.
pub(crate) struct Part {
    pub key: Option<Range<usize>>,
    pub value: Range<usize>,
}

/// Judges `text` and tells `part` of each member or element of the outermost container.
pub(crate) fn walk(
    text: &str,
    limits: &Limits,
    keys: Keys,
    mut part: impl FnMut(Part),
) -> Result<(), ScanFault> {
    let mut walk = Walk {
        text,
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::with_capacity(16),
        keys: Vec::with_capacity(32),
        part_key: None,
        part_start: 0,
        depth_max: limits.depth_max,
        strict: keys == Keys::Strict,
    };
    walk.run(&mut part)
}

/// INVARIANT: `open` holds the containers around `at`, outermost first; `keys` the keys so far of every open object, in the same order.
struct Walk<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    keys: Vec<Key>,
    /// The member or element of the outermost container that is being read.
    part_key: Option<Range<usize>>,
    part_start: usize,
    depth_max: usize,
    strict: bool,
}

struct Open {
    close: u8,
    keys_from: usize,
}

impl Walk<'_> {
    fn run(&mut self, part: &mut impl FnMut(Part)) -> Result<(), ScanFault> {
        self.space();
        while self.value()? || self.goes_on(part)? {
            self.enter()?;
        }
        self.end()
    }

    /// Reads a whole scalar or empty container, or the mark that opens a container; says whether it stands inside one then.
    fn value(&mut self) -> Result<bool, ScanFault> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| false),
            Some(b'{') => self.open(b'}'),
            Some(b'[') => self.open(b']'),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            Some(b't') => self.word(b"true").map(|()| false),
            Some(b'f') => self.word(b"false").map(|()| false),
            Some(b'n') => self.word(b"null").map(|()| false),
            _ => Err(self.syntax()),
        }
    }

    /// Goes on after a value, closing what ends with it; says whether another value follows.
    fn goes_on(&mut self, part: &mut impl FnMut(Part)) -> Result<bool, ScanFault> {
        while let Some(Open { close, .. }) = self.open.last() {
            let close = *close;
            if self.open.len() == 1 {
                part(Part {
                    key: self.part_key.take(),
                    value: self.part_start..self.at,
                });
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                    return Ok(true);
                }
                Some(byte) if byte == close => self.close()?,
                _ => return Err(self.syntax()),
            }
        }
        Ok(false)
    }

    /// Comes to the next value of the innermost container, by its key if it is an object.
    fn enter(&mut self) -> Result<(), ScanFault> {
        let is_object = self.open.last().is_some_and(|open| open.close == b'}');
        let key = if is_object { Some(self.key()?) } else { None };
        if self.open.len() == 1 {
            self.part_key = key;
            self.part_start = self.at;
        }
        Ok(())
    }

    /// Opens a container and, if it is empty, closes it again; says whether something is in it.
    fn open(&mut self, close: u8) -> Result<bool, ScanFault> {
        if self.open.len() >= self.depth_max {
            return Err(ScanFault::TooDeep {
                max: self.depth_max,
            });
        }
        self.open.push(Open {
            close,
            keys_from: self.keys.len(),
        });
        self.at += 1;
        self.space();
        if self.peek() == Some(close) {
            self.close()?;
            return Ok(false);
        }
        Ok(true)
    }

    fn close(&mut self) -> Result<(), ScanFault> {
        self.at += 1;
        if let Some(open) = self.open.pop()
            && self.keys.len() > open.keys_from
        {
            keys::judge(self.text, &self.keys[open.keys_from..])?;
            self.keys.truncate(open.keys_from);
        }
        Ok(())
    }

    /// Reads a key and its colon, up to the value.
    fn key(&mut self) -> Result<Range<usize>, ScanFault> {
        if self.peek() != Some(b'"') {
            return Err(self.syntax());
        }
        let (key, escaped) = self.string()?;
        if self.strict {
            self.keys.push(Key::new(self.text, key.clone(), escaped));
        }
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.syntax());
        }
        self.at += 1;
        self.space();
        Ok(key)
    }

    /// Reads a string; returns where its content lies and whether it has escapes.
    fn string(&mut self) -> Result<(Range<usize>, bool), ScanFault> {
        let start = self.at + 1;
        let mut escaped = false;
        self.at = start;
        loop {
            self.at = skip::string_stop(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((start..self.at - 1, escaped));
                }
                Some(b'\\') => {
                    let (_, length) =
                        escape::read(&self.bytes[self.at..]).ok_or_else(|| self.syntax())?;
                    escaped = true;
                    self.at += length;
                }
                _ => return Err(self.syntax()),
            }
        }
    }

    fn number(&mut self) -> Result<(), ScanFault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Result<(), ScanFault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.syntax())
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), ScanFault> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(())
    }

    /// Accepts the end of the text and white space before it, nothing else.
    fn end(&mut self) -> Result<(), ScanFault> {
        self.space();
        if self.at < self.bytes.len() {
            Err(ScanFault::Trailing { at: self.at })
        } else {
            Ok(())
        }
    }

    fn space(&mut self) {
        self.at = skip::space(self.bytes, self.at);
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn syntax(&self) -> ScanFault {
        ScanFault::Syntax { at: self.at }
    }
}
