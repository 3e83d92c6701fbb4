//! What the gateway takes while nobody calls: time to get ready, and memory.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::gateway::{Gateway, Rules};

/// Long enough for what a start leaves behind to be done.
const SETTLE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Footprint {
    /// Median, from the start of the process to its first "ready".
    pub ready_ms: f64,
    pub idle_mib: f64,
}

/// Starts the gateway a few times, one after the other.
pub async fn measure(echo: SocketAddr, tools: usize, starts: usize) -> Result<Footprint> {
    let mut ready = Vec::new();
    let mut idle_kib = 0;
    for _ in 0..starts {
        let gateway = Gateway::start(Rules::Checked, echo, tools).await?;
        ready.push(gateway.ready);
        tokio::time::sleep(SETTLE).await;
        idle_kib = idle_kib.max(gateway.process.resident_kib()?);
    }
    ready.sort_unstable();
    let median = ready[ready.len() / 2];
    Ok(Footprint {
        ready_ms: median.as_secs_f64() * 1_000.0,
        idle_mib: idle_kib as f64 / 1_024.0,
    })
}
