//! Saying that something is not there takes the same time whether it is hidden or does not exist: what policies have to be
//! asked about it, or a record says of it, is done well before.

use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Much longer than deciding takes, and nothing to a person or a model.
const TOLD_AFTER: Duration = Duration::from_millis(10);

/// Says whether a call ends with something that is not there for its caller.
pub fn is_told(stop: &Stop) -> bool {
    matches!(stop, Stop::NotFound(_) | Stop::NoToolset)
}

/// Waits until it may be told of what was asked for at `started`.
pub async fn may_be_told(started: Instant) {
    tokio::time::sleep_until((started + TOLD_AFTER).into()).await;
}
