//! The end of every call: one record, whatever happened.

use std::time::Instant;

use jiff::Timestamp;
use wardgate_limit::Dimension;
use wardgate_protocol::RpcError;
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
pub fn record(gate: &Gate, trail: &Trail, started: Instant, end: &Result<usize, Stop>) {
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
        code: end.as_ref().err().and_then(code),
        duration_us: started.elapsed().as_micros() as u64,
        upstream_us: trail.upstream_us,
        request_bytes: trail.request_bytes,
        answer_bytes: *end.as_ref().unwrap_or(&0),
        cost_usd: charged.map(|spend| allowance::amount(Dimension::CostUsd, spend.cost.0)),
        tokens_est: charged.map(|spend| spend.tokens),
        hidden_removed: trail.hidden,
        trace: trail.trace.as_deref(),
    });
}

/// Writes the record of something that was no request yet: malformed, or refused at the door.
pub fn refused(gate: &Gate, snapshot: &Snapshot, toolset: &Toolset, reason: &'static str) {
    let Some(sink) = &gate.ports.records else {
        return;
    };
    sink.put(&Record {
        time: rfc3339(Timestamp::now()),
        revision: &snapshot.revision,
        tenant: "-",
        principal: "-",
        toolset: toolset.name.as_str(),
        method: "-",
        protocol: "-",
        server: None,
        tool: None,
        upstream_protocol: None,
        status: "refused",
        class: Some(reason),
        code: None,
        duration_us: 0,
        upstream_us: 0,
        request_bytes: 0,
        answer_bytes: 0,
        cost_usd: None,
        tokens_est: None,
        hidden_removed: 0,
        trace: None,
    });
}

fn status(end: &Result<usize, Stop>) -> &'static str {
    match end {
        Ok(_) => "ok",
        Err(Stop::Cancelled) => "cancelled",
        Err(Stop::Limited(_)) => "limited",
        Err(Stop::Unauthenticated | Stop::Forbidden | Stop::NoSession { .. }) => "denied",
        Err(Stop::Rpc(_) | Stop::BadMeta(_) | Stop::NotFound(_) | Stop::Arguments(_)) => "rejected",
        Err(
            Stop::Upstream(_)
            | Stop::Busy { .. }
            | Stop::Draining
            | Stop::Timeout
            | Stop::Unavailable { .. }
            | Stop::UpstreamFault { .. }
            | Stop::OutcomeUnknown
            | Stop::Internal { .. },
        ) => "error",
    }
}

fn code(stop: &Stop) -> Option<i64> {
    match stop {
        Stop::Rpc(error) | Stop::BadMeta(error) => Some(error.code),
        Stop::Upstream(raw) => RpcError::read(raw).map(|error| error.code),
        _ => None,
    }
}
