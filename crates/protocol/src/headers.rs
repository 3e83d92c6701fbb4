//! The mirrored headers of 2026-07-28 (`Mcp-Method`, `Mcp-Name`, `Mcp-Param-*`): encoding, decoding, and header = body.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    edit,
    error::{HEADER_MISMATCH, RpcError},
    frame::Frame,
    meta,
    method::Method,
    param_headers::ParamHeader,
    params::Lookup,
};

pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
pub const METHOD: &str = "mcp-method";
pub const NAME: &str = "mcp-name";
pub const PARAM_PREFIX: &str = "mcp-param-";
pub const SESSION_ID: &str = "mcp-session-id";

const SENTINEL_OPEN: &str = "=?base64?";
const SENTINEL_CLOSE: &str = "?=";

/// Encodes a value for a mirrored header: itself when plain visible ASCII (inner spaces and tabs allowed), else `=?base64?…?=`.
pub fn encode(value: &str) -> Cow<'_, str> {
    let is_plain = value.bytes().all(is_plain_byte)
        && value.trim_matches([' ', '\t']) == value
        && sentinel(value).is_none();
    if is_plain {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(format!(
            "{SENTINEL_OPEN}{}{SENTINEL_CLOSE}",
            STANDARD.encode(value)
        ))
    }
}

/// Decodes a mirrored header value. White space around it is not part of it (RFC 9110 §5.5).
///
/// # Errors
/// A sentence without the value: bad padding, not UTF-8, marker in the wrong case, control characters outside the sentinel.
pub fn decode(value: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    let plain = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(is_plain_byte));
    let text = plain
        .ok_or("is not visible ASCII")?
        .trim_matches([' ', '\t']);
    let Some((open, encoded)) = sentinel(text) else {
        return Ok(Cow::Borrowed(text));
    };
    if open != SENTINEL_OPEN {
        return Err("has the base64 marker in the wrong case");
    }
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| "is not valid base64")?;
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| "is not UTF-8 inside base64")
}

fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// Splits a value that looks encoded, whatever the marker's case, into its marker and its inside.
fn sentinel(value: &str) -> Option<(&str, &str)> {
    let (open, rest) = value.split_at_checked(SENTINEL_OPEN.len())?;
    let inside = rest.strip_suffix(SENTINEL_CLOSE)?;
    open.eq_ignore_ascii_case(SENTINEL_OPEN)
        .then_some((open, inside))
}

/// Read access to request headers, so that this crate needs no HTTP types. Names are lower case.
pub trait HeaderView {
    /// Returns the value of `name`, or how often it is sent when that is not once.
    fn only(&self, name: &str) -> Result<&[u8], NotOnce>;
    /// Returns every value of `name`, for headers that are lists.
    fn all(&self, name: &str) -> Vec<&[u8]>;
}

/// A header that does not have exactly one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOnce {
    Absent,
    Repeated,
}

/// Checks `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name` against the body. Each required, once, equal after decoding.
/// A body without a version is left to [`meta::read`], a name that is missing in the body and in the headers to the method's own checks.
///
/// # Errors
/// −32020 naming the header.
pub fn check_standard(view: &dyn HeaderView, frame: &Frame) -> Result<(), RpcError> {
    let method = frame.method().unwrap_or_default();
    let param = |path: &[&str]| {
        frame
            .lookup()
            .and_then(|params| params.find(path))
            .map(edit::string)
    };

    let version = required(view, PROTOCOL_VERSION, "MCP-Protocol-Version")?;
    if let Some(in_body) = param(&["_meta", meta::PROTOCOL_VERSION])
        && in_body.as_deref() != Some(version)
    {
        return Err(mismatch("MCP-Protocol-Version", "does not match the body"));
    }
    if required(view, METHOD, "Mcp-Method")? != method {
        return Err(mismatch("Mcp-Method", "does not match the body"));
    }
    if let Some(key) = Method::parse(method).name_key() {
        let in_body = param(&[key]).flatten();
        check_mirrored(
            view,
            NAME,
            "Mcp-Name",
            in_body.as_deref(),
            |header, body| header == body,
        )?;
    }
    Ok(())
}

/// Checks `Mcp-Param-*` for a `tools/call` against the arguments, by the tool's declared headers. Headers the schema does not
/// declare are ignored; a declared one must be present exactly when the argument is present and not null, and equal
/// (integers numerically).
///
/// # Errors
/// −32020 naming the header.
pub fn check_params(
    view: &dyn HeaderView,
    frame: &Frame,
    declared: &[ParamHeader],
) -> Result<(), RpcError> {
    let arguments = frame
        .lookup()
        .and_then(|params| params.find(&["arguments"]))
        .unwrap_or("{}");
    for header in declared {
        let name = format!("{PARAM_PREFIX}{}", header.name.to_ascii_lowercase());
        let shown = format!("Mcp-Param-{}", header.name);
        check_mirrored(
            view,
            &name,
            &shown,
            header.value(arguments).as_deref(),
            |sent, expected| header.is_same(sent, expected),
        )?;
    }
    Ok(())
}

/// Checks one header: absent when the body has no value for it, else sent once and the same.
fn check_mirrored(
    view: &dyn HeaderView,
    name: &str,
    shown: &str,
    expected: Option<&str>,
    is_same: impl Fn(&str, &str) -> bool,
) -> Result<(), RpcError> {
    let sent = only(view, name, shown)?
        .map(decode)
        .transpose()
        .map_err(|fault| mismatch(shown, fault))?;
    match (sent, expected) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(mismatch(shown, "is missing")),
        (Some(sent), Some(expected)) if is_same(&sent, expected) => Ok(()),
        (Some(_), _) => Err(mismatch(shown, "does not match the body")),
    }
}

/// Returns the value of a header that is never encoded.
fn required<'a>(view: &'a dyn HeaderView, name: &str, shown: &str) -> Result<&'a str, RpcError> {
    let value = only(view, name, shown)?.ok_or_else(|| mismatch(shown, "is missing"))?;
    let text = std::str::from_utf8(value).map_err(|_| mismatch(shown, "is not visible ASCII"))?;
    Ok(text.trim_matches([' ', '\t']))
}

fn only<'a>(
    view: &'a dyn HeaderView,
    name: &str,
    shown: &str,
) -> Result<Option<&'a [u8]>, RpcError> {
    match view.only(name) {
        Ok(value) => Ok(Some(value)),
        Err(NotOnce::Absent) => Ok(None),
        Err(NotOnce::Repeated) => Err(mismatch(shown, "is sent more than once")),
    }
}

fn mismatch(shown: &str, what: &str) -> RpcError {
    RpcError::new(HEADER_MISMATCH, format!("Header mismatch: {shown} {what}"))
}
