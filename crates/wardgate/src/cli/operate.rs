//! Verbs that operate a running gateway are clients of its admin API: where that is, as whom, and what its refusals mean for a
//! person and an exit code.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use serde_json::Value;
use url::Url;
use wardgate_config::units::Span;
use wardgate_model::Secret;

use super::{
    Exit,
    config_file::{self, ConfigArgs},
    connect, print,
};
use crate::{
    admin::address,
    client::{
        ClientError,
        admin::{AdminApi, AdminError},
    },
};

/// Where a gateway without a word about it has its admin API.
const DEFAULT_URL: &str = "http://127.0.0.1:8081";

/// The admin API to use.
#[derive(Clone, Debug, clap::Args)]
pub struct OperateArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address of the admin API. By default the one WARDGATE_ADMIN holds, else that of the gateway that runs with this configuration.
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
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
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = connect::duration)]
    timeout: Span,
}

impl OperateArgs {
    /// Returns the API these arguments name. Opens no connection.
    ///
    /// # Errors
    /// When the address or the key's variable is no good.
    pub fn api(&self) -> anyhow::Result<AdminApi> {
        let text = match self
            .admin
            .clone()
            .or_else(|| std::env::var("WARDGATE_ADMIN").ok())
        {
            Some(named) => named,
            None => self.found()?,
        };
        // An address without a scheme is one on this machine.
        let whole = match text.contains("://") {
            true => text.clone(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&whole).with_context(|| format!("`{text}` is not an address"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            bail!("`{text}` is not an `http://` or `https://` address");
        }
        Ok(AdminApi {
            url,
            key: self.key()?,
            assume: self.assume.clone(),
            ca: self.ca.clone(),
            timeout: self.timeout.0,
        })
    }

    /// Asks the API for something; else how to exit, with what has been said about it.
    ///
    /// # Errors
    /// When nothing can be asked at all.
    pub fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Result<Value, ExitCode>> {
        let api = match self.api() {
            Ok(api) => api,
            Err(fault) => return Ok(Err(connect::misused(&fault))),
        };
        let answer = connect::block_on(api.get(path, query))?;
        Ok(answer.map_err(|fault| refused(&fault)))
    }

    /// As [`OperateArgs::get`], of a list: its items.
    ///
    /// # Errors
    /// As [`OperateArgs::get`].
    pub fn items(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Result<Vec<Value>, ExitCode>> {
        let page = self.get(path, query)?;
        Ok(page.and_then(|mut page| match page["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(refused(&AdminError::Foreign)),
        }))
    }

    /// What the gateway of this configuration has posted in its state folder, else where it would be.
    fn found(&self) -> anyhow::Result<String> {
        let loaded = config_file::load(&self.config, &[], None);
        let Ok(inputs) = loaded else {
            return Ok(DEFAULT_URL.to_owned());
        };
        let gateway = inputs.loaded.config.gateway;
        match address::posted(&gateway.state) {
            Some(posted) if posted.is_empty() => {
                bail!(
                    "the gateway of `{}` runs without an admin API",
                    gateway.state.display()
                )
            }
            Some(posted) => Ok(posted),
            None => match gateway.admin {
                Some(admin) if !admin.listen.ip().is_loopback() => {
                    Ok(format!("https://{}", admin.listen))
                }
                Some(admin) => Ok(format!("http://{}", admin.listen)),
                None => bail!("the configuration turns the admin API off"),
            },
        }
    }

    fn key(&self) -> anyhow::Result<Option<Secret>> {
        connect::key(self.key_env.as_deref())
    }
}

/// Says on standard error why nothing was done, with what to do about it.
pub fn refused(fault: &AdminError) -> ExitCode {
    let detail = std::error::Error::source(fault).map(|source| format!(": {source}"));
    eprintln!(
        "error: {}{}",
        print::brief(&fault.to_string(), 500),
        print::brief(&detail.unwrap_or_default(), 300)
    );
    let (exit, hint) = meaning(fault);
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    exit.into()
}

fn meaning(fault: &AdminError) -> (Exit, Option<&'static str>) {
    const START: &str = "start the gateway with `wardgate serve`, or name its admin API with `--admin` or WARDGATE_ADMIN";
    match fault {
        AdminError::Foreign => (Exit::Usage, Some("is this the address of an admin API?")),
        AdminError::Client(ClientError::Unreachable { .. }) => (Exit::NotReady, Some(START)),
        AdminError::Client(ClientError::Tls { .. }) => (Exit::NotReady, None),
        AdminError::Client(ClientError::Header(_)) => (Exit::Usage, None),
        AdminError::Client(_) => (Exit::Tool, None),
        AdminError::Problem { status, .. } => match status {
            401 => (
                Exit::Denied,
                Some("give a key with `--key-env NAME` or WARDGATE_KEY"),
            ),
            403 => (Exit::Denied, None),
            404 | 400 | 409 | 415 | 422 => (Exit::Usage, None),
            429 => (Exit::Limit, None),
            503 => (Exit::NotReady, None),
            _ => (Exit::CheckFailed, None),
        },
    }
}
