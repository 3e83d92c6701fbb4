//! Where a reader stands in a JSON document: the keys and indices from the root to the value it reads.
//!
//! Follows structure only and trusts nothing: text that is not JSON leads to odd places, never to a fault.

/// The deepest place that is told; what lies deeper is reported there.
const DEPTH_MAX: usize = 128;
/// The longest key that is remembered, in bytes. A longer one matches no declared place but a `*`.
pub(crate) const KEY_BYTES_MAX: usize = 256;

/// One step from the root.
pub(crate) enum Frame {
    Object {
        key: String,
        /// Whether the key itself holds a find and must not be shown.
        is_masked: bool,
    },
    Array {
        index: usize,
    },
}

#[derive(Default)]
pub(crate) struct Walk {
    frames: Vec<Frame>,
    /// Containers open below `DEPTH_MAX`.
    deeper: usize,
    expects_key: bool,
}

impl Walk {
    /// Takes note of a byte that stands outside strings.
    pub(crate) fn structure(&mut self, byte: u8) {
        match byte {
            b'{' => self.open(Frame::Object {
                key: String::new(),
                is_masked: false,
            }),
            b'[' => self.open(Frame::Array { index: 0 }),
            b'}' | b']' => self.close(),
            b',' => self.next(),
            b':' => self.expects_key = false,
            _ => {}
        }
    }

    fn open(&mut self, frame: Frame) {
        self.expects_key = matches!(frame, Frame::Object { .. });
        match self.frames.len() < DEPTH_MAX {
            true => self.frames.push(frame),
            false => self.deeper += 1,
        }
    }

    fn close(&mut self) {
        self.expects_key = false;
        match self.deeper {
            0 => drop(self.frames.pop()),
            _ => self.deeper -= 1,
        }
    }

    fn next(&mut self) {
        if self.deeper > 0 {
            return;
        }
        match self.frames.last_mut() {
            Some(Frame::Array { index }) => *index += 1,
            Some(Frame::Object { .. }) => self.expects_key = true,
            None => {}
        }
    }

    /// Whether the string that begins here is a key.
    pub(crate) fn is_at_key(&self) -> bool {
        self.expects_key && self.deeper == 0
    }

    pub(crate) fn set_key(&mut self, name: &str, masked: bool) {
        if let Some(Frame::Object { key, is_masked }) = self.frames.last_mut() {
            key.clear();
            key.push_str(&name[..name.floor_char_boundary(KEY_BYTES_MAX)]);
            if name.len() > KEY_BYTES_MAX {
                key.push('…');
            }
            *is_masked = masked;
        }
    }

    /// The key of the member whose value is read.
    pub(crate) fn key(&self) -> Option<&str> {
        match self.frames.last() {
            Some(Frame::Object { key, .. }) if self.deeper == 0 => Some(key),
            _ => None,
        }
    }

    /// The way here, if all of it is known.
    pub(crate) fn frames(&self) -> Option<&[Frame]> {
        (self.deeper == 0).then_some(&self.frames)
    }

    /// The place as a JSON Pointer (RFC 6901): of the value, or of the object in whose key the reader is.
    pub(crate) fn pointer_of(&self, is_key: bool) -> String {
        let mut pointer = String::new();
        let frames = self.frames.len() - usize::from(is_key);
        for frame in &self.frames[..frames] {
            pointer.push('/');
            match frame {
                Frame::Object {
                    is_masked: true, ..
                } => pointer.push_str("[redacted]"),
                Frame::Object { key, .. } => {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Frame::Array { index } => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}
