//! Streams of news have no end of their own: they end with their caller's right to them, at the latest half a second after it.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use wardgate_model::{Identity, ToolsetName};

use super::identify::identify;
use crate::{call::Credentials, gate::Gate, stop::Stop};

/// How often it is asked who has a stream.
const EVERY: Duration = Duration::from_millis(500);

/// Returns once these credentials no longer prove this caller here: revoked, expired, or gone from the config. While that cannot be
/// judged, nothing is lost.
///
/// # Cancel safety
/// Nothing is kept.
pub async fn lost(gate: &Gate, toolset: &ToolsetName, credentials: &Credentials, had: &Identity) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once.
    tick.tick().await;
    loop {
        tick.tick().await;
        let snapshot = gate.snapshot();
        let Some(toolset) = snapshot.toolsets.get(toolset) else {
            return;
        };
        match identify(gate, &snapshot, toolset, credentials).await {
            Ok(caller) if caller.identity() == *had => {}
            Err(Stop::Unjudged { .. }) => {}
            Ok(_) | Err(_) => return,
        }
    }
}
