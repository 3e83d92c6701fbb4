//! The end of every call: one record, whatever happened.

use std::time::Instant;

use jiff::Timestamp;
use memchr::memmem;
use wardgate_ledger::{
    Record, RecordType,
    record::{Cost, Decision, Effect, Family, Outcome, Stage, Status, Trace, What, Who, Why},
};
use wardgate_model::{Caller, ToolRef};
use wardgate_protocol::{Method, RpcError, edit};
use wardgate_snapshot::{AuditLevel, OnError, Snapshot, Toolset};

use crate::{
    gate::Gate,
    outcome::{self, Answer},
    pipeline::Trail,
    record::{Draft, Payload},
    seal::random_bytes,
    stop::Stop,
};

/// Returns the draft of what is written before a call is sent.
pub fn received(trail: &Trail) -> Draft {
    let record = Record {
        stage: Stage::Received,
        ..begun(trail, RecordType::TOOL_CALL, Effect::Allow)
    };
    draft(trail, record)
}

/// Writes the record of a call that ended with `end`, and returns what its client is told: where something may have changed,
/// no outcome that is not on disk.
///
/// # Cancel safety
/// The record is written all the same; whether it is on disk yet is not known then.
pub async fn record(
    gate: &Gate,
    trail: Trail,
    started: Instant,
    end: Result<Answer, Stop>,
) -> Result<Answer, Stop> {
    let Some(ledger) = &gate.ports.ledger else {
        return end;
    };
    let outcome = outcome_of(&trail, started, &end);
    let effect = match outcome.status {
        Status::Denied => Effect::Deny,
        _ => Effect::Allow,
    };
    let on_error = trail.snapshot.gateway.audit.on_error;
    let Some(received) = &trail.received else {
        let mut record = begun(&trail, kind(&trail.method, &end), effect);
        record.cost = cost(&trail);
        record.outcome = Some(outcome);
        ledger.note(with_result(draft(&trail, record), &end)).await;
        return end;
    };
    let mut record = received.completed(Timestamp::now(), random_bytes());
    record.cost = cost(&trail);
    record.outcome = Some(outcome);
    let written = ledger.complete(with_result(draft(&trail, record), &end));
    match (written.await, on_error) {
        (Err(_), OnError::Block) if end.is_ok() => Err(Stop::OutcomeUnknown),
        _ => end,
    }
}

/// Writes the record of something that was no request yet: malformed, or refused at the door.
pub async fn refused(gate: &Gate, snapshot: &Snapshot, toolset: &Toolset, reason: &'static str) {
    let Some(ledger) = &gate.ports.ledger else {
        return;
    };
    let who = Who::of(snapshot.gateway.tenant.clone());
    let kind = Family::Mcp.verb("refused");
    let mut record = Record::new(kind, who, Timestamp::now(), random_bytes());
    record.what.toolset = Some(toolset.name.as_str().into());
    record.decision = Some(decision(Effect::Deny, snapshot));
    record.outcome = Some(Outcome {
        error_type: Some(reason.into()),
        ..Outcome::of(Status::Error)
    });
    let draft = Draft {
        record,
        tool: None,
        payload: payload(snapshot),
    };
    ledger.note(draft).await;
}

fn draft(trail: &Trail, record: Record) -> Draft {
    let tool = trail.server.as_ref().zip(trail.tool.as_ref());
    Draft {
        record,
        tool: tool.map(|(server, name)| ToolRef {
            alias: server.alias.clone(),
            name: name.clone(),
        }),
        payload: Payload {
            args: trail.args.clone(),
            sensitive_of_tool: tool
                .and_then(|(server, name)| server.traits(name).sensitive.clone()),
            ..payload(&trail.snapshot)
        },
    }
}

fn payload(snapshot: &Snapshot) -> Payload {
    let audit = &snapshot.gateway.audit;
    Payload {
        level: audit.level,
        sensitive: audit.sensitive.clone(),
        ..Payload::default()
    }
}

fn with_result(mut draft: Draft, end: &Result<Answer, Stop>) -> Draft {
    if let (AuditLevel::Full, Ok(answer)) = (draft.payload.level, end) {
        draft.payload.result = answer.frame.result().cloned();
    }
    draft
}

/// All that is known before the outcome.
fn begun(trail: &Trail, kind: RecordType, effect: Effect) -> Record {
    let mut record = Record::new(kind, who(trail), Timestamp::now(), random_bytes());
    record.what = What {
        toolset: Some(trail.toolset.name.as_str().into()),
        server: trail
            .server
            .as_ref()
            .map(|server| server.name.as_str().into()),
        version: trail
            .server
            .as_ref()
            .map(|server| server.version.as_str().into()),
        tool: trail.tool.as_deref().map(Into::into),
        method: Some(trail.method.label().into()),
        ..What::default()
    };
    record.why = trail.reason.as_deref().map(|reason| Why {
        text: reason.into(),
        source: "caller".into(),
    });
    record.decision = Some(decision(effect, &trail.snapshot));
    record.trace = trail.trace.as_deref().map(trace).unwrap_or_default();
    record
}

fn decision(effect: Effect, snapshot: &Snapshot) -> Decision {
    Decision {
        snapshot: Some(snapshot.revision.as_str().into()),
        ..Decision::of(effect)
    }
}

