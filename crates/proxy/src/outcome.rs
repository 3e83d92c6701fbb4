//! From the end of a call to what the client is sent: JSON-RPC, HTTP status, record status. The only file that knows all three.

use std::time::Duration;

use wardgate_model::ErrorClass;
use wardgate_policy::{Decision, Effect};
use wardgate_protocol::{Era, Frame, Method, Raw, RequestId, RpcError, error};
use wardgate_sanitize::Detector;

use crate::{
    allowance::{self, RateLimit},
    approval::told,
    overrides::Rule,
    stop::{Missing, Stop},
};

/// Of an operator's reason so much is shown.
const REASON_CHARS_MAX: usize = 500;

/// A finished answer with what HTTP needs besides the body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub frame: Frame,
    pub status: u16,
    /// Set by `initialize` on HTTP.
    pub session: Option<String>,
    pub retry_after: Option<Duration>,
    /// The value of `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// On HTTP sent without a body, as the answer of a place that does not exist.
    pub bare: bool,
    /// What remains of the caller's limits.
    pub limit: Option<RateLimit>,
}

impl Answer {
    pub fn result(id: &RequestId, result: &Raw) -> Answer {
        Answer::frame(Frame::success(id, result))
    }

    pub fn frame(frame: Frame) -> Answer {
        Answer {
            frame,
            status: 200,
            session: None,
            retry_after: None,
            challenge: None,
            bare: false,
            limit: None,
        }
    }

    /// Returns the answer that says why the call stopped.
    pub fn stop(id: Option<&RequestId>, method: &Method, era: Era, stop: &Stop) -> Answer {
        let retry_after = retry_after(stop);
        let as_result = (*method == Method::ToolsCall)
            .then(|| class(stop))
            .flatten();
        let (frame, status) = match (as_result, id) {
            (Some(class), Some(id)) if !transport_level(stop) => {
                (Frame::success(id, &as_tool_result(stop, class, era)), 200)
            }
            _ => {
                let error = rpc_error(stop, era);
                (Frame::failure(id, &error), status(stop, era))
            }
        };
        Answer {
            frame,
            status,
            session: None,
            retry_after,
            challenge: challenge(stop),
            bare: matches!(stop, Stop::NoToolset),
            limit: None,
        }
    }
}

/// Says whether the stop is told to the transport even on a tool call: who the caller is, and load.
fn transport_level(stop: &Stop) -> bool {
    matches!(
        stop,
        Stop::Busy { .. }
            | Stop::Draining
            | Stop::Unauthenticated { .. }
            | Stop::Unjudged { .. }
            | Stop::NoToolset
            | Stop::Forbidden
            | Stop::InsufficientScope { .. }
    )
}

fn challenge(stop: &Stop) -> Option<String> {
    match stop {
        Stop::Unauthenticated { challenge } | Stop::InsufficientScope { challenge } => {
            Some(challenge.clone())
        }
        _ => None,
    }
}

/// Returns the JSON-RPC code a client is answered with; `None` where the answer is a result.
pub fn error_code(stop: &Stop, method: &Method, era: Era) -> Option<i64> {
    let is_result = *method == Method::ToolsCall && class(stop).is_some() && !transport_level(stop);
    match stop {
        _ if is_result => None,
        Stop::Upstream(raw) => RpcError::read(raw).map(|error| error.code),
        stop => Some(code(stop, era)),
    }
}

/// Returns the class a record carries and a model can act on; `None` for faults that the spec answers itself.
pub fn class(stop: &Stop) -> Option<ErrorClass> {
    match stop {
        Stop::Arguments(_) => Some(ErrorClass::InvalidArguments),
        Stop::Limited(_) | Stop::Busy { .. } => Some(ErrorClass::LimitExceeded),
        Stop::Draining | Stop::Unavailable { .. } | Stop::Unjudged { .. } => {
            Some(ErrorClass::UpstreamUnavailable)
        }
        Stop::Timeout => Some(ErrorClass::Timeout),
        Stop::UpstreamFault { .. } => Some(ErrorClass::UpstreamError),
        Stop::Withheld { .. } => Some(ErrorClass::ContentBlocked),
        Stop::OutcomeUnknown
        | Stop::Disabled {
            under_way: true, ..
        } => Some(ErrorClass::OutcomeUnknown),
        Stop::Disabled {
            under_way: false, ..
        } => Some(ErrorClass::Disabled),
        Stop::Held(held) => Some(held.class()),
        Stop::Internal { .. } => Some(ErrorClass::Internal),
        Stop::Unauthenticated { .. }
        | Stop::Forbidden
        | Stop::InsufficientScope { .. }
        | Stop::Denied(_) => Some(ErrorClass::PolicyDenied),
        Stop::Rpc(_)
        | Stop::BadMeta(_)
        | Stop::Upstream(_)
        | Stop::NotFound(_)
        | Stop::NoToolset
        | Stop::NoSession { .. }
        | Stop::Cancelled => None,
    }
}

