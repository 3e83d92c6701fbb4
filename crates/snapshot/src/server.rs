//! Decisions about one upstream server.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use url::Url;
use wardgate_model::{Alias, SecretRef, ServerName};

use crate::sanitize::Rulebook;

use crate::traits::Traits;

#[derive(Clone, Debug)]
pub struct Server {
    pub name: ServerName,
    pub alias: Alias,
    pub version: String,
    pub endpoint: Endpoint,
    pub era: EraPin,
    pub timeouts: Timeouts,
    /// Calls that may be under way on this server at one time.
    pub concurrency_max: usize,
    /// Bytes of one answer or event.
    pub reply_bytes_max: usize,
    /// Arguments are checked against the tool's input schema.
    pub validate: bool,
    /// Structured results are checked against the tool's output schema.
    pub validate_output: ValidateOutput,
    /// What is done about what its lists say. Lists are shared, so no toolset has a word here.
    pub metadata: Rulebook,
    /// Lines are opened when the gateway starts, not at the first call.
    pub warm: bool,
    /// What the operator knows of its tools, by the name at the server.
    pub tools: BTreeMap<String, Traits>,
    /// Identity of everything that makes a connection; lines with another digest are closed on reload.
    pub digest: std::sync::Arc<str>,
}

#[derive(Clone, Debug)]
pub enum Endpoint {
    /// Streamable HTTP.
    Http {
        url: Url,
        headers: Vec<(String, HeaderValue)>,
        tls: TlsTrust,
    },
    /// HTTP+SSE of 2024-11-05: the URL is the event stream's.
    Sse {
        url: Url,
        headers: Vec<(String, HeaderValue)>,
        tls: TlsTrust,
    },
    /// A child process; `command[0]` is looked up in PATH, no shell.
    Stdio {
        command: Vec<String>,
        env: Vec<(String, HeaderValue)>,
        /// Names of the gateway's own variables the child may inherit besides the built-in allow-list.
        inherit_env: Vec<String>,
        cwd: Option<PathBuf>,
    },
}

/// A header or environment value: plain text for what is no secret, a reference for what is.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    Plain(String),
    /// `prefix` (such as `Bearer `) followed by the secret.
    Secret {
        prefix: String,
        from: SecretRef,
    },
}

#[derive(Clone, Debug, Default)]
pub struct TlsTrust {
    /// PEM file of the authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraPin {
    /// Mirror the client's era where the server speaks both, else what it speaks.
    Auto,
    Legacy,
    Modern,
}

/// What is done about a structured result that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidateOutput {
    Off,
    /// It is sent, and the client and the record are told.
    Flag,
    /// The server has failed.
    Block,
}

#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub connect: Duration,
    /// Whole-call deadline, whatever progress is reported.
    pub call: Duration,
    /// How long a list waits for this server before it answers without it.
    pub list: Duration,
    /// How long a call waits for a person (elicitation, sampling) before it is given up.
    pub interaction: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(60),
            list: Duration::from_secs(10),
            interaction: Duration::from_secs(300),
        }
    }
}

impl Server {
    /// Returns what is known of a tool; the worst if nothing is.
    pub fn traits_of(&self, tool: &str) -> &Traits {
        self.tools.get(tool).unwrap_or(&Traits::UNKNOWN)
    }
}
