//! The checked config: every value typed, every name resolved, every default filled in.
//!
//! Its serialised form is canonical (field order is fixed, secrets are references), so its digest names a revision.

pub mod admin;
pub mod approvals;
pub mod tenant;

use std::{net::SocketAddr, path::PathBuf};

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use url::Url;
use wardgate_model::{
    Alias, GroupName, PrincipalId, Scope, SecretRef, ServerName, TenantId, ToolsetName,
};

pub use self::admin::{Admin, Grant, Holder};
pub use self::approvals::{Approvals, Webhook};
pub use self::tenant::{Egress, Issuer, Tenant, Workloads};
pub use crate::raw::{
    Era, LabOptions, Limits, Prefix, Timeouts, ValidateOutput,
    audit::{Audit, AuditLevel, OnError},
    limits::{Limit, LimitKey},
    sanitize::{Action, Sanitize},
    traits::{Risk, Tool},
};
use crate::{raw::RawSecretRef, units::Size};

/// What `serve` runs when there is no file.
pub const STARTER: &str = "servers:\n  lab: {lab: true}\n";

#[derive(Clone, Debug, Serialize)]
pub struct Config {
    pub gateway: Gateway,
    /// Patterns of Cedar files, from the directory of the config.
    pub policies: Vec<PathBuf>,
    /// In the order of the file; callers may be of others.
    pub tenants: Vec<Tenant>,
    /// Who may do what on the admin surface.
    pub roles: Vec<Grant>,
    /// In the order of the file.
    pub servers: Vec<Server>,
    /// In the order of the file.
    pub toolsets: Vec<Toolset>,
}

impl Config {
    /// Returns the configuration of a gateway without a file: loopback, and the built-in test server.
    pub fn starter() -> Config {
        let sources = crate::Sources {
            file: Some(crate::load::File::starter()),
            ..Default::default()
        };
        crate::load(&sources)
            .expect("the starter configuration is tested")
            .config
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Gateway {
    pub listen: SocketAddr,
    pub admin: Option<Admin>,
    pub environment: String,
    pub tls: Option<Tls>,
    pub hosts: Vec<String>,
    pub origins: Vec<String>,
    /// Canonical, without a path; empty where no client could be told one.
    pub public_url: String,
    pub egress: Egress,
    pub keys: Vec<Key>,
    pub anonymous: bool,
    #[serde(serialize_with = "maybe_reference")]
    pub seal_key: Option<SecretRef>,
    pub record: bool,
    pub audit: Audit,
    pub approvals: Approvals,
    pub sanitize: Sanitize,
    pub state: PathBuf,
    pub limits: Limits,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub client_ca: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Key {
    pub id: String,
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub toolsets: Option<Vec<ToolsetName>>,
    #[serde(serialize_with = "reference")]
    pub secret: SecretRef,
}

#[derive(Clone, Debug, Serialize)]
pub struct Server {
    pub name: ServerName,
    pub alias: Alias,
    /// `unversioned` when the config names none.
    pub version: String,
    pub endpoint: Endpoint,
    pub era: Era,
    pub timeouts: Timeouts,
    pub concurrency: usize,
    pub reply_max: Size,
    pub validate: bool,
    pub validate_output: ValidateOutput,
    pub sanitize: Sanitize,
    pub warm: bool,
    pub tools: IndexMap<String, Tool>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    Http(Web),
    Sse(Web),
    Stdio(Program),
    Lab(LabOptions),
}

/// A server reached over HTTP.
#[derive(Clone, Debug, Serialize)]
pub struct Web {
    #[serde(serialize_with = "address")]
    pub url: Url,
    pub headers: Vec<(String, Value)>,
    pub ca: Option<PathBuf>,
}

/// A server that is a child process.
#[derive(Clone, Debug, Serialize)]
pub struct Program {
    pub command: Vec<String>,
    pub env: Vec<(String, Value)>,
    pub inherit_env: Vec<String>,
    pub cwd: Option<PathBuf>,
}

/// A header or variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Plain(String),
    /// `prefix` (such as `Bearer `) followed by the secret.
    Secret {
        prefix: String,
        #[serde(serialize_with = "reference")]
        from: SecretRef,
    },
}

#[derive(Clone, Debug, Serialize)]
pub struct Toolset {
    pub name: ToolsetName,
    /// In the order of the toolset, or else of the file.
    pub servers: Vec<Alias>,
    /// Patterns `alias/tool`.
    pub tools: Vec<String>,
    pub hide: Vec<String>,
    pub prefix: Prefix,
    /// All of them.
    pub scopes: Vec<Scope>,
    pub read_only: bool,
    pub risk_max: Option<Risk>,
    /// Whose members may enter; `None` is everybody.
    pub groups: Option<Vec<GroupName>>,
    /// `None` is every one.
    pub environments: Option<Vec<String>>,
    pub sanitize: Sanitize,
}

fn reference<S: Serializer>(secret: &SecretRef, to: S) -> Result<S::Ok, S::Error> {
    RawSecretRef::from(secret).serialize(to)
}

fn maybe_reference<S: Serializer>(secret: &Option<SecretRef>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(RawSecretRef::from).serialize(to)
}

fn address<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(url.as_str())
}

impl From<&SecretRef> for RawSecretRef {
    fn from(secret: &SecretRef) -> RawSecretRef {
        match secret {
            SecretRef::Env(name) => RawSecretRef::Env(name.clone()),
            SecretRef::File(path) => RawSecretRef::File(path.to_string_lossy().into_owned()),
            SecretRef::Exec(command) => RawSecretRef::Exec(command.clone()),
        }
    }
}
