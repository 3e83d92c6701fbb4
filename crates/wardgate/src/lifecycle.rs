//! `wardgate serve`: from the config to a listening gateway and down again.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use wardgate_config::Config;
use wardgate_proxy::{
    Gate,
    listener::{Listener, stdio, tls::Certificates},
    way::hello::warm_up,
};

use crate::{
    admin::{self, Surface, address::Posted},
    approvals::webhook::Outbound,
    cli::{
        Exit,
        config_file::{self, Inputs},
        serve::Args,
    },
    compose::{self, Composed, ConfigSecrets},
    issuer_keys::IssuerKeys,
    known_tools,
    ledger::Recorder,
    metrics::Metrics,
    overrides::{Kept, emergency::Emergency},
    reload,
    usage::UsageFile,
};

mod banner;

/// For each thread that walks policies, the deepest included; no more of it is used than they are deep.
const STACK: usize = 16 << 20;

/// Serves until told to stop.
///
/// # Errors
/// What keeps the gateway from starting.
pub fn serve(args: Args) -> anyhow::Result<ExitCode> {
    log();
    let watch = reload::Watch::start(&args);
    let inputs = match config_file::load(&args.config, &args.mcp_json, args.listen) {
        Ok(inputs) => inputs,
        Err(diagnostics) => {
            config_file::show(&diagnostics);
            return Ok(Exit::Usage.into());
        }
    };
    config_file::show(&inputs.loaded.remarks);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(STACK)
        .enable_all()
        .build()?;
    let served = runtime.block_on(run(args, inputs, watch));
    // A read of standard input cannot be cancelled: it must not hold the process up.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served.map(|()| Exit::Ok.into())
}

