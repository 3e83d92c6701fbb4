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
    line_bytes_max: usize,
}

impl Lines {
    pub fn new(line_bytes_max: usize) -> Lines {
        Lines { buffer: BytesMut::new(), line_bytes_max }
    }
    /// Gives the buffer to read into; call [`Lines::next_line`] until `None` after each read.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }
    /// Returns the next whole line.
    ///
    /// # Errors
    /// When the line without an end has grown over the cap. Scans each byte once however the input is cut.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        todo!("{}", self.line_bytes_max)
    }
}
