//! Drives calls over lanes and measures them: as fast as they go (`closed.rs`), and at a fixed rate (`open.rs`).

mod closed;
mod http_lane;
mod open;
mod stdio_lane;

use std::future::Future;

use anyhow::Result;

pub use closed::{Pace, closed};
pub use http_lane::{Door, HttpLane, send};
pub use open::{Latency, open};
pub use stdio_lane::{StdioChild, StdioLane};

/// One caller that waits for each answer before it calls again.
pub trait Lane: Send + 'static {
    /// Makes one call and reads the whole answer.
    ///
    /// # Errors
    /// When there is no answer or it is not the expected one.
    fn call(&mut self) -> impl Future<Output = Result<()>> + Send;
}
