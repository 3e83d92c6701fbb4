//! Which gateway a verb goes through, as whom, and what its failures mean for a person and an exit code.

use std::{future::Future, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use url::Url;
use wardgate_config::units::Span;
use wardgate_model::Secret;
use wardgate_protocol::edit;

use super::{Exit, print};
use crate::client::{ClientError, Gateway};

const DEFAULT_URL: &str = "http://127.0.0.1:8080/mcp";

/// The gateway to go through.
#[derive(Clone, Debug, clap::Args)]
pub struct ConnectArgs {
    /// Address of the gateway. By default the one WARDGATE_URL holds, else `http://127.0.0.1:8080/mcp`.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Toolset to use, at `{url}/{name}`.
    #[arg(long, value_name = "NAME")]
    toolset: Option<String>,
    /// Environment variable that holds the API key. By default WARDGATE_KEY, if it is set.
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// Act as this principal; for developers, on loopback.
    #[arg(long = "as", value_name = "TENANT/PRINCIPAL")]
    assume: Option<String>,
    /// PEM file of the authorities to trust instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Time to wait for the answer.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    timeout: Span,
}

pub fn duration(text: &str) -> Result<Span, String> {
    Span::parse(text)
        .filter(|span| !span.0.is_zero())
        .ok_or_else(|| "write a whole number and a unit, such as `30s`".into())
}

impl ConnectArgs {
    /// Returns the gateway these arguments name. Opens no connection.
    ///
    /// # Errors
    /// When the address, the principal or the key's variable is no good.
    pub fn gateway(&self) -> anyhow::Result<Gateway> {
        let text = self
            .url
            .clone()
            .or_else(|| std::env::var("WARDGATE_URL").ok())
            .unwrap_or_else(|| DEFAULT_URL.into());
        let mut url = Url::parse(&text).with_context(|| format!("`{text}` is not an address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            bail!("`{text}` is not an `http://` or `https://` address");
        }
        if let Some(toolset) = &self.toolset {
            let mut segments = url
                .path_segments_mut()
                .map_err(|()| anyhow::anyhow!("`{text}` has no path"))?;
            segments.pop_if_empty().push(toolset);
        }
        if let Some(assume) = &self.assume
            && assume.split('/').filter(|part| !part.is_empty()).count() != 2
        {
            bail!("`--as` takes a tenant and a principal: `acme/ana`");
        }
        let key = key(self.key_env.as_deref())?;
        Ok(Gateway {
            url,
            key,
            assume: self.assume.clone(),
            ca: self.ca.clone(),
            declares_tasks: false,
            timeout: self.timeout.0,
        })
    }
}

/// Returns the API key that a variable holds, WARDGATE_KEY if none is named.
///
/// # Errors
/// When the variable that is named is not set.
pub fn key(variable: Option<&str>) -> anyhow::Result<Option<Secret>> {
    match variable {
        Some(name) => {
            let key = std::env::var(name)
                .map_err(|_| anyhow::anyhow!("environment variable `{name}` is not set"))?;
            Ok(Some(Secret::new(key)))
        }
        None => Ok(std::env::var("WARDGATE_KEY")
            .ok()
            .filter(|key| !key.is_empty())
            .map(Secret::new)),
    }
}

/// Runs one exchange on a small runtime of its own.
///
/// # Errors
/// When there is no runtime to be had.
pub fn block_on<T>(exchange: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(exchange))
}

/// Says on standard error that the arguments are no good.
pub fn misused(fault: &anyhow::Error) -> ExitCode {
    eprintln!("error: {fault:#}");
    Exit::Usage.into()
}

/// Says on standard error why there is no result, with what to do about it.
pub fn failed(gateway: &Gateway, fault: &ClientError) -> ExitCode {
    let (exit, hint) = meaning(fault);
    if let (Hint::Key, Some(_)) = (&hint, &gateway.key) {
        eprintln!("error: the gateway refused the key");
        eprintln!(
            "hint: look at the value of the variable that `--key-env` names, else of WARDGATE_KEY"
        );
        return exit.into();
    }
    eprintln!(
        "error: {}{}",
        print::brief(&fault.to_string(), 500),
        reason(fault)
    );
    match hint {
        Hint::None => {}
        Hint::Start => eprintln!(
            "hint: start the gateway with `wardgate serve`, or name another with `--url` or WARDGATE_URL"
        ),
        Hint::Key => eprintln!("hint: give a key with `--key-env NAME` or WARDGATE_KEY"),
        Hint::Path => eprintln!(
            "hint: is {} the address of a gateway? It usually ends in `/mcp`",
            gateway.url.path()
        ),
        Hint::Wait(time) => eprintln!("hint: try again in {}s", print::brief(&time, 20)),
    }
    exit.into()
}

enum Hint {
    None,
    Start,
    Key,
    Path,
    Wait(String),
}

fn reason(fault: &ClientError) -> String {
    std::error::Error::source(fault)
        .map(|source| format!(": {source}"))
        .unwrap_or_default()
}

fn meaning(fault: &ClientError) -> (Exit, Hint) {
    match fault {
        ClientError::Unreachable { .. } => (Exit::NotReady, Hint::Start),
        ClientError::Tls { .. } => (Exit::NotReady, Hint::None),
        ClientError::Timeout(_) | ClientError::Broken(_) | ClientError::Protocol(_) => {
            (Exit::Tool, Hint::None)
        }
        ClientError::Header(_) => (Exit::Usage, Hint::None),
        ClientError::Status {
            status,
            retry_after,
        } => of_status(*status, retry_after).unwrap_or((Exit::Usage, Hint::Path)),
        ClientError::Rpc {
            status,
            error,
            retry_after,
        } => of_status(*status, retry_after).unwrap_or_else(|| {
            let class = error
                .data
                .as_ref()
                .and_then(|data| edit::get(data.as_str(), &["class"]))
                .and_then(edit::string);
            let exit = match class {
                Some(class) => Exit::of_class(&class),
                None if error.code == wardgate_protocol::error::INVALID_PARAMS => Exit::Usage,
                None => Exit::Tool,
            };
            (exit, Hint::None)
        }),
    }
}

/// What the status alone tells, whatever the body says.
fn of_status(status: u16, retry_after: &Option<String>) -> Option<(Exit, Hint)> {
    let wait = || retry_after.clone().map_or(Hint::None, Hint::Wait);
    match status {
        401 => Some((Exit::Denied, Hint::Key)),
        403 => Some((Exit::Denied, Hint::None)),
        429 => Some((Exit::Limit, wait())),
        503 => Some((Exit::NotReady, wait())),
        _ => None,
    }
}
