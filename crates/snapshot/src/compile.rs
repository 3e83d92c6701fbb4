//! Config → Snapshot: a pure function. Every name is resolved already; what is left is to put each decision
//! where the data plane looks for it, and to name the result by a digest.

use std::{collections::BTreeMap, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Serialize;
use url::{Host, Url};
use wardgate_config::{self as config, Config};
use wardgate_identity::{AliasClash, NotASpiffeId, ProtectedResource, ResourceFault};
use wardgate_model::{Risk, TenantId};
use wardgate_policy::{Authorizer, Policies};
use wardgate_sanitize::{Place, RulesFault};

use crate::{
    ApiKey, Approvals, Audit, Caps, Endpoint, EraPin, Gateway, HeaderValue, Prefix, Server,
    Snapshot, Tenants, Timeouts, Tls, TlsTrust, Toolset, ValidateOutput, admin, limits,
    sanitize::{Rulebook, Rulebooks},
    tenant, traits,
};

/// Stands in a command for the gateway's own program; the composition root puts the real path there.
pub const SELF: &str = "wardgate-self";

/// Tenant of callers that no key names.
const LOCAL: &str = "local";

/// Why a config cannot be obeyed. A config that [`wardgate_config::load`] returned never causes one.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("pattern `{pattern}` of toolset `{toolset}` cannot be read")]
    Pattern {
        toolset: String,
        pattern: String,
        source: globset::Error,
    },
    #[error(transparent)]
    Workloads(#[from] NotASpiffeId),
    #[error(transparent)]
    Aliases(#[from] AliasClash),
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    #[error(transparent)]
    Sanitize(#[from] RulesFault),
    #[error(transparent)]
    Limit(#[from] wardgate_limit::RuleFault),
    #[error("the config has no canonical form")]
    Canonical(#[from] serde_json::Error),
}

/// Returns the decisions that follow from a config and its policies. Equal ones give equal revisions.
///
/// # Errors
/// Every fault, see [`CompileError`].
pub fn compile(
    config: &Config,
    policies: Option<Arc<Policies>>,
) -> Result<Snapshot, Vec<CompileError>> {
    let rules = policies.as_ref().map(|policies| policies.revision());
    let revision = digest_of(&(config, rules)).map_err(|fault| vec![fault.into()])?;
    let mut faults = Vec::new();
    let mut servers = BTreeMap::new();
    for server in &config.servers {
        match compile_server(server, &config.gateway.sanitize) {
            Ok(server) => drop(servers.insert(server.alias.clone(), Arc::new(server))),
            Err(fault) => faults.push(fault),
        }
    }
    let tenants = tenant::compile(&config.tenants, &config.roles).unwrap_or_else(|fault| {
        faults.push(fault);
        Tenants::default()
    });
    let mut toolsets = BTreeMap::new();
    for toolset in config
        .toolsets
        .iter()
        .filter(|toolset| is_served(toolset, config))
    {
        match compile_toolset(toolset, config, &tenants, policies.clone()) {
            Ok(toolset) => drop(toolsets.insert(toolset.name.clone(), Arc::new(toolset))),
            Err(fault) => faults.push(fault),
        }
    }
    let limits = limits::compile(&config.tenants).unwrap_or_else(|found| {
        faults.extend(found.into_iter().map(CompileError::from));
        wardgate_limit::Rules::default()
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Snapshot {
        revision,
        gateway: compile_gateway(config),
        tenants,
        servers,
        toolsets,
        limits,
        authorizer: policies.map(|policies| Authorizer::new(policies, [])),
    })
}

/// SHA-256 of the canonical form, in lower-case hex.
pub(crate) fn digest_of(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let hash = digest(&SHA256, &serde_json::to_vec(value)?);
    Ok(hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn compile_gateway(config: &Config) -> Gateway {
    let gateway = &config.gateway;
    let loopback = gateway.listen.ip().is_loopback();
    Gateway {
        environment: gateway.environment.clone(),
        listen: gateway.listen,
        admin: admin::compile(config),
        tls: gateway.tls.as_ref().map(|tls| Tls {
            chain: tls.cert.clone(),
            key: tls.key.clone(),
            client_ca: tls.client_ca.clone(),
        }),
        hosts: hosts(gateway),
        origins: gateway.origins.clone(),
        anonymous: gateway.anonymous && loopback,
        // Where a key is demanded, naming a principal must not take its place.
        assume: gateway.environment == "dev" && gateway.anonymous && loopback,
        keys: gateway.keys.iter().map(compile_key).collect(),
        caps: compile_caps(&gateway.limits),
        tenant: TenantId::new(LOCAL),
        record: gateway.record,
        audit: Audit::compile(&gateway.audit),
        approvals: Approvals::compile(&gateway.approvals),
        seal_key: gateway.seal_key.clone(),
    }
}

/// A name that clients are told must be one they may use. An address is judged together with its port, as the listener's own.
fn hosts(gateway: &config::Gateway) -> Vec<String> {
    let mut hosts = gateway.hosts.clone();
    if let Ok(url) = Url::parse(&gateway.public_url)
        && let Some(Host::Domain(name)) = url.host()
    {
        hosts.push(name.to_owned());
    }
    hosts
}

fn compile_key(key: &config::Key) -> ApiKey {
    ApiKey {
        id: key.id.clone(),
        tenant: key.tenant.clone(),
        principal: key.principal.clone(),
        toolsets: key.toolsets.clone(),
        secret: key.secret.clone(),
    }
}

fn compile_caps(limits: &config::Limits) -> Caps {
    Caps {
        body_bytes_max: limits.body.0,
        header_bytes_max: limits.headers.0,
        connections_max: limits.connections,
        connections_per_ip_max: limits.connections_per_ip,
        buffered_bytes_max: limits.buffered.0,
        header_timeout: limits.header_timeout.0,
        body_timeout: limits.body_timeout.0,
        write_stall_timeout: limits.write_stall_timeout.0,
        session_lifetime: limits.session_lifetime.0,
        sessions_max: limits.sessions,
        streams_per_caller_max: limits.streams_per_caller,
        drain_delay: limits.drain_delay.0,
        drain_timeout: limits.drain_timeout.0,
    }
}

fn compile_server(
    server: &config::Server,
    widest: &config::Sanitize,
) -> Result<Server, CompileError> {
    Ok(Server {
        name: server.name.clone(),
        alias: server.alias.clone(),
        version: server.version.clone(),
        endpoint: compile_endpoint(&server.endpoint),
        era: era(server.era),
        timeouts: Timeouts {
            connect: server.timeouts.connect.0,
            call: server.timeouts.call.0,
            list: server.timeouts.list.0,
            interaction: server.timeouts.interaction.0,
        },
        concurrency_max: server.concurrency,
        reply_bytes_max: server.reply_max.0,
        validate: server.validate,
        validate_output: validate_output(server.validate_output),
        metadata: Rulebook::compile(Place::Metadata, &[*widest], server, &[])?,
        warm: server.warm,
        tools: traits::compile(&server.tools),
        // Lines carry the whole definition and their lists with them, so any change makes new ones.
        digest: digest_of(&(server, widest))?.into(),
    })
}

fn era(era: config::Era) -> EraPin {
    match era {
        config::Era::Auto => EraPin::Auto,
        config::Era::Legacy => EraPin::Legacy,
        config::Era::Modern => EraPin::Modern,
    }
}

fn validate_output(output: config::ValidateOutput) -> ValidateOutput {
    match output {
        config::ValidateOutput::Off => ValidateOutput::Off,
        config::ValidateOutput::Flag => ValidateOutput::Flag,
        config::ValidateOutput::Block => ValidateOutput::Block,
    }
}

fn compile_endpoint(endpoint: &config::Endpoint) -> Endpoint {
    match endpoint {
        config::Endpoint::Http(web) => Endpoint::Http {
            url: web.url.clone(),
            headers: values(&web.headers),
            tls: trust(web),
        },
        config::Endpoint::Sse(web) => Endpoint::Sse {
            url: web.url.clone(),
            headers: values(&web.headers),
            tls: trust(web),
        },
        config::Endpoint::Stdio(program) => Endpoint::Stdio {
            command: program.command.clone(),
            env: values(&program.env),
            inherit_env: program.inherit_env.clone(),
            cwd: program.cwd.clone(),
        },
        config::Endpoint::Lab(options) => Endpoint::Stdio {
            command: lab_command(options),
            env: Vec::new(),
            inherit_env: Vec::new(),
            cwd: None,
        },
    }
}

fn trust(web: &config::config::Web) -> TlsTrust {
    TlsTrust { ca: web.ca.clone() }
}

fn values(values: &[(String, config::Value)]) -> Vec<(String, HeaderValue)> {
    let value = |value: &config::Value| match value {
        config::Value::Plain(text) => HeaderValue::Plain(text.clone()),
        config::Value::Secret { prefix, from } => HeaderValue::Secret {
            prefix: prefix.clone(),
            from: from.clone(),
        },
    };
    values
        .iter()
        .map(|(name, one)| (name.clone(), value(one)))
        .collect()
}

/// Spells the options as `wardgate lab` takes them.
fn lab_command(options: &config::config::LabOptions) -> Vec<String> {
    let mut command: Vec<String> = [SELF, "lab", "--stdio"].map(String::from).into();
    if options.conformance {
        command.push("--conformance".into());
    }
    let era = match options.era {
        config::Era::Auto => None,
        config::Era::Legacy => Some("legacy".to_owned()),
        config::Era::Modern => Some("modern".to_owned()),
    };
    let valued = [
        ("--era", &era),
        ("--effects", &options.effects),
        ("--fault", &options.fault),
        ("--mutate", &options.mutate),
        ("--version", &options.version),
    ];
    for (flag, value) in valued {
        // One argument each, so that a value that begins with a dash is still a value.
        command.extend(value.as_ref().map(|value| format!("{flag}={value}")));
    }
    command
}

fn is_served(toolset: &config::Toolset, config: &Config) -> bool {
    let environments = toolset.environments.as_ref();
    environments.is_none_or(|names| names.contains(&config.gateway.environment))
}

fn is_bounded(toolset: &config::Toolset) -> bool {
    let shows_all = |alias| toolset.tools.contains(&format!("{alias}/*"));
    let is_whole = toolset.servers.iter().all(shows_all) && toolset.hide.is_empty();
    !is_whole || toolset.read_only || toolset.risk_max.is_some()
}

fn compile_toolset(
    toolset: &config::Toolset,
    config: &Config,
    tenants: &Tenants,
    policies: Option<Arc<Policies>>,
) -> Result<Toolset, CompileError> {
    let public_url = &config.gateway.public_url;
    let uri = match toolset.name.as_str() {
        "default" => format!("{public_url}/mcp"),
        name => format!("{public_url}/mcp/{name}"),
    };
    let set = |patterns: &[String]| patterns_of(toolset.name.as_str(), patterns);
    Ok(Toolset {
        name: toolset.name.clone(),
        servers: toolset.servers.clone(),
        is_bounded: is_bounded(toolset),
        show: set(&toolset.tools)?,
        hide: set(&toolset.hide)?,
        prefix: match toolset.prefix {
            config::Prefix::Auto => Prefix::Auto,
            config::Prefix::Always => Prefix::Always,
            config::Prefix::Never => Prefix::Never,
        },
        read_only: toolset.read_only,
        risk_max: toolset.risk_max.map_or(Risk::Critical, traits::risk),
        groups: toolset.groups.clone(),
        scopes: toolset.scopes.clone(),
        resource: match tenants.issuers_of(&toolset.name) {
            issuers if issuers.is_empty() => None,
            issuers => Some(ProtectedResource::new(
                &uri,
                issuers,
                toolset.scopes.clone(),
            )?),
        },
        uri,
        policies,
        sanitize: Rulebooks::compile(toolset, config)?,
    })
}

/// A star crosses slashes: `crm/*` is every tool of `crm`, whatever characters its server put in the name.
fn patterns_of(toolset: &str, patterns: &[String]) -> Result<GlobSet, CompileError> {
    let fault = |pattern: &str, source| CompileError::Pattern {
        toolset: toolset.into(),
        pattern: pattern.into(),
        source,
    };
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(Glob::new(pattern).map_err(|source| fault(pattern, source))?);
    }
    builder.build().map_err(|source| fault("", source))
}