/// Callers nobody has identified are the gateway's own tenant's concern.
fn who(trail: &Trail) -> Who {
    let Some(caller) = &trail.caller else {
        return Who::of(trail.snapshot.gateway.tenant.clone());
    };
    let Caller {
        tenant,
        principal,
        kind,
        via,
        credential,
        ..
    } = caller;
    Who {
        principal: Some(principal.as_str().into()),
        kind: Some(*kind),
        agent: trail.agent.as_ref().and_then(|info| {
            let member = |key| edit::get(info.as_str(), &[key]).and_then(edit::string);
            let name = member("name")?;
            Some(match member("version") {
                Some(version) => format!("{name}/{version}").into(),
                None => name.into(),
            })
        }),
        auth: Some(via.as_str().into()),
        credential: credential.as_ref().map(|id| id.as_str().into()),
        ..Who::of(tenant.clone())
    }
}

/// W3C Trace Context: `version-trace-span-flags`.
fn trace(parent: &str) -> Trace {
    let mut parts = parent.split('-').skip(1);
    Trace {
        trace_id: parts.next().map(Into::into),
        span_id: parts.next().map(Into::into),
        ..Trace::default()
    }
}

fn kind(method: &Method, end: &Result<Answer, Stop>) -> RecordType {
    match method {
        _ if matches!(end, Err(Stop::Unauthenticated | Stop::Forbidden)) => {
            RecordType::AUTH_FAILURE
        }
        Method::ToolsCall => RecordType::TOOL_CALL,
        Method::ToolsList
        | Method::PromptsList
        | Method::ResourcesList
        | Method::ResourcesTemplatesList => RecordType::LIST_VIEW,
        _ => Family::Mcp.verb("request"),
    }
}

fn outcome_of(trail: &Trail, started: Instant, end: &Result<Answer, Stop>) -> Outcome {
    let (status, error_type) = match end {
        Ok(answer) => (success(&trail.method, answer), None),
        Err(stop) => (status(trail, stop), Some(error_type(stop).into())),
    };
    let bytes = end.as_ref().map_or(0, |answer| answer.frame.raw().len());
    Outcome {
        error_type,
        total_ms: Some(started.elapsed().as_millis() as u64),
        upstream_ms: (trail.upstream_us > 0).then_some(trail.upstream_us / 1000),
        bytes: Some(bytes as u64),
        ..Outcome::of(status)
    }
}

fn cost(trail: &Trail) -> Option<Cost> {
    (trail.upstream_us > 0).then(|| Cost {
        compute_s: Some(trail.upstream_us as f64 / 1e6),
        ..Cost::default()
    })
}

/// A tool says in its result that it failed, and a server that it waits for somebody's answer.
fn success(method: &Method, answer: &Answer) -> Status {
    let (Method::ToolsCall, Some(result)) = (method, answer.frame.result()) else {
        return Status::Success;
    };
    let holds = |word: &str| memmem::find(result.as_str().as_bytes(), word.as_bytes()).is_some();
    let member = |key| edit::get(result.as_str(), &[key]);
    if holds("\"isError\"") && member("isError") == Some("true") {
        return Status::ToolError;
    }
    if holds("\"input_required\"") && member("resultType") == Some("\"input_required\"") {
        return Status::Deferred;
    }
    Status::Success
}

fn status(trail: &Trail, stop: &Stop) -> Status {
    // A line was there, so something may have been sent.
    let may_have_run = trail.received.is_some() && trail.upstream_protocol.is_some();
    match stop {
        Stop::OutcomeUnknown => Status::Unknown,
        Stop::Timeout | Stop::Cancelled if may_have_run => Status::Unknown,
        Stop::Unauthenticated | Stop::Forbidden | Stop::NoSession { .. } => Status::Denied,
        Stop::Busy { .. } => Status::Limited,
        Stop::Rpc(_)
        | Stop::BadMeta(_)
        | Stop::NotFound(_)
        | Stop::Arguments(_)
        | Stop::Cancelled
        | Stop::Upstream(_)
        | Stop::Draining
        | Stop::Timeout
        | Stop::Unavailable { .. }
        | Stop::UpstreamFault { .. }
        | Stop::Internal { .. } => Status::Error,
    }
}

/// The class, or else the JSON-RPC code.
fn error_type(stop: &Stop) -> String {
    if let Some(class) = outcome::class(stop) {
        return class.as_str().into();
    }
    match stop {
        Stop::Rpc(error) | Stop::BadMeta(error) => error.code.to_string(),
        Stop::Upstream(raw) => {
            RpcError::read(raw).map_or_else(|| "error".into(), |error| error.code.to_string())
        }
        Stop::NotFound(_) => "not_found".into(),
        Stop::NoSession { .. } => "no_session".into(),
        Stop::Cancelled => "cancelled".into(),
        Stop::Arguments(_)
        | Stop::Unauthenticated
        | Stop::Forbidden
        | Stop::Busy { .. }
        | Stop::Draining
        | Stop::Timeout
        | Stop::Unavailable { .. }
        | Stop::UpstreamFault { .. }
        | Stop::OutcomeUnknown
        | Stop::Internal { .. } => "internal".into(),
    }
}
