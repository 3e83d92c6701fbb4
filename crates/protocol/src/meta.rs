//! Per-request `_meta` of the modern era: reading it, adding it, taking it away.

use std::borrow::Cow;

use crate::{
    edit::{self, Change, Object},
    error::{self, RpcError},
    params::Lookup,
    raw::Raw,
    revision::{Era, Revision},
};

pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

const PROGRESS_TOKEN: &str = "progressToken";

/// What a modern request says about its sender.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    pub revision: Revision,
    pub client_capabilities: Raw,
    pub client_info: Option<Raw>,
    pub log_level: Option<String>,
}

/// Says whether the params carry the modern version key at all (whatever its value): the sign of a modern request.
pub fn is_modern(params: Option<&impl Lookup>) -> bool {
    params.is_some_and(|params| params.find(&["_meta", PROTOCOL_VERSION]).is_some())
}

/// Reads the required modern metadata. Optional fields that are malformed count as absent: they never decide anything.
///
/// # Errors
/// −32602 when a required field is missing or malformed, −32022 (with `supported`, `requested`) for an unknown or legacy version.
pub fn read(params: Option<&impl Lookup>) -> Result<RequestMeta, RpcError> {
    let params = params.ok_or_else(|| missing(PROTOCOL_VERSION))?;
    let meta = params
        .find(&["_meta"])
        .and_then(Object::parse)
        .ok_or_else(|| missing(PROTOCOL_VERSION))?;
    let string = |key| meta.get(key).and_then(edit::string);
    let object = |key| {
        meta.get(key)
            .filter(|value| value.starts_with('{'))
            .map(|value| params.share(value))
    };

    let version = string(PROTOCOL_VERSION).ok_or_else(|| missing(PROTOCOL_VERSION))?;
    let revision = Revision::parse(&version)
        .filter(|revision| revision.era() == Era::Modern)
        .ok_or_else(|| RpcError::unsupported_version(&version))?;
    Ok(RequestMeta {
        revision,
        client_capabilities: object(CLIENT_CAPABILITIES)
            .ok_or_else(|| missing(CLIENT_CAPABILITIES))?,
        client_info: object(CLIENT_INFO),
        log_level: string(LOG_LEVEL).map(Cow::into_owned),
    })
}

fn missing(key: &str) -> RpcError {
    RpcError::new(error::INVALID_PARAMS, format!("_meta needs `{key}`"))
}

/// Returns params with the modern reserved keys set (for a legacy client's call to a modern upstream). Other `_meta` keys stay;
/// a reserved key that `meta` has no value for is taken out, whoever set it.
pub fn add(params: Option<&Raw>, meta: &RequestMeta) -> Raw {
    let version = edit::quote(meta.revision.as_str());
    let log_level = meta.log_level.as_deref().map(edit::quote);
    let changes = [
        Change::Set(PROTOCOL_VERSION, &version),
        set_or_remove(CLIENT_INFO, meta.client_info.as_ref().map(Raw::as_str)),
        Change::Set(CLIENT_CAPABILITIES, meta.client_capabilities.as_str()),
        set_or_remove(LOG_LEVEL, log_level.as_deref()),
    ];
    change_meta(params, &changes)
}

/// Returns params without the `io.modelcontextprotocol/` request keys; an emptied `_meta` is removed. `progressToken`, trace and vendor keys stay.
pub fn strip(params: &Raw) -> Raw {
    const REQUEST_KEYS: [&str; 4] = [
        PROTOCOL_VERSION,
        CLIENT_CAPABILITIES,
        CLIENT_INFO,
        LOG_LEVEL,
    ];
    let Some(text) = edit::retain(params.as_str(), &["_meta"], |key| {
        !REQUEST_KEYS.contains(&key)
    }) else {
        return params.clone();
    };
    let is_empty = edit::get(&text, &["_meta"])
        .and_then(Object::parse)
        .is_some_and(|meta| meta.iter().next().is_none());
    Raw::trusted(if is_empty {
        edit::apply(&text, &[Change::Remove("_meta")])
    } else {
        text
    })
}

/// Returns the raw progress token (`params._meta.progressToken`), a JSON string or number.
pub fn progress_token(params: Option<&impl Lookup>) -> Option<Raw> {
    let params = params?;
    let token = params.find(&["_meta", PROGRESS_TOKEN])?;
    token
        .starts_with(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        .then(|| params.share(token))
}

/// Returns params with `_meta.progressToken` set to this JSON text, or removed for `None`.
pub fn with_progress_token(params: Option<&Raw>, token: Option<&str>) -> Raw {
    match (params, token) {
        (_, Some(token)) => change_meta(params, &[Change::Set(PROGRESS_TOKEN, token)]),
        (Some(raw), None) if edit::get(raw.as_str(), &["_meta", PROGRESS_TOKEN]).is_none() => {
            raw.clone()
        }
        (Some(_), None) => change_meta(params, &[Change::Remove(PROGRESS_TOKEN)]),
        (None, None) => Raw::trusted("{}"),
    }
}

fn set_or_remove<'a>(key: &'a str, value: Option<&'a str>) -> Change<'a> {
    value.map_or(Change::Remove(key), |value| Change::Set(key, value))
}

pub(crate) fn change_meta(params: Option<&Raw>, changes: &[Change<'_>]) -> Raw {
    let params = params.map_or("{}", Raw::as_str);
    let meta = Object::parse(params)
        .and_then(|object| object.get("_meta"))
        .unwrap_or("{}");
    Raw::trusted(edit::apply(
        params,
        &[Change::Set("_meta", &edit::apply(meta, changes))],
    ))
}
