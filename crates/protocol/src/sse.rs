//! Server-sent events, both directions, without IO.
//!
//! Follows the WHATWG HTML standard §9.2 with two differences: an event without data is told too (MCP 2025-11-25 primes a stream
//! with an id alone), and bytes that are not UTF-8 are a fault, since the payload is JSON that will be judged byte for byte.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

/// One decoded event. `data` is absent when the event had no data line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub id: Option<String>,
    pub event: Option<String>,
    pub retry_ms: Option<u64>,
    pub data: Option<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseFault {
    #[error("an event is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("stream is not valid UTF-8")]
    Utf8,
}

/// Incremental decoder: push bytes, take events. Handles CR, LF, CRLF, a leading BOM, comments, multi-line data.
/// Looks at each byte once however the stream is cut.
#[derive(Debug)]
pub struct Decoder {
    /// The start of a line whose end has not come.
    line: BytesMut,
    /// The last byte was CR, so a LF that follows belongs to it.
    after_cr: bool,
    /// No line has ended yet: a byte order mark may lead.
    at_start: bool,
    block: Block,
    events: VecDeque<Event>,
    event_bytes_max: usize,
}

/// The event whose blank line has not come.
#[derive(Debug, Default)]
struct Block {
    event: Event,
    data: Option<BytesMut>,
    /// Bytes of its lines, comments left out.
    bytes: usize,
}

impl Decoder {
    pub fn new(event_bytes_max: usize) -> Decoder {
        Decoder {
            line: BytesMut::new(),
            after_cr: false,
            at_start: true,
            block: Block::default(),
            events: VecDeque::new(),
            event_bytes_max,
        }
    }

    /// Adds bytes of the stream, cut anywhere.
    ///
    /// # Errors
    /// When one event (or one line without end) grows over the cap; the stream is then unusable.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), SseFault> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            self.end_line(&bytes[..end])?;
            let rest = &bytes[end + 1..];
            if bytes[end] == b'\r' {
                self.after_cr = rest.is_empty();
                bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
            } else {
                bytes = rest;
            }
        }
        self.check_size(self.line.len() + bytes.len())?;
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the next complete event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn end_line(&mut self, tail: &[u8]) -> Result<(), SseFault> {
        self.check_size(self.line.len() + tail.len())?;
        let mut line = std::mem::take(&mut self.line);
        let mut whole = if line.is_empty() {
            tail
        } else {
            line.extend_from_slice(tail);
            &line
        };
        if std::mem::take(&mut self.at_start) {
            whole = whole.strip_prefix("\u{feff}".as_bytes()).unwrap_or(whole);
        }
        let text = std::str::from_utf8(whole).map_err(|_| SseFault::Utf8)?;
        if text.is_empty() {
            self.events.extend(std::mem::take(&mut self.block).finish());
        } else {
            self.block.line(text);
        }
        line.clear();
        self.line = line;
        Ok(())
    }

    fn check_size(&self, line_bytes: usize) -> Result<(), SseFault> {
        let max = self.event_bytes_max;
        if self.block.bytes + line_bytes > max {
            Err(SseFault::TooLarge { max })
        } else {
            Ok(())
        }
    }
}

impl Block {
    fn line(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        if !field.is_empty() {
            self.bytes += line.len();
        }
        match field {
            "data" => self.data_line(value),
            "event" => self.event.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.event.retry_ms = value.parse().ok().or(self.event.retry_ms);
            }
            _ => {}
        }
    }

    fn data_line(&mut self, value: &str) {
        match &mut self.data {
            Some(data) => data.put_u8(b'\n'),
            none => *none = Some(BytesMut::new()),
        }
        if let Some(data) = &mut self.data {
            data.extend_from_slice(value.as_bytes());
        }
    }

    /// Returns the event unless no line told anything.
    fn finish(self) -> Option<Event> {
        let event = Event {
            data: self.data.map(BytesMut::freeze),
            ..self.event
        };
        (event != Event::default()).then_some(event)
    }
}

/// Encodes one message event. `data` must be one line (see [`crate::edit::one_line`]); a multi-line text gets one `data:` per line.
/// An id that no id line can carry (line break or NUL inside) is left out.
pub fn encode(id: Option<&str>, retry_ms: Option<u64>, data: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 64);
    if let Some(id) = id.filter(|id| !id.contains(['\n', '\r', '\0'])) {
        out.put_slice(b"id: ");
        out.put_slice(id.as_bytes());
        out.put_u8(b'\n');
    }
    if let Some(retry_ms) = retry_ms {
        out.put_slice(format!("retry: {retry_ms}\n").as_bytes());
    }
    let mut rest = data;
    loop {
        let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        out.put_slice(b"data: ");
        out.put_slice(&rest.as_bytes()[..end]);
        out.put_u8(b'\n');
        if end == rest.len() {
            break;
        }
        rest = &rest[end..];
        rest = rest.strip_prefix("\r\n").unwrap_or(&rest[1..]);
    }
    out.put_u8(b'\n');
    out.freeze()
}

/// A comment line, for keep-alive.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
