//! The headers that mirror a modern request's body, which whoever reads the body must compare
//! (MCP 2026-07-28 basic/transports/streamable-http#standard-mcp-request-headers).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    answer::RpcError,
    http::{self, HeaderMap},
    modern::{self, header_mismatch},
    state::Lab,
};

pub fn check(lab: &Lab, headers: &HeaderMap, message: &Value) -> Result<(), RpcError> {
    let params = &message["params"];
    require(headers, http::VERSION, &params["_meta"][modern::VERSION])?;
    require(headers, "mcp-method", &message["method"])?;
    let name = match message["method"].as_str().unwrap_or_default() {
        "tools/call" | "prompts/get" => &params["name"],
        "resources/read" => &params["uri"],
        "tasks/get" | "tasks/update" | "tasks/cancel" => &params["taskId"],
        _ => return Ok(()),
    };
    // A request without its name is refused for that, by its handler.
    if name.is_string() {
        require(headers, "mcp-name", name)?;
    }
    check_arguments(lab, headers, message)
}

/// Compares `Mcp-Param-*` with the arguments that the tool's schema marks by `x-mcp-header`.
fn check_arguments(lab: &Lab, headers: &HeaderMap, message: &Value) -> Result<(), RpcError> {
    if message["method"] != "tools/call" {
        return Ok(());
    }
    let tool = message["params"]["name"].as_str().unwrap_or_default();
    for mirrored in lab.contracts.mirrored(tool) {
        let name = format!("mcp-param-{}", mirrored.header.to_ascii_lowercase());
        let argument = message["params"]["arguments"]
            .pointer(&mirrored.pointer)
            .unwrap_or(&Value::Null);
        if argument.is_null() && headers.get(&name).is_none() {
            continue;
        }
        require(headers, &name, argument)?;
    }
    Ok(())
}

fn require(headers: &HeaderMap, name: &str, expected: &Value) -> Result<(), RpcError> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(header_mismatch(format!(
            "`{name}` must be present exactly once"
        )));
    };
    let value = value
        .to_str()
        .map_err(|_| header_mismatch(format!("`{name}` is not plain ASCII")))?;
    let value = decode(value.trim())
        .ok_or_else(|| header_mismatch(format!("`{name}` is not valid Base64")))?;
    if says(&value, expected) {
        return Ok(());
    }
    Err(header_mismatch(format!("`{name}` differs from the body")))
}

/// Undoes `=?base64?…?=`; any other text stands for itself.
fn decode(value: &str) -> Option<String> {
    let encoded = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    let Some(encoded) = encoded else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

fn says(value: &str, expected: &Value) -> bool {
    match expected {
        Value::String(text) => value == text,
        Value::Bool(flag) => value == flag.to_string(),
        // SHOULD be compared as numbers: 042 is 42.
        Value::Number(number) => value.parse::<f64>().ok() == number.as_f64(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
