//! The end of every call: one record, whatever happened.

use std::{collections::BTreeMap, time::Instant};

use jiff::Timestamp;
use wardgate_limit::Dimension;
use wardgate_model::Caller;
use wardgate_policy::Decision;
use wardgate_protocol::{Era, Method};
use wardgate_snapshot::{Snapshot, Toolset};

use crate::{
    allowance,
    gate::Gate,
    outcome,
    pipeline::Trail,
    record::{Record, rfc3339},
    stop::Stop,
};

/// Writes the record of a call that ended with `end`.
pub fn record(gate: &Gate, trail: &Trail, started: Instant, end: &Result<usize, Stop>, era: Era) {
    let Some(sink) = &gate.ports.records else {
        return;
    };
    let caller = trail.caller.as_ref();
    let charged = trail.charged.as_ref();
    sink.put(&Record {
        time: rfc3339(Timestamp::now()),
        revision: &trail.snapshot.revision,
        tenant: caller.map_or("-", |caller| caller.tenant.as_str()),
        principal: caller.map_or("-", |caller| caller.principal.as_str()),
        toolset: trail.toolset.name.as_str(),
        method: trail.method.label(),
        protocol: trail.protocol.as_str(),
        server: trail.server.as_ref().map(|server| server.alias.as_str()),
        tool: trail.tool.as_deref(),
        upstream_protocol: trail.upstream_protocol,
        status: status(end),
        class: end
            .as_ref()
            .err()
            .and_then(outcome::class)
            .map(|class| class.as_str()),
        code: (end.as_ref().err()).and_then(|stop| outcome::error_code(stop, &trail.method, era)),
        duration_us: started.elapsed().as_micros() as u64,
        upstream_us: trail.upstream_us,
        request_bytes: trail.request_bytes,
        answer_bytes: *end.as_ref().unwrap_or(&0),
        cost_usd: charged.map(|spend| allowance::amount(Dimension::CostUsd, spend.cost.0)),
        tokens_est: charged.map(|spend| spend.tokens),
        hidden_removed: trail.findings.hidden,
        found: (trail.findings.counts.iter())
            .map(|(name, count)| (name.as_str(), *count))
            .collect(),
        decision: trail
            .decision
            .as_ref()
            .map(|decision| decision.effect.as_str()),
        rules: trail.decision.as_ref().map(rules).unwrap_or_default(),
        output: trail.output,
        trace: trail.trace.as_deref(),
    });
}

/// What was turned away before it was a request, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refused<'a> {
    pub toolset: Option<&'a Toolset>,
    pub caller: Option<&'a Caller>,
    pub method: Option<&'a Method>,
    /// `refused`, or what a call that ends so would say.
    pub status: Option<&'static str>,
    pub reason: Option<&'static str>,
    pub code: Option<i64>,
}

impl Refused<'_> {
    /// Who calls is turned away, or has no session: the same as on a call.
    pub fn stopped(stop: &Stop, era: Era) -> Refused<'static> {
        Refused {
            status: Some(status(&Err(stop.clone()))),
            reason: outcome::class(stop).map(|class| class.as_str()),
            code: Some(outcome::code(stop, era)),
            ..Refused::default()
        }
    }
}

/// Writes the record of something that was no request yet: malformed, or refused at the door.
pub fn refused(gate: &Gate, snapshot: &Snapshot, what: Refused<'_>) {
    let Some(sink) = &gate.ports.records else {
        return;
    };
    sink.put(&Record {
        time: rfc3339(Timestamp::now()),
        revision: &snapshot.revision,
        tenant: what.caller.map_or("-", |caller| caller.tenant.as_str()),
        principal: what.caller.map_or("-", |caller| caller.principal.as_str()),
        toolset: what.toolset.map_or("-", |toolset| toolset.name.as_str()),
        method: what.method.map_or("-", Method::label),
        protocol: "-",
        server: None,
        tool: None,
        upstream_protocol: None,
        status: what.status.unwrap_or("refused"),
        class: what.reason,
        code: what.code,
        duration_us: 0,
        upstream_us: 0,
        request_bytes: 0,
        answer_bytes: 0,
        cost_usd: None,
        tokens_est: None,
        hidden_removed: 0,
        found: BTreeMap::new(),
        decision: None,
        rules: Vec::new(),
        output: None,
        trace: None,
    });
}

fn rules(decision: &Decision) -> Vec<&str> {
    decision.rules.iter().map(|rule| rule.id.as_str()).collect()
}

fn status(end: &Result<usize, Stop>) -> &'static str {
    match end {
        Ok(_) => "ok",
        Err(Stop::Cancelled) => "cancelled",
        Err(Stop::Limited(_)) => "limited",
        Err(
            Stop::Unauthenticated { .. }
            | Stop::NoToolset
            | Stop::Forbidden
            | Stop::InsufficientScope { .. }
            | Stop::Denied(_)
            | Stop::NoSession { .. },
        ) => "denied",
        Err(Stop::Rpc(_) | Stop::BadMeta(_) | Stop::NotFound(_) | Stop::Arguments(_)) => "rejected",
        Err(
            Stop::Upstream(_)
            | Stop::Busy { .. }
            | Stop::Unjudged { .. }
            | Stop::Draining
            | Stop::Timeout
            | Stop::Unavailable { .. }
            | Stop::UpstreamFault { .. }
            | Stop::OutcomeUnknown
            | Stop::Withheld { .. }
            | Stop::Internal { .. },
        ) => "error",
    }
}
