//! Chunks of a body joined into one buffer. A body that comes whole is not copied; one that does not is copied once.

use bytes::{Bytes, BytesMut};

#[derive(Default)]
pub struct Gather {
    first: Bytes,
    rest: BytesMut,
}

impl Gather {
    pub fn len(&self) -> usize {
        if self.rest.is_empty() {
            self.first.len()
        } else {
            self.rest.len()
        }
    }

    /// Adds a chunk; `promised` is how much is still to come, as far as the sender said.
    pub fn push(&mut self, chunk: Bytes, promised: u64) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if self.rest.is_empty() {
            self.rest
                .reserve(self.first.len() + chunk.len() + promised as usize);
            self.rest.extend_from_slice(&self.first);
        }
        self.rest.extend_from_slice(&chunk);
    }

    pub fn finish(self) -> Bytes {
        if self.rest.is_empty() {
            self.first
        } else {
            self.rest.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_out_as_they_went_in() {
        for chunks in [&["", "a"][..], &["abc"], &["a", "", "bc"], &[]] {
            let mut gather = Gather::default();
            for chunk in chunks {
                gather.push(Bytes::copy_from_slice(chunk.as_bytes()), 0);
            }
            assert_eq!(gather.len(), chunks.concat().len());
            assert_eq!(gather.finish(), chunks.concat());
        }
    }
}
