//! The end of every call: one record, whatever happened.

use std::{collections::BTreeMap, time::Instant};

use futures_util::FutureExt;
use jiff::Timestamp;
use memchr::memmem;
use wardgate_ledger::{
    Record, RecordType, Text, Usd,
    record::{Cost, Decision, Effect, Family, Outcome, Stage, Status, Trace, What, Who, Why},
};
use wardgate_model::{Caller, ErrorClass, ToolRef};
use wardgate_policy::{Decision as Asked, Redaction};
use wardgate_protocol::{Era, Method, Raw, edit};
use wardgate_sanitize::{Action, Detector};
use wardgate_snapshot::{AuditLevel, OnError, Server, Snapshot, Toolset};

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
        ..begun(trail, RecordType::TOOL_CALL)
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
    trail: &Trail,
    started: Instant,
    end: Result<Answer, Stop>,
    era: Era,
) -> Result<Answer, Stop> {
    let Some(ledger) = &gate.ports.ledger else {
        return end;
    };
    let mut record = match &trail.received {
        Some(received) => received.completed(Timestamp::now(), random_bytes()),
        None => begun(trail, kind(&trail.method, &end)),
    };
    record.outcome = Some(outcome_of(trail, started, &end, era));
    overridden(&mut record, trail, &end);
    record.cost = cost(trail);
    let draft = with_result(draft(trail, record), &end);
    if trail.received.is_none() {
        ledger.note(draft).await;
        return end;
    }
    let written = ledger.complete(draft).await;
    match (written, trail.snapshot.gateway.audit.on_error) {
        (Err(_), OnError::Block) if end.is_ok() => Err(Stop::OutcomeUnknown),
        _ => end,
    }
}

/// What was turned away before it was a request, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refused<'a> {
    pub toolset: Option<&'a Toolset>,
    pub caller: Option<&'a Caller>,
    pub method: Option<&'a Method>,
    /// Who calls was turned away, not what was sent.
    pub denied: bool,
    pub reason: Option<&'static str>,
    pub code: Option<i64>,
}

impl Refused<'_> {
    /// Who calls is turned away, or has no session: the same as on a call.
    pub fn stopped(stop: &Stop, era: Era) -> Refused<'static> {
        Refused {
            denied: is_denial(stop),
            reason: Some(error_type(stop)),
            code: Some(outcome::code(stop, era)),
            ..Refused::default()
        }
    }
}

/// Writes the record of something that was no request yet: malformed, or refused at the door. Nobody waits for it, so where the
/// ledger is far behind it is lost.
pub fn refused(gate: &Gate, snapshot: &Snapshot, what: Refused<'_>) {
    let Some(ledger) = &gate.ports.ledger else {
        return;
    };
    let kind = match what.denied {
        true => RecordType::AUTH_FAILURE,
        false => Family::Mcp.verb("refused"),
    };
    let who = who(snapshot, what.caller);
    let mut record = Record::new(kind, who, Timestamp::now(), random_bytes());
    record.what.toolset = what.toolset.map(|toolset| toolset.name.as_str().into());
    record.what.method = what.method.map(|method| method.label().into());
    record.decision = Some(decision(snapshot, None, Effect::Deny));
    let status = match what.denied {
        true => Status::Denied,
        false => Status::Error,
    };
    record.outcome = Some(Outcome {
        error_type: what.reason.map(Into::into),
        code: what.code,
        ..Outcome::of(status)
    });
    let draft = Draft {
        record,
        tool: None,
        payload: payload(snapshot),
    };
    let _ = ledger.note(draft).now_or_never();
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
                .and_then(|(server, name)| server.traits_of(name).sensitive.clone()),
            pii: tool.is_some_and(|(server, name)| {
                hides_pii(&trail.toolset, server, name, trail.decision.as_ref())
            }),
            ..payload(&trail.snapshot)
        },
    }
}

