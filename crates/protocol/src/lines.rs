//! Newline-delimited JSON of the stdio transport, without IO.

use bytes::{Bytes, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than {max} bytes")]
pub struct LineTooLong {
    pub max: usize,
}

/// Incremental splitter with a cap: push bytes, take lines (without the line end, CR trimmed, empty lines skipped).
#[derive(Debug)]
pub struct Lines {
    buffer: BytesMut,
    /// Bytes at the head of the buffer that hold no line feed.
    scanned: usize,
    line_bytes_max: usize,
}

impl Lines {
    pub fn new(line_bytes_max: usize) -> Lines {
        Lines {
            buffer: BytesMut::new(),
            scanned: 0,
            line_bytes_max,
        }
    }
    /// Gives the buffer to read into; call [`Lines::next_line`] until `None` after each read. Only append to it.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }
    /// Returns the next whole line.
    ///
    /// # Errors
    /// When a line has grown over the cap, ended or not; the stream is then unusable. Scans each byte once however the input is cut.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        let too_long = LineTooLong {
            max: self.line_bytes_max,
        };
        while let Some(found) = self
            .buffer
            .get(self.scanned..)
            .and_then(|fresh| memchr::memchr(b'\n', fresh))
        {
            let end = self.scanned + found;
            if end > self.line_bytes_max {
                return Err(too_long);
            }
            let mut line = self.buffer.split_to(end + 1).freeze();
            self.scanned = 0;
            line.truncate(end);
            if line.ends_with(b"\r") {
                line.truncate(end - 1);
            }
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
        self.scanned = self.buffer.len();
        if self.scanned > self.line_bytes_max {
            Err(too_long)
        } else {
            Ok(None)
        }
    }
}
