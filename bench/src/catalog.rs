//! A list of ten thousand tools: from the gateway's cache, and as bytes copied by the relay.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::fleet::{Fleet, Way};
use crate::load::{Door, send};
use crate::message::Request;

/// What the gateway learns from a new list, it writes down once, within a second.
const LEARNING: Duration = Duration::from_secs(2);

/// One whole list, all its pages.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Listing {
    pub way: Way,
    pub cpu_ms: f64,
    pub elapsed_ms: f64,
    pub bytes: usize,
}

pub async fn measure(fleet: &Fleet, tools: usize, lists: usize) -> Result<Vec<Listing>> {
    let mut listings = Vec::new();
    for way in [Way::Relay, Way::Transparent, Way::Checked] {
        let upstream = if way == Way::Relay {
            format!("many/{tools}")
        } else {
            "many".into()
        };
        let (Some(door), Some(middle)) = (fleet.door(way, &upstream), fleet.middle(way)) else {
            continue;
        };
        // The first fills the caches and is looked at; the others are only taken.
        let mut bytes = list(&door, tools).await?;
        tokio::time::sleep(LEARNING).await;
        let (start, before) = (Instant::now(), middle.cpu()?);
        for _ in 0..lists {
            bytes = list(&door, tools).await?;
        }
        let per_list = |time: Duration| time.as_secs_f64() * 1_000.0 / lists as f64;
        listings.push(Listing {
            way,
            cpu_ms: per_list(middle.cpu()?.saturating_sub(before)),
            elapsed_ms: per_list(start.elapsed()),
            bytes,
        });
    }
    Ok(listings)
}

/// Takes every page of a list and counts the tools and the bytes.
async fn list(door: &Door, tools: usize) -> Result<usize> {
    let (mut bytes, mut seen, mut cursor) = (0, 0, None::<String>);
    loop {
        let message = Request::list(cursor.as_deref());
        let answer = send(door, "POST", message.headers(), message.body(1)).await?;
        ensure!(
            answer.status() == StatusCode::OK,
            "a list was answered with {}",
            answer.status()
        );
        bytes += answer.body().len();
        let page: Value =
            serde_json::from_slice(answer.body()).context("a list is one JSON object")?;
        seen += page["result"]["tools"].as_array().map_or(0, Vec::len);
        match page["result"]["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    ensure!(seen == tools, "{seen} tools are not {tools}");
    Ok(bytes)
}
