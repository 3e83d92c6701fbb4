//! Per-request `_meta` of the modern era: reading it, adding it, taking it away.

use crate::{error::RpcError, raw::Raw, revision::Revision};

pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What a modern request says about its sender.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    pub revision: Revision,
    pub client_capabilities: Raw,
    pub client_info: Option<Raw>,
    pub log_level: Option<String>,
}

/// Says whether the params carry the modern version key at all (whatever its value): the sign of a modern request.
pub fn is_modern(params: Option<&Raw>) -> bool {
    todo!("{params:?}")
}

/// Reads the required modern metadata.
///
/// # Errors
/// −32602 when a required field is missing or malformed, −32022 (with `supported`, `requested`) for an unknown or legacy version.
pub fn read(params: Option<&Raw>) -> Result<RequestMeta, RpcError> {
    todo!("{params:?}")
}

/// Returns params with the modern reserved keys set (for a legacy client's call to a modern upstream). Other `_meta` keys stay.
pub fn add(params: Option<&Raw>, meta: &RequestMeta) -> Raw {
    todo!("{params:?}{meta:?}")
}

/// Returns params without the `io.modelcontextprotocol/` request keys; an emptied `_meta` is removed. `progressToken`, trace and vendor keys stay.
pub fn strip(params: &Raw) -> Raw {
    todo!("{params:?}")
}

/// Returns the raw progress token (`params._meta.progressToken`), a JSON string or number.
pub fn progress_token(params: Option<&Raw>) -> Option<Raw> {
    todo!("{params:?}")
}

/// Returns params with `_meta.progressToken` set, or removed for `None`.
pub fn with_progress_token(params: Option<&Raw>, token: Option<&str>) -> Raw {
    todo!("{params:?}{token:?}")
}