/// Returns the public sentence: safe, stable, without host, token or body.
pub(crate) fn advice(stop: &Stop) -> String {
    match stop {
        Stop::Arguments(mismatch) => {
            let at = if mismatch.pointer.is_empty() { "the arguments".to_owned() } else { format!("`{}`", mismatch.pointer) };
            format!("Invalid arguments at {at}: {}. Correct this and call again.", mismatch.reason)
        }
        Stop::Limited(refusal) => allowance::advice(refusal),
        Stop::Busy { .. } => "The gateway is busy. Try again later.".into(),
        Stop::Draining => "The gateway is shutting down. Try again shortly.".into(),
        Stop::Timeout => "The tool did not answer in time. It may still have run; check before calling again.".into(),
        Stop::Unavailable { .. } => "The tool's server cannot be reached right now; nothing was sent to it. Try again later.".into(),
        Stop::UpstreamFault { reason } => format!("The tool's server failed: {reason}."),
        Stop::Withheld { detector, kind } => withheld(*detector, kind),
        Stop::OutcomeUnknown => {
            "The connection to the tool's server was lost after the call was sent. It may have run; check before calling again.".into()
        }
        Stop::Internal { reason } => format!("The gateway failed: {reason}."),
        Stop::Unauthenticated { .. } => "Authentication is required.".into(),
        Stop::Unjudged { .. } => "The credential cannot be checked right now. Try again later.".into(),
        Stop::NoToolset => "Toolset not found".into(),
        Stop::InsufficientScope { .. } => "The token lacks scopes that this toolset needs.".into(),
        Stop::Forbidden => "This caller may not use this toolset.".into(),
        Stop::Denied(decision) => denied(decision),
        Stop::Held(held) => held.advice(),
        Stop::Disabled { rule, under_way } => disabled(rule, *under_way),
        Stop::NoSession { given: false } => "Mcp-Session-Id header is required".into(),
        Stop::NoSession { given: true } => "Session not found".into(),
        Stop::NotFound(missing) => match missing {
            Missing::Tool(name) => format!("Unknown tool: {name}"),
            Missing::Prompt(name) => format!("Unknown prompt: {name}"),
            Missing::Resource(uri) => format!("Resource not found: {uri}"),
        },
        Stop::Cancelled => "Request cancelled".into(),
        Stop::Rpc(error) | Stop::BadMeta(error) => error.message.clone(),
        Stop::Upstream(_) => String::new(),
    }
}

/// Gives the operator's reason, which is meant to be read here.
fn disabled(rule: &Rule, under_way: bool) -> String {
    let reason = wardgate_sanitize::printable(&rule.reason, REASON_CHARS_MAX);
    match under_way {
        true => format!(
            "Cancelled by an operator's override: {reason}. It may have run; check before calling again."
        ),
        false => format!("Disabled by an operator's override: {reason}. Do not repeat this call."),
    }
}

/// Says what kind of thing it is, never the thing.
fn withheld(detector: Detector, kind: &str) -> String {
    let what = match detector {
        Detector::Secrets => "a secret",
        Detector::Pii => "personal data",
        Detector::Declared => "data that is declared sensitive",
        Detector::Terminal => "control characters",
        Detector::Hidden => "hidden characters",
        Detector::Injection => "instructions to a model",
    };
    format!(
        "The server answered, but its answer is withheld: it holds {what} (`{kind}`), which may not be passed on here. \
         What was asked for may have been done; repeating the call will not show more."
    )
}

/// Names the rule, which is the operator's own word; what it looks at stays unsaid.
fn denied(decision: &Decision) -> String {
    let rules: Vec<_> = decision
        .rules
        .iter()
        .map(|rule| format!("`{}`", rule.id))
        .collect();
    let why = match decision.effect {
        Effect::Defer => "needs an approval, which cannot be asked for here",
        Effect::Deny | Effect::Allow => "is not allowed by policy",
    };
    match rules.is_empty() {
        true => format!("This call {why}. Do not repeat it unchanged."),
        false => format!(
            "This call {why} ({}). Do not repeat it unchanged.",
            rules.join(", ")
        ),
    }
}

fn retry_after(stop: &Stop) -> Option<Duration> {
    match stop {
        Stop::Busy { retry_after }
        | Stop::Unavailable { retry_after }
        | Stop::Unjudged { retry_after } => Some(*retry_after),
        Stop::Draining => Some(Duration::from_secs(1)),
        Stop::Limited(refusal) => refusal.retry_after.map(allowance::whole_millis),
        _ => None,
    }
}

/// A result of the gateway's own: most say that the call failed, one that it waits.
fn as_tool_result(stop: &Stop, class: ErrorClass, era: Era) -> Raw {
    if let Stop::Held(held) = stop
        && let Some(result) = held.result()
    {
        return result.clone();
    }
    error_result(stop, class, era)
}