/// What callers are not shown is not kept either.
pub(super) fn hides_pii(
    toolset: &Toolset,
    server: &Server,
    tool: &str,
    decision: Option<&Asked>,
) -> bool {
    let rules = toolset.sanitize.of(&server.alias, Some(tool));
    let owed = decision.map(|decision| decision.obligations.as_slice());
    let mut owed = owed.unwrap_or_default().iter();
    matches!(rules.action(Detector::Pii), Action::Block | Action::Redact)
        || owed.any(|one| one.redact.class() == Redaction::Pii)
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
fn begun(trail: &Trail, kind: RecordType) -> Record {
    let snapshot = &trail.snapshot;
    let mut who = who(snapshot, trail.caller.as_ref());
    who.agent = trail.agent.as_ref().and_then(agent);
    let mut record = Record::new(kind, who, Timestamp::now(), random_bytes());
    let server = trail.server.as_ref();
    record.what = What {
        toolset: Some(trail.toolset.name.as_str().into()),
        server: server.map(|server| server.name.as_str().into()),
        version: server.map(|server| server.version.as_str().into()),
        tool: trail.tool.as_deref().map(Into::into),
        method: Some(trail.method.label().into()),
        ..What::default()
    };
    record.why = trail.reason.as_deref().map(|reason| Why {
        text: reason.into(),
        source: "caller".into(),
    });
    let otherwise = match record.kind == RecordType::AUTH_FAILURE {
        true => Effect::Deny,
        false => Effect::Allow,
    };
    let mut decision = decision(snapshot, trail.decision.as_ref(), otherwise);
    decision.approval = trail.approval.as_ref().map(|id| id.as_str().into());
    record.decision = Some(decision);
    record.trace = trail.trace.as_deref().map(trace).unwrap_or_default();
    record
}

/// What policies said, or, where they were not asked, what the gateway did.
fn decision(snapshot: &Snapshot, asked: Option<&Asked>, otherwise: Effect) -> Decision {
    let effect = asked.map_or(otherwise, |asked| match asked.effect {
        wardgate_policy::Effect::Allow => Effect::Allow,
        wardgate_policy::Effect::Deny => Effect::Deny,
        wardgate_policy::Effect::Defer => Effect::RequireApproval,
    });
    let rules = asked
        .map(|asked| asked.rules.as_slice())
        .unwrap_or_default();
    Decision {
        rules: rules.iter().map(|rule| rule.id.as_str().into()).collect(),
        policy_rev: asked.and_then(|_| policy_revision(snapshot)),
        snapshot: Some(snapshot.revision.as_str().into()),
        ..Decision::of(effect)
    }
}

/// Names the override that stopped the call, or without which it would have been.
fn overridden(record: &mut Record, trail: &Trail, end: &Result<Answer, Stop>) {
    let (Some(decision), stopped) = (&mut record.decision, end.as_ref().err()) else {
        return;
    };
    let rule = match stopped {
        Some(Stop::Disabled { rule, .. }) => {
            decision.effect = Effect::Deny;
            Some(rule)
        }
        _ => trail.break_glass.as_ref(),
    };
    decision.overridden = rule.map(|rule| rule.id.as_str().into());
}

fn policy_revision(snapshot: &Snapshot) -> Option<Text> {
    let authorizer = snapshot.authorizer.as_ref()?;
    Some(authorizer.policies().revision().into())
}

/// Callers nobody has identified are the gateway's own tenant's concern.
fn who(snapshot: &Snapshot, caller: Option<&Caller>) -> Who {
    let Some(caller) = caller else {
        return Who::of(snapshot.gateway.tenant.clone());
    };
    Who {
        principal: Some(caller.principal.as_str().into()),
        kind: Some(caller.kind),
        groups: (caller.groups.iter())
            .map(|group| group.as_str().into())
            .collect(),
        scopes: (caller.scopes.iter())
            .map(|scope| scope.as_str().into())
            .collect(),
        auth: Some(caller.via.as_str().into()),
        credential: caller.credential.as_ref().map(|id| id.as_str().into()),
        ..Who::of(caller.tenant.clone())
    }
}

/// `name/version` of the client, as it says itself.
fn agent(info: &Raw) -> Option<Text> {
    let member = |key| edit::get(info.as_str(), &[key]).and_then(edit::string);
    let name = member("name")?;
    Some(match member("version") {
        Some(version) => format!("{name}/{version}").into(),
        None => name.into(),
    })
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
        _ if matches!(end, Err(stop) if is_auth_failure(stop)) => RecordType::AUTH_FAILURE,
        Method::ToolsCall => RecordType::TOOL_CALL,
        Method::ToolsList
        | Method::PromptsList
        | Method::ResourcesList
        | Method::ResourcesTemplatesList => RecordType::LIST_VIEW,
        _ => Family::Mcp.verb("request"),
    }
}

