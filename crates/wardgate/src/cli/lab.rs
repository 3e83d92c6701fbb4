//! `wardgate lab`: runs the built-in test server. What it does is in `wardgate_ops::lab`.

use std::{net::Ipv4Addr, path::PathBuf, process::ExitCode};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wardgate_ops::lab::{self, Faults, LabEra, LabOptions, Mutation};

use super::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Port on loopback to serve HTTP at; 0 takes a free one.
    #[arg(long, default_value_t = 3001, conflicts_with = "stdio")]
    port: u16,
    /// Speak on standard input and output instead.
    #[arg(long)]
    stdio: bool,
    /// Offer what the official conformance suite calls by name.
    #[arg(long)]
    conformance: bool,
    /// Era to speak: `both`, `legacy` or `modern`.
    #[arg(long, default_value = "both")]
    era: LabEra,
    /// File that gets one line per side effect.
    #[arg(long, value_name = "FILE")]
    effects: Option<PathBuf>,
    /// Seeded faults, such as `latency=500ms@20%,error=5%,seed=1`.
    #[arg(long, value_name = "FAULTS")]
    fault: Option<Faults>,
    /// Change to the contract of the tool `rug`: `rug`, `description` or `schema`, with `@N` after N lists.
    #[arg(long, value_name = "CHANGE")]
    mutate: Option<Mutation>,
    /// Version the server says it is.
    #[arg(long, default_value = "1.0.0")]
    version: String,
    /// Serve legacy HTTP without session ids.
    #[arg(long)]
    stateless: bool,
}

/// Serves until the input ends (stdio) or the process is told to stop (HTTP).
///
/// # Errors
/// When the port or the effects file cannot be opened.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (port, stdio) = (args.port, args.stdio);
    let options = LabOptions {
        conformance: args.conformance,
        era: args.era,
        version: args.version,
        effects: args.effects,
        faults: args.fault.unwrap_or_default(),
        mutate: args.mutate,
        stateless: args.stateless,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        match stdio {
            true => lab::serve_stdio(options)
                .await
                .context("the lab cannot speak on standard input and output"),
            false => http(port, options).await,
        }
    });
    // A read of standard input cannot be cancelled: it must not hold the process up.
    runtime.shutdown_background();
    served.map(|()| Exit::Ok.into())
}

async fn http(port: u16, options: LabOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on port {port}"))?;
    print::line(&format!(
        "lab listening on http://{}/mcp",
        listener.local_addr()?
    ))?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let serve = lab::serve_http(listener, options, shutdown);
    tokio::pin!(serve);
    tokio::select! {
        served = &mut serve => return served.context("the lab stopped"),
        () = asked_to_stop() => stop.cancel(),
    }
    serve.await.context("the lab stopped")
}

async fn asked_to_stop() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
