//! What may stand in `wardgate.yaml`, key by key. The doc comments here are the reference an operator reads:
//! the JSON Schema and `docs/config.md` are generated from them.
//!
//! Not here: what a schema cannot say (see `check`), and the typed result (see [`crate::config`]).

pub mod approvals;
pub mod audit;
pub mod limits;
pub mod roles;
pub mod sanitize;
pub mod tenant;
pub mod traits;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    approvals::RawApprovals,
    audit::Audit,
    roles::RawRoles,
    sanitize::Sanitize,
    tenant::{RawEgress, RawTenant},
    traits::{Risk, Tool},
};
use crate::units::{Size, Span};

/// A Wardgate configuration. Relative paths are relative to the directory of the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wardgate.yaml")]
pub struct RawConfig {
    /// The gateway itself: where it listens, who may call, its limits.
    #[serde(default)]
    pub gateway: RawGateway,
    /// Files that belong to the configuration, as patterns such as `policies/*.cedar`. With policies, a call is denied unless one permits it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// The tenants that callers belong to. Callers whom nothing puts into a tenant are of `local`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tenants: IndexMap<String, RawTenant>,
    /// The MCP servers behind the gateway, by name: `com.acme/payments`, or plain `time`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub servers: IndexMap<String, RawServer>,
    /// The views that clients connect to, each at `/mcp/{name}`. Without this section there is one, `default`, over every server. `/mcp` serves the one named `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolsets: Option<IndexMap<String, RawToolset>>,
}

/// The gateway itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawGateway {
    /// Address and port of the data listener. Off loopback, TLS is required, and keys, issuers or client certificates by which callers are told apart.
    #[schemars(extend("format" = "wardgate-address"))]
    pub listen: String,
    /// Address and port of the admin API, or `off`. By default on loopback, at the port after the data listener's. Off loopback as `listen`; there it speaks TLS with `tls`, on loopback plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "wardgate-address-or-off"))]
    pub admin: Option<String>,
    /// Who may do what on the admin API, over every tenant; see `tenants.<name>.roles`. While nobody can be known (no keys, issuers or certificates), whoever is on this machine may do everything.
    #[serde(skip_serializing_if = "RawRoles::is_empty")]
    pub roles: RawRoles,
    /// Name of the environment. In `dev`, a caller on loopback may name the principal it acts as.
    #[schemars(length(min = 1))]
    pub environment: String,
    /// Certificate of the listener; it speaks TLS when this is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<RawTls>,
    /// Host names, without port, that a request may name besides loopback names and the listen address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Origins a browser page may call from, such as `https://app.example.com`, besides the listener's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Address at which clients reach the gateway, such as `https://mcp.example.com`; its host may be named by requests. By default the listen address. The resource that tokens are made for is this, then `/mcp` or `/mcp/{toolset}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Where the gateway's own requests may go.
    pub egress: RawEgress,
    /// API keys that callers present as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<RawKey>,
    /// Whether callers without a credential are let in, as principal `anonymous`. By default they are on loopback while there is no other way to be known. Refused off loopback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous: Option<bool>,
    /// Secret that seals session ids; replicas share it. Without it, sessions end with the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<RawSecretRef>,
    /// Whether calls leave records. What follows from records, such as verification, needs them.
    pub record: bool,
    /// What records keep, and what happens when they cannot be written.
    pub audit: Audit,
    /// How calls that need an approval wait for it.
    pub approvals: RawApprovals,
    /// What is done about what servers send, where no server, toolset or tool says otherwise.
    pub sanitize: Sanitize,
    /// Directory for what the gateway keeps.
    #[schemars(length(min = 1))]
    pub state: String,
    /// Caps of the listener.
    pub limits: Limits,
}

impl Default for RawGateway {
    fn default() -> RawGateway {
        RawGateway {
            listen: "127.0.0.1:8080".into(),
            admin: None,
            roles: RawRoles::default(),
            environment: "dev".into(),
            tls: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            public_url: None,
            egress: RawEgress::default(),
            keys: Vec::new(),
            anonymous: None,
            seal_key: None,
            record: true,
            audit: Audit::default(),
            approvals: RawApprovals::default(),
            sanitize: Sanitize::default(),
            state: "wardgate-data".into(),
            limits: Limits::default(),
        }
    }
}

/// Certificate of the listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawTls {
    /// PEM file of the certificate chain.
    #[schemars(length(min = 1))]
    pub cert: String,
    /// PEM file of the private key.
    #[schemars(length(min = 1))]
    pub key: String,
    /// PEM file of the authorities whose client certificates are accepted. A client need not have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub client_ca: Option<String>,
}