/// A tool result a model can follow: `isError`, one sentence, and the class under our `_meta` key.
fn error_result(stop: &Stop, class: ErrorClass, era: Era) -> Raw {
    let mut result = serde_json::json!({
        "content": [{"type": "text", "text": advice(stop)}],
        "isError": true,
        "_meta": {"dev.wardgate/error": data(class, retry_after(stop))},
    });
    if let Stop::Limited(refusal) = stop {
        result["_meta"][allowance::META] = allowance::data(refusal);
    }
    if let Stop::Held(held) = stop
        && let Some(approval) = held.data()
    {
        result["_meta"]["dev.wardgate/error"]["approval"] = approval["id"].clone();
        result["_meta"][told::META] = approval;
    }
    if era == Era::Modern {
        result["resultType"] = "complete".into();
    }
    Raw::of(&result)
}

fn data(class: ErrorClass, retry_after: Option<Duration>) -> serde_json::Value {
    match retry_after {
        Some(wait) => {
            serde_json::json!({"class": class.as_str(), "retryAfterMs": wait.as_millis() as u64})
        }
        None => serde_json::json!({"class": class.as_str()}),
    }
}

/// Returns the raw `error` object.
pub fn rpc_error(stop: &Stop, era: Era) -> Raw {
    if let Stop::Upstream(raw) = stop {
        return for_era(raw, era);
    }
    if let Stop::Rpc(error) | Stop::BadMeta(error) = stop {
        return error.to_raw();
    }
    let mut error = RpcError::new(code(stop, era), advice(stop));
    if let Some(class) = class(stop) {
        let mut data = data(class, retry_after(stop));
        if let Stop::Limited(refusal) = stop {
            data["limit"] = allowance::data(refusal);
        }
        error = error.with_data(Raw::of(&data));
    }
    if let Stop::NotFound(Missing::Resource(uri)) = stop {
        error = error.with_data(Raw::of(&serde_json::json!({"uri": uri})));
    }
    error.to_raw()
}

/// MCP 2026-07-28: a missing resource is −32602; older revisions say −32002. Every other upstream error stays as it is.
fn for_era(raw: &Raw, era: Era) -> Raw {
    let code = wardgate_protocol::edit::get(raw.as_str(), &["code"]);
    if era == Era::Modern && code == Some("-32002") {
        let edited = wardgate_protocol::edit::set(raw.as_str(), &["code"], "-32602");
        return Raw::trusted(edited);
    }
    raw.clone()
}

/// Own codes are positive, so that they can never be taken for one of JSON-RPC's or the spec's.
pub fn code(stop: &Stop, era: Era) -> i64 {
    match stop {
        Stop::Rpc(error) | Stop::BadMeta(error) => error.code,
        Stop::Upstream(_) => error::INTERNAL_ERROR,
        Stop::NotFound(Missing::Resource(_)) if era == Era::Legacy => error::RESOURCE_NOT_FOUND,
        Stop::NotFound(_) => error::INVALID_PARAMS,
        Stop::NoSession { given: false } => -32000,
        Stop::NoSession { given: true } => -32001,
        Stop::Arguments(_) => error::INVALID_PARAMS,
        Stop::Unauthenticated { .. } => 40100,
        Stop::Forbidden | Stop::InsufficientScope { .. } | Stop::Denied(_) => 40300,
        Stop::Held(_) => 40300,
        Stop::NoToolset => 40400,
        Stop::OutcomeUnknown => 40900,
        Stop::Disabled { .. } => 42300,
        Stop::Withheld { .. } => 45100,
        Stop::Limited(_) | Stop::Busy { .. } => 42900,
        Stop::Cancelled => 49900,
        Stop::Internal { .. } => error::INTERNAL_ERROR,
        Stop::UpstreamFault { .. } => 50200,
        Stop::Unavailable { .. } | Stop::Unjudged { .. } | Stop::Draining => 50300,
        Stop::Timeout => 50400,
    }
}

fn status(stop: &Stop, era: Era) -> u16 {
    match stop {
        Stop::Unauthenticated { .. } => 401,
        Stop::Forbidden | Stop::InsufficientScope { .. } => 403,
        Stop::NoToolset => 404,
        Stop::NoSession { given: false } => 400,
        Stop::NoSession { given: true } => 404,
        Stop::Limited(_) | Stop::Busy { .. } => 429,
        Stop::Draining | Stop::Unjudged { .. } => 503,
        Stop::BadMeta(_) => 400,
        Stop::Cancelled => 499,
        Stop::Rpc(error) if era == Era::Modern => error.http_status(),
        Stop::Upstream(raw) if era == Era::Modern => {
            RpcError::read(raw).map_or(200, |error| error.http_status())
        }
        Stop::Rpc(_)
        | Stop::Upstream(_)
        | Stop::NotFound(_)
        | Stop::Arguments(_)
        | Stop::Denied(_)
        | Stop::Held(_)
        | Stop::Disabled { .. }
        | Stop::Timeout
        | Stop::Unavailable { .. }
        | Stop::UpstreamFault { .. }
        | Stop::OutcomeUnknown
        | Stop::Withheld { .. }
        | Stop::Internal { .. } => 200,
    }
}
