//! Decisions about the gateway itself.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use wardgate_model::{PrincipalId, SecretRef, TenantId, ToolsetName};

use crate::{admin::Admin, approvals::Approvals, audit::Audit};

#[derive(Clone, Debug)]
pub struct Gateway {
    pub environment: String,
    pub listen: SocketAddr,
    /// `None` has no admin surface.
    pub admin: Option<Admin>,
    /// The listener speaks TLS when set.
    pub tls: Option<Tls>,
    /// Host names (without port) a request may name besides loopback names and the listen address.
    pub hosts: Vec<String>,
    /// Exact origins a browser page may call from, besides loopback origins of this listener.
    pub origins: Vec<String>,
    /// Callers without a credential are let in as principal `anonymous`; only ever true on loopback.
    pub anonymous: bool,
    /// A loopback caller may name the principal it acts as (`Wardgate-As`); only in `environment: dev`.
    pub assume: bool,
    pub keys: Vec<ApiKey>,
    pub caps: Caps,
    /// Tenant of anonymous and stdio callers.
    pub tenant: TenantId,
    /// Whether calls leave records.
    pub record: bool,
    pub audit: Audit,
    pub approvals: Approvals,
    /// Seals session ids; replicas share it. Random per process when absent.
    pub seal_key: Option<SecretRef>,
}

/// The listener's files, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub chain: PathBuf,
    pub key: PathBuf,
    /// Who signs client certificates; none are asked for without.
    pub client_ca: Option<PathBuf>,
}

/// A static API key: compared by value in constant time after the reference is resolved.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: String,
    pub tenant: TenantId,
    pub principal: PrincipalId,
    /// Toolsets this key may reach; `None` means every one.
    pub toolsets: Option<Vec<ToolsetName>>,
    pub secret: SecretRef,
}

/// Caps of the listener. All finite.
#[derive(Clone, Debug)]
pub struct Caps {
    pub body_bytes_max: usize,
    pub header_bytes_max: usize,
    pub connections_max: usize,
    pub connections_per_ip_max: usize,
    /// Bytes of request bodies being read at one time, over all connections.
    pub buffered_bytes_max: usize,
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    pub write_stall_timeout: Duration,
    pub session_lifetime: Duration,
    pub sessions_max: usize,
    pub streams_per_caller_max: usize,
    pub drain_delay: Duration,
    pub drain_timeout: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Caps {
            body_bytes_max: 4 << 20,
            header_bytes_max: 32 << 10,
            connections_max: 4096,
            connections_per_ip_max: 2048,
            buffered_bytes_max: 256 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_stall_timeout: Duration::from_secs(30),
            session_lifetime: Duration::from_secs(24 * 3600),
            sessions_max: 100_000,
            streams_per_caller_max: 4096,
            drain_delay: Duration::from_millis(200),
            drain_timeout: Duration::from_secs(30),
        }
    }
}