/// One API key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawKey {
    /// Name of the key in records; unique.
    #[schemars(length(min = 1))]
    pub id: String,
    /// Tenant the caller belongs to.
    #[serde(default = "local")]
    #[schemars(length(min = 1))]
    pub tenant: String,
    /// Who the caller is.
    #[schemars(length(min = 1))]
    pub principal: String,
    /// Toolsets this key may reach. By default every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolsets: Option<Vec<String>>,
    /// The key itself, by reference.
    pub secret: RawSecretRef,
}

fn local() -> String {
    "local".into()
}

/// Caps of the listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one request body.
    pub body: Size,
    /// Bytes of all headers of one request.
    pub headers: Size,
    /// Open connections.
    #[schemars(range(min = 1))]
    pub connections: usize,
    /// Open connections from one address.
    #[schemars(range(min = 1))]
    pub connections_per_ip: usize,
    /// Bytes of request bodies being read at one time, over all connections.
    pub buffered: Size,
    /// Time for a client to send its headers.
    pub header_timeout: Span,
    /// Time for a client to send its body.
    pub body_timeout: Span,
    /// Time an answer may wait for a client that does not read.
    pub write_stall_timeout: Span,
    /// Time after which a session ends and its client opens another.
    pub session_lifetime: Span,
    /// Open sessions.
    #[schemars(range(min = 1))]
    pub sessions: usize,
    /// Open event streams of one caller.
    #[schemars(range(min = 1))]
    pub streams_per_caller: usize,
    /// Time between saying "not ready" and refusing new connections on shutdown; may be `0s`.
    #[schemars(extend("format" = "wardgate-duration-or-zero"))]
    pub drain_delay: Span,
    /// Time that calls under way get to end on shutdown.
    pub drain_timeout: Span,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: Size(4 << 20),
            headers: Size(32 << 10),
            connections: 4096,
            connections_per_ip: 2048,
            buffered: Size(256 << 20),
            header_timeout: Span::secs(10),
            body_timeout: Span::secs(30),
            write_stall_timeout: Span::secs(30),
            session_lifetime: Span::secs(24 * 3600),
            sessions: 100_000,
            streams_per_caller: 4096,
            drain_delay: Span::millis(200),
            drain_timeout: Span::secs(30),
        }
    }
}

/// One MCP server. Exactly one of `url`, `sse`, `command`, `lab` and `versions` says how it is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawServer {
    /// Short name, the part before the slash in `pay/refund_create`. By default the last part of the server's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(flatten)]
    pub endpoint: RawEndpoint,
    /// The server's versions, each with its own endpoint; the one with `default: true` is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<IndexMap<String, RawVersion>>,
    /// Era to speak: `auto` mirrors the client's where the server speaks both.
    #[serde(default)]
    pub era: Era,
    /// Deadlines.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Calls that may be under way on this server at one time.
    #[serde(default = "concurrency")]
    #[schemars(range(min = 1))]
    pub concurrency: usize,
    /// Bytes of one answer or event.
    #[serde(default = "reply_max")]
    pub reply_max: Size,
    /// Whether arguments are checked against the tool's input schema.
    #[serde(default = "yes")]
    pub validate: bool,
    /// What is done about structured results that do not fit the tool's output schema: nothing, told to the client and in the
    /// record, or answered as a failure of the server.
    #[serde(default)]
    pub validate_output: ValidateOutput,
    /// What is done about what the server sends, also in its lists.
    #[serde(default)]
    pub sanitize: Sanitize,
    /// Whether the server is connected when the gateway starts, not at the first call.
    #[serde(default)]
    pub warm: bool,
    /// What is known of its tools, by the name the server gives them.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tools: IndexMap<String, Tool>,
}

impl Default for RawServer {
    fn default() -> RawServer {
        RawServer {
            alias: None,
            endpoint: RawEndpoint::default(),
            versions: None,
            era: Era::Auto,
            timeouts: Timeouts::default(),
            concurrency: concurrency(),
            reply_max: reply_max(),
            validate: true,
            validate_output: ValidateOutput::default(),
            sanitize: Sanitize::default(),
            warm: false,
            tools: IndexMap::new(),
        }
    }
}

/// One version of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawVersion {
    #[serde(flatten)]
    pub endpoint: RawEndpoint,
    /// Whether this is the version that is served. Not needed when it is the only one.
    #[serde(default)]
    pub default: bool,
}

