//! The characters of one JSON string as a detector reads them, and where each stands in the raw text.
//!
//! Holds a window that moves on: `forget` drops what nobody needs any more. All offsets count from the start of the
//! string (content) or of the document (raw), so that they stay right when the window moves.

/// From `content` on, characters stand in the raw text from `raw` on, byte for byte, up to the next seam.
#[derive(Clone, Copy)]
struct Seam {
    content: usize,
    raw: usize,
    /// Whether this is the end of a character that is written otherwise than it reads.
    is_end: bool,
}

#[derive(Default)]
pub(crate) struct Content {
    text: String,
    origin: usize,
    seams: Vec<Seam>,
    /// Where the next character stands if nothing intervenes.
    raw_next: Option<usize>,
}

impl Content {
    /// Begins with another string.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.seams.clear();
        self.origin = 0;
        self.raw_next = None;
    }

    /// Adds text that is written as it reads.
    pub(crate) fn push(&mut self, text: &str, raw: usize) {
        if text.is_empty() {
            return;
        }
        self.seam(raw);
        self.text.push_str(text);
        self.raw_next = Some(raw + text.len());
    }

    /// Adds a character that is written in `raw_len` bytes.
    pub(crate) fn push_char(&mut self, c: char, raw: usize, raw_len: usize) {
        self.seam(raw);
        self.text.push(c);
        self.raw_next = Some(raw + raw_len);
        if raw_len != c.len_utf8() {
            self.seams.push(Seam {
                content: self.end(),
                raw: raw + raw_len,
                is_end: true,
            });
        }
    }

    fn seam(&mut self, raw: usize) {
        if self.raw_next != Some(raw) {
            self.seams.push(Seam {
                content: self.end(),
                raw,
                is_end: false,
            });
        }
    }

    pub(crate) fn end(&self) -> usize {
        self.origin + self.text.len()
    }

    pub(crate) fn last_char(&self) -> Option<char> {
        self.text.chars().next_back()
    }

    /// The text from an offset on, which must not be forgotten.
    pub(crate) fn from(&self, at: usize) -> &str {
        &self.text[at - self.origin..]
    }

    /// Up to `max` bytes before an offset.
    pub(crate) fn before(&self, at: usize, max: usize) -> &str {
        let text = &self.text[..at - self.origin];
        &text[text.ceil_char_boundary(text.len().saturating_sub(max))..]
    }

    /// Up to `max` bytes from an offset on.
    pub(crate) fn ahead(&self, at: usize, max: usize) -> &str {
        let text = self.from(at);
        &text[..text.floor_char_boundary(max)]
    }

    /// Moves an offset down to the start of a character.
    pub(crate) fn floor(&self, at: usize) -> usize {
        self.origin
            + self
                .text
                .floor_char_boundary(at.saturating_sub(self.origin))
    }

    /// Where the character at an offset begins in the raw text.
    pub(crate) fn raw_start(&self, at: usize) -> usize {
        let behind = self.seams.partition_point(|seam| seam.content <= at);
        self.through(behind, at)
    }

    /// Where the character before an offset ends in the raw text.
    pub(crate) fn raw_end(&self, at: usize) -> usize {
        let first = self.seams.partition_point(|seam| seam.content < at);
        match self.seams.get(first) {
            Some(seam) if seam.content == at && seam.is_end => seam.raw,
            _ => self.through(first, at),
        }
    }

    fn through(&self, behind: usize, at: usize) -> usize {
        match behind.checked_sub(1).map(|last| self.seams[last]) {
            Some(seam) => seam.raw + (at - seam.content),
            None => at,
        }
    }

    /// Drops all before an offset.
    pub(crate) fn forget(&mut self, before: usize) {
        if before <= self.origin {
            return;
        }
        self.text.drain(..before - self.origin);
        self.origin = before;
        let behind = self.seams.partition_point(|seam| seam.content < before);
        self.seams.drain(..behind.saturating_sub(1));
    }
}
