//! Reading a request body: capped in size, in time, in rate, and in what all bodies together may hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;
use wardgate_snapshot::Caps;

use super::edge::Refusal;
use crate::gather::Gather;

/// Bytes of bodies that are being read, over all connections.
#[derive(Clone)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    max: usize,
}

impl Budget {
    pub fn new(caps: &Caps) -> Budget {
        Budget {
            used: Arc::default(),
            max: caps.buffered_bytes_max,
        }
    }
}

struct Share<'a> {
    budget: &'a Budget,
    held: usize,
}

impl Share<'_> {
    fn grow(&mut self, by: usize) -> Result<(), Refusal> {
        self.held += by;
        let used = self.budget.used.fetch_add(by, Ordering::AcqRel) + by;
        if used > self.budget.max {
            return Err(Refusal {
                status: StatusCode::SERVICE_UNAVAILABLE,
                reason: "too much is being read at once",
            });
        }
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.held, Ordering::AcqRel);
    }
}

/// A sender may take this long before the least rate counts.
const GRACE: Duration = Duration::from_secs(5);
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// Reads the whole body.
///
/// # Errors
/// 413 over the cap (before reading, when the length is said), 408 when too slow, 503 over the common budget, 400 when broken off.
pub async fn read(mut body: Incoming, caps: &Caps, budget: &Budget) -> Result<Bytes, Refusal> {
    let too_large = Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        reason: "the body is too large",
    };
    if body.size_hint().lower() > caps.body_bytes_max as u64 {
        return Err(too_large);
    }
    let started = Instant::now();
    let mut share = Share { budget, held: 0 };
    let mut gather = Gather::default();
    loop {
        let due = due(started, share.held, caps);
        let Ok(part) = tokio::time::timeout_at(due, body.frame()).await else {
            return Err(Refusal {
                status: StatusCode::REQUEST_TIMEOUT,
                reason: "the body comes too slowly",
            });
        };
        let data = match part {
            None => break,
            Some(Ok(part)) => match part.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            },
            Some(Err(_)) => {
                return Err(Refusal {
                    status: StatusCode::BAD_REQUEST,
                    reason: "the body broke off",
                });
            }
        };
        if share.held + data.len() > caps.body_bytes_max {
            return Err(too_large);
        }
        share.grow(data.len())?;
        gather.push(data, body.size_hint().lower());
        if body.is_end_stream() {
            break;
        }
    }
    Ok(gather.finish())
}

/// When the next bytes must be there: the whole time, or sooner when so little has come that the sender is stalling.
fn due(started: Instant, read: usize, caps: &Caps) -> Instant {
    let earned = GRACE + Duration::from_millis(read as u64 * 1000 / BYTES_PER_SECOND_MIN);
    started + earned.min(caps.body_timeout)
}
