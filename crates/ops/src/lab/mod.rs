//! The lab: a deterministic MCP server that tests and the starter configuration use as upstream.
//!
//! It is an honest counterpart: it speaks every revision from 2024-11-05 to 2026-07-28 from its own
//! reading of the specification, over stdio and HTTP, and writes what its tools *did* to
//! `effects.jsonl`. It is not a gateway and knows nothing of policy, limits or records.
//! Read `ask.rs` for how one handler serves both eras, then `dispatch.rs` for the methods.

mod answer;
mod args;
mod ask;
mod call;
mod completion;
mod conformance;
mod control;
mod dispatch;
mod effects;
mod event_log;
mod faults;
mod finish;
mod headers;
mod http;
mod legacy;
mod line;
mod listen;
mod modern;
mod old_http;
mod options;
mod prompts;
mod resources;
mod revision;
mod seal;
mod session;
mod sse;
mod state;
mod stdio;
mod tasks;
mod time;
mod tools;

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

pub use faults::{FaultError, Faults};
pub use options::{LabEra, LabOptions, Mutation, OptionError};
use state::Lab;

/// Serves the lab over HTTP until `shutdown` fires: Streamable HTTP at `/mcp`, HTTP+SSE at `/sse`,
/// and the test controls under `/lab/`.
///
/// # Errors
/// When the effects file cannot be opened or the listener fails.
///
/// # Cancel safety
/// Dropping the future closes the listener and cancels the calls in flight.
pub async fn serve_http(
    listener: TcpListener,
    options: LabOptions,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let lab = Arc::new(Lab::open(options, shutdown)?);
    http::serve(listener, lab).await
}

/// Serves the lab over stdin and stdout until stdin ends.
///
/// # Errors
/// When the effects file cannot be opened or stdin cannot be read.
///
/// # Cancel safety
/// Not cancel safe: a half-read line is lost.
pub async fn serve_stdio(options: LabOptions) -> std::io::Result<()> {
    serve_pipe(tokio::io::stdin(), tokio::io::stdout(), options).await
}

/// Serves the lab over any pair of pipes, as [`serve_stdio`] does over the process's own.
///
/// # Errors
/// When the effects file cannot be opened or a pipe breaks.
///
/// # Cancel safety
/// Not cancel safe: a half-read line is lost.
pub async fn serve_pipe<R, W>(reader: R, writer: W, options: LabOptions) -> std::io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let lab = Arc::new(Lab::open(options, CancellationToken::new())?);
    stdio::serve(lab, reader, writer).await
}
