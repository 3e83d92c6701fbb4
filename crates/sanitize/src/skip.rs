//! Passing over one JSON value without reading it, however the text is cut into pieces.

/// How far a value that is passed over has been seen.
#[derive(Default)]
pub(crate) struct Skip {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    has_begun: bool,
}

impl Skip {
    /// Takes the next bytes. Returns the length of the value's part in them, and whether it ends there.
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            match self.step(*byte) {
                Step::On => {}
                Step::EndsWith => return (at + 1, true),
                Step::EndedBefore => return (at, true),
            }
        }
        (bytes.len(), false)
    }

    fn step(&mut self, byte: u8) -> Step {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if self.in_string {
            return self.step_in_string(byte);
        }
        match byte {
            b'"' if is_first || self.depth > 0 => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::EndsWith;
                }
            }
            // A number or a word ends where something else begins.
            b',' | b'}' | b']' | b':' | b'"' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => {
                return Step::EndedBefore;
            }
            _ => {}
        }
        Step::On
    }

    fn step_in_string(&mut self, byte: u8) -> Step {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => {
                self.in_string = false;
                if self.depth == 0 {
                    return Step::EndsWith;
                }
            }
            _ => {}
        }
        Step::On
    }
}

enum Step {
    On,
    EndsWith,
    EndedBefore,
}