/// Standard output belongs to the protocol (stdio) or to the banner; the log goes to standard error.
fn log() {
    let filter = EnvFilter::try_from_env("WARDGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let to_terminal = std::io::stderr().is_terminal();
    let format = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    if to_terminal {
        format.with_ansi(true).compact().init();
    } else {
        format.json().flatten_event(true).init();
    }
}

async fn run(
    args: Args,
    inputs: Inputs,
    watch: anyhow::Result<reload::Watch>,
) -> anyhow::Result<()> {
    let mut watch = watch
        .inspect_err(|fault| {
            tracing::warn!(
                fault = format!("{fault:#}"),
                "changes of the configuration are not followed"
            );
        })
        .ok();
    let told = Told::listen()?;
    let hangup = signal(SignalKind::hangup())?;
    let panic_button = signal(SignalKind::user_defined2())?;
    let snapshot = compose::snapshot(&inputs)?;
    let loaded = inputs.loaded;
    if let Some(watch) = &mut watch {
        watch.include(&loaded.config.policies);
    }
    let secrets = Arc::new(ConfigSecrets::default());
    secrets.replace(loaded.held);
    let issuer_keys = Arc::new(IssuerKeys::default());
    issuer_keys.replace(&loaded.config)?;
    let outbound = Arc::new(Outbound::default());
    outbound.replace(&loaded.config)?;
    let state = state(&args, &loaded.config);
    let Composed {
        ports,
        recorder,
        calls,
        approvals,
        issued,
        store,
    } = compose::ports(&snapshot, &state, secrets.clone(), issuer_keys.clone()).await?;
    let gate = Gate::new(snapshot, ports).await?;
    let emergency = Emergency::start(&gate, &state).context("the emergency switch cannot work")?;
    let kept = Kept::start(gate.clone(), store.clone())
        .await
        .context("overrides cannot be read")?;
    let usage = UsageFile::restore(&gate, &state);
    let stop = CancellationToken::new();
    gate.tasks.spawn(emergency.obey(panic_button, stop.clone()));
    gate.tasks.spawn(kept.clone().follow(stop.clone()));
    let approvals = approvals.map(|(approvals, told)| {
        gate.tasks.spawn(approvals.clone().sweep(stop.clone()));
        let asked = gate.clone();
        let webhook = move || asked.snapshot().gateway.approvals.webhook.clone();
        let (outbound, secrets) = (outbound.clone(), secrets.clone());
        gate.tasks
            .spawn(told.send(outbound, secrets, webhook, stop.clone()));
        approvals
    });
    if let Some(issued) = &issued {
        gate.tasks.spawn(issued.clone().tell(stop.clone()));
    }
    gate.tasks
        .spawn(usage.clone().keep(gate.clone(), stop.clone()));
    gate.tasks.spawn(reload::follow(
        watch,
        hangup,
        gate.clone(),
        args.clone(),
        (secrets, issuer_keys, outbound),
        stop.clone(),
    ));
    gate.tasks
        .spawn(known_tools::keep(gate.clone(), state.clone(), stop.clone()));
    gate.tasks.spawn(warm_up(gate.clone()));
    let served = match args.stdio {
        true => over_stdio(&gate, told, &stop).await,
        false => {
            let metrics = Arc::new(Metrics::new(&calls, &gate));
            let surface = Surface::new(&gate, store.clone(), kept, approvals, issued, metrics);
            over_http(&gate, told, &stop, recorder.as_ref(), (surface, &state)).await
        }
    };
    stop.cancel();
    emergency.close().await;
    shut_down(&gate, recorder).await;
    store.close().await;
    usage.write(&gate);
    served
}

/// Where state is kept. A desktop client starts us in any folder, often one that cannot be written.
fn state(args: &Args, config: &Config) -> PathBuf {
    let home = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")));
    match home {
        Some(home) if args.stdio && args.config.path().is_none() => home.join("wardgate"),
        _ => config.gateway.state.clone(),
    }
}

async fn over_stdio(gate: &Arc<Gate>, told: Told, stop: &CancellationToken) -> anyhow::Result<()> {
    gate.tasks.spawn(stop_when_told(
        told,
        gate.clone(),
        stop.clone(),
        Duration::ZERO,
    ));
    stdio::serve(
        gate.clone(),
        None,
        tokio::io::stdin(),
        tokio::io::stdout(),
        stop.clone(),
    )
    .await
    .context("standard input and output")
}

async fn over_http(
    gate: &Arc<Gate>,
    told: Told,
    stop: &CancellationToken,
    recorder: Option<&Recorder>,
    (surface, state): (Surface, &Path),
) -> anyhow::Result<()> {
    let gateway = gate.snapshot().gateway.clone();
    let certificates = match &gateway.tls {
        Some(files) => Some(Certificates::load(files)?),
        None => None,
    };
    if let Some(certificates) = &certificates {
        gate.tasks.spawn(certificates.clone().follow(stop.clone()));
    }
    let listener = Listener::bind(gate.clone(), gateway.listen, certificates.clone())
        .await
        .with_context(|| format!("cannot listen on {}", gateway.listen))?;
    let admin = admin::bind(gate, certificates).await?;
    let admin_url = admin.as_ref().map(admin::url).transpose()?;
    let _posted = Posted::post(state, admin_url.as_deref())
        .inspect_err(|fault| tracing::warn!(%fault, "the address of the admin API is not posted"));
    let shown = (listener.address()?, admin_url.as_deref());
    if let Err(error) = banner::show(&gate.snapshot(), shown, recorder) {
        tracing::warn!(%error, "nobody reads standard output");
    }
    gate.tasks.spawn(stop_when_told(
        told,
        gate.clone(),
        stop.clone(),
        gateway.caps.drain_delay,
    ));
    let Some(admin) = admin else {
        return Ok(listener.serve(stop.clone()).await?);
    };
    let admin = admin.serve_annex(Arc::new(surface), stop.clone());
    tokio::try_join!(listener.serve(stop.clone()), admin)?;
    Ok(())
}

/// On TERM or INT: not ready at once, no new connections after `delay`, streams end, calls under way finish.
#[expect(
    clippy::disallowed_methods,
    reason = "who asks twice wants the end at once"
)]
async fn stop_when_told(mut told: Told, gate: Arc<Gate>, stop: CancellationToken, delay: Duration) {
    if stop.run_until_cancelled(told.again()).await.is_none() {
        return;
    }
    tracing::info!("draining");
    gate.announce_drain();
    tokio::time::sleep(delay).await;
    gate.draining.cancel();
    stop.cancel();
    told.again().await;
    tracing::warn!("told to stop twice, not waiting for calls under way");
    std::process::exit(1);
}

/// TERM and INT, heard from the moment this exists.
struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    fn listen() -> std::io::Result<Told> {
        Ok(Told {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn again(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Closes lines, waits for children to be gone, and for the last record to be written.
async fn shut_down(gate: &Arc<Gate>, recorder: Option<Recorder>) {
    gate.draining.cancel();
    gate.parked.clear();
    gate.upstreams.shut_down();
    gate.upstreams.wait_for_children().await;
    if let Some(recorder) = recorder {
        recorder.close().await;
    }
    tracing::info!("stopped");
}
