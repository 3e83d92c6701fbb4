//! Caps on what a message may be. All finite; zero never means unlimited.

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one message (HTTP body, stdio line, SSE event).
    pub message_bytes_max: usize,
    /// Nesting of arrays and objects.
    pub depth_max: usize,
    /// Bytes of a request id as spelled.
    pub id_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes_max: 4 << 20,
            depth_max: 128,
            id_bytes_max: 512,
        }
    }
}