/// How a server is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawEndpoint {
    /// Address of a Streamable HTTP endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Address of the event stream of an HTTP+SSE server (revision 2024-11-05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sse: Option<String>,
    /// Program to start and its arguments; it speaks MCP on standard input and output. No shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub command: Option<Vec<String>>,
    /// The built-in test server: `true`, or its options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab: Option<RawLab>,
    /// Headers sent with each request. What is secret must be a reference.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, RawValue>,
    /// Credential sent with each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<RawAuth>,
    /// Environment of the program. What is secret must be a reference.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, RawValue>,
    /// Names of the gateway's own variables that the program inherits besides `PATH`, `HOME` and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherit_env: Vec<String>,
    /// Working directory of the program. By default the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub cwd: Option<String>,
    /// Whom to trust when connecting over TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RawTrust>,
}

/// Credential sent with each request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawAuth {
    /// Sent as `Authorization: Bearer`.
    pub token: RawSecretRef,
}

/// Whom to trust when connecting over TLS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawTrust {
    /// PEM file of the authorities to trust instead of the system's.
    #[schemars(length(min = 1))]
    pub ca: String,
}

/// The built-in test server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawLab {
    Plain(bool),
    Options(LabOptions),
}

/// Options of the built-in test server; see `wardgate lab --help`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LabOptions {
    /// Whether it offers the fixtures of the conformance suite instead of its own tools.
    pub conformance: bool,
    /// Era it speaks.
    pub era: Era,
    /// File that gets one line per side effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub effects: Option<String>,
    /// Seeded faults, such as `latency=500ms@20%,error=5%,seed=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub fault: Option<String>,
    /// Change to its tools' contracts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub mutate: Option<String>,
    /// Version it says it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub version: Option<String>,
}

/// A header or variable: plain text, or a reference to a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawValue {
    Plain(String),
    Secret(RawSecretRef),
}

/// Where a secret comes from: `{env: NAME}`, `{file: PATH}` or `{exec: [PROGRAM, ARGUMENT…]}`. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-wardgate" = "secret"))]
pub enum RawSecretRef {
    /// An environment variable of the gateway.
    Env(#[schemars(length(min = 1))] String),
    /// A file; one trailing line feed is dropped.
    File(#[schemars(length(min = 1))] String),
    /// A program and its arguments, without a shell; its standard output, one trailing line feed dropped.
    Exec(#[schemars(length(min = 1))] Vec<String>),
}

/// Era of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    #[default]
    Auto,
    Legacy,
    Modern,
}

/// What is done about results that do not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidateOutput {
    Off,
    #[default]
    Flag,
    Block,
}

/// Deadlines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Timeouts {
    /// Time to connect, or to start the program and greet it.
    pub connect: Span,
    /// Time for a whole call, whatever progress is reported.
    pub call: Span,
    /// Time a list waits for this server before it answers without it.
    pub list: Span,
    /// Time a call waits for a person before it is given up.
    pub interaction: Span,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Span::secs(5),
            call: Span::secs(60),
            list: Span::secs(10),
            interaction: Span::secs(300),
        }
    }
}

/// A view of the servers' tools.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawToolset {
    /// Servers it shows, by name or alias. By default those that `tools` names, or every one; an empty list is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servers: Option<Vec<String>>,
    /// Patterns `alias/tool` of what it shows, such as `crm/*`. By default everything of its servers; an empty list is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// Patterns `alias/tool` of what it hides, whatever `tools` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
    /// Whether exposed names carry `alias__`: `auto` means only when there is more than one server.
    pub prefix: Prefix,
    /// Scopes that a token must have, all of them, to enter. Keys and certificates have no scopes and need none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether it shows only tools that an operator marked `read_only`, whatever servers claim.
    pub read_only: bool,
    /// Worst risk of a tool it shows. A tool whose risk nobody has said is `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_max: Option<Risk>,
    /// Groups whose members may enter. To others the toolset does not exist. By default everybody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Environments in which it is served; see `gateway.environment`. By default every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// What is done about what its clients are sent, apart from lists.
    pub sanitize: Sanitize,
}

/// Whether exposed names carry `alias__`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prefix {
    #[default]
    Auto,
    Always,
    Never,
}

fn yes() -> bool {
    true
}
fn concurrency() -> usize {
    1024
}
fn reply_max() -> Size {
    Size(16 << 20)
}
