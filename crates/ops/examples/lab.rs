//! The lab by itself, to try things by hand: `cargo run -p wardgate-ops --example lab -- --port 9901`.

use std::{error::Error, path::PathBuf, pin::pin};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wardgate_ops::lab::{LabOptions, serve_http, serve_stdio};

const USAGE: &str = "usage: lab [--port N | --stdio] [--conformance] [--era both|legacy|modern] [--stateless] \
                     [--effects FILE] [--fault SPEC] [--mutate WHAT[@N]] [--version V]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options = LabOptions::default();
    let (mut port, mut stdio) = (0, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(USAGE);
        match arg.as_str() {
            "--port" => port = value()?.parse()?,
            "--stdio" => stdio = true,
            "--conformance" => options.conformance = true,
            "--stateless" => options.stateless = true,
            "--era" => options.era = value()?.parse()?,
            "--effects" => options.effects = Some(PathBuf::from(value()?)),
            "--fault" => options.faults = value()?.parse()?,
            "--mutate" => options.mutate = Some(value()?.parse()?),
            "--version" => options.version = value()?,
            _ => return Err(USAGE.into()),
        }
    }
    if stdio {
        return Ok(serve_stdio(options).await?);
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/mcp", listener.local_addr()?);
    let shutdown = CancellationToken::new();
    let mut serving = pin!(serve_http(listener, options, shutdown.clone()));
    tokio::select! {
        served = &mut serving => return Ok(served?),
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    shutdown.cancel();
    Ok(serving.await?)
}
