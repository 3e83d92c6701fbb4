//! Server-sent events, both directions, without IO.

use bytes::{Bytes, BytesMut};

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
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    event_bytes_max: usize,
}

impl Decoder {
    pub fn new(event_bytes_max: usize) -> Decoder {
        Decoder { buffer: BytesMut::new(), event_bytes_max }
    }
    /// Adds bytes of the stream, cut anywhere.
    ///
    /// # Errors
    /// When one event (or one line without end) grows over the cap; the stream is then unusable.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), SseFault> {
        todo!("{bytes:?}{}", self.event_bytes_max)
    }
    /// Returns the next complete event.
    pub fn next_event(&mut self) -> Option<Event> {
        todo!("{:?}", self.buffer)
    }
}

/// Encodes one message event. `data` must be one line (see [`crate::edit::one_line`]); a multi-line text gets one `data:` per line.
pub fn encode(id: Option<&str>, retry_ms: Option<u64>, data: &str) -> Bytes {
    todo!("{id:?}{retry_ms:?}{data}")
}

/// A comment line, for keep-alive.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
