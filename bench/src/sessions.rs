//! What a legacy session costs the gateway while nothing happens in it.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::gateway::{Gateway, Rules};
use crate::message::LEGACY;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sessions {
    pub opened: usize,
    pub bytes_each: f64,
}

/// Opens sessions on a gateway of their own and looks at its memory before and after.
pub async fn measure(echo: SocketAddr, tools: usize, sessions: usize) -> Result<Sessions> {
    let gateway = Gateway::start(Rules::Transparent, echo, tools).await?;
    // The first few pay for what all of them share.
    for _ in 0..sessions / 20 {
        open(&gateway).await?;
    }
    let before = gateway.process.resident_kib()?;
    for _ in 0..sessions {
        open(&gateway).await?;
    }
    let grown_kib = gateway.process.resident_kib()?.saturating_sub(before);
    Ok(Sessions {
        opened: sessions,
        bytes_each: grown_kib as f64 * 1_024.0 / sessions as f64,
    })
}

async fn open(gateway: &Gateway) -> Result<()> {
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"},
    }});
    let answer = gateway
        .post("json", LEGACY, HeaderMap::new(), &hello)
        .await?;
    ensure!(
        answer.status() == StatusCode::OK,
        "initialize was answered with {}",
        answer.status()
    );
    let session = answer
        .headers()
        .get(&SESSION)
        .context("no session id")?
        .clone();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let answer = gateway
        .post(
            "json",
            LEGACY,
            HeaderMap::from_iter([(SESSION, session)]),
            &ready,
        )
        .await?;
    ensure!(
        answer.status() == StatusCode::ACCEPTED,
        "initialized was answered with {}",
        answer.status()
    );
    Ok(())
}