fn outcome_of(trail: &Trail, started: Instant, end: &Result<Answer, Stop>, era: Era) -> Outcome {
    let (status, error_type, code) = match end {
        Ok(answer) => (success(&trail.method, answer), None, None),
        Err(stop) => (
            status(trail, stop),
            Some(error_type(stop).into()),
            outcome::error_code(stop, &trail.method, era),
        ),
    };
    let bytes = end.as_ref().map_or(0, |answer| answer.frame.raw().len());
    Outcome {
        error_type,
        code,
        output: trail.output.map(Into::into),
        found: found(trail),
        total_ms: Some(started.elapsed().as_millis() as u64),
        wait_ms: (!trail.waited.is_zero()).then_some(trail.waited.as_millis() as u64),
        upstream_ms: (trail.upstream_us > 0).then_some(trail.upstream_us / 1000),
        bytes: Some(bytes as u64),
        ..Outcome::of(status)
    }
}

fn found(trail: &Trail) -> BTreeMap<Text, u64> {
    let counts = trail.findings.0.iter();
    counts
        .map(|(name, count)| (name.as_str().into(), *count as u64))
        .collect()
}

/// What was charged to the caller's budgets.
fn cost(trail: &Trail) -> Option<Cost> {
    trail.charged.as_ref().map(|spend| Cost {
        usd: Some(Usd::from_micros(spend.cost.0)),
        tokens_est: Some(spend.tokens),
        compute_s: Some(spend.compute.as_secs_f64()),
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
        Stop::Disabled {
            under_way: true, ..
        } if may_have_run => Status::Unknown,
        Stop::Limited(_) | Stop::Busy { .. } => Status::Limited,
        Stop::Held(held) => match held.class() {
            ErrorClass::ApprovalPending => Status::Deferred,
            ErrorClass::LimitExceeded => Status::Limited,
            _ => Status::Denied,
        },
        stop if is_denial(stop) => Status::Denied,
        _ => Status::Error,
    }
}

/// The credential is no good, or not good enough.
fn is_auth_failure(stop: &Stop) -> bool {
    matches!(
        stop,
        Stop::Unauthenticated { .. } | Stop::Forbidden | Stop::InsufficientScope { .. }
    )
}

fn is_denial(stop: &Stop) -> bool {
    is_auth_failure(stop)
        || matches!(
            stop,
            Stop::Denied(_) | Stop::Disabled { .. } | Stop::NoToolset | Stop::NoSession { .. }
        )
}

/// The class, or else what kind of fault the spec answers by itself.
fn error_type(stop: &Stop) -> &'static str {
    if let Stop::Disabled {
        under_way: true, ..
    } = stop
    {
        return "cancelled";
    }
    if let Some(class) = outcome::class(stop) {
        return class.as_str();
    }
    match stop {
        Stop::Upstream(_) => "upstream",
        Stop::NotFound(_) | Stop::NoToolset => "not_found",
        Stop::NoSession { .. } => "no_session",
        Stop::Cancelled => "cancelled",
        Stop::Rpc(_) | Stop::BadMeta(_) => "invalid_request",
        Stop::Arguments(_)
        | Stop::Unauthenticated { .. }
        | Stop::Forbidden
        | Stop::InsufficientScope { .. }
        | Stop::Unjudged { .. }
        | Stop::Denied(_)
        | Stop::Held(_)
        | Stop::Disabled { .. }
        | Stop::Limited(_)
        | Stop::Busy { .. }
        | Stop::Draining
        | Stop::Timeout
        | Stop::Unavailable { .. }
        | Stop::UpstreamFault { .. }
        | Stop::OutcomeUnknown
        | Stop::Withheld { .. }
        | Stop::Internal { .. } => "internal",
    }
}
