//! Elastic Common Schema 9.0.0. What it has no field for stands under `wardgate`.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::members::{object, text};
use super::{Gravity, Site, allowed, gravity, sentence};
use crate::record::{Record, Status, Who, millis};
use crate::sealed::Sealed;

const VERSION: &str = "9.0.0";
const NANOS_PER_MS: u64 = 1_000_000;

pub(super) fn event(sealed: &Sealed, site: &Site) -> Value {
    let record = &sealed.record;
    let (who, what) = (&record.who, &record.what);
    let rules = record.decision.as_ref().map(|decision| &decision.rules);
    let error = record.outcome.as_ref().and_then(|o| o.error_type.as_ref());
    object([
        ("@timestamp", json!(millis::text(&record.ts))),
        ("ecs", json!({"version": VERSION})),
        ("message", json!(sentence(record))),
        ("event", of_event(sealed)),
        ("organization", object([("id", json!(who.tenant))])),
        ("user", user(who)),
        ("user_agent", object([("original", json!(who.agent))])),
        ("source", source(who)),
        (
            "service",
            object([
                ("name", json!(what.server)),
                ("version", json!(what.version)),
            ]),
        ),
        ("rule", object([("name", json!(rules))])),
        ("error", object([("type", json!(error))])),
        ("trace", object([("id", json!(record.trace.trace_id))])),
        ("span", object([("id", json!(record.trace.span_id))])),
        (
            "observer",
            json!({"product": "wardgate", "name": site.log, "hostname": site.host}),
        ),
        ("labels", object([("environment", json!(site.environment))])),
        ("wardgate", own(sealed)),
    ])
}

fn of_event(sealed: &Sealed) -> Value {
    let record = &sealed.record;
    let outcome = record.outcome.as_ref();
    let total_ms = outcome.and_then(|outcome| outcome.total_ms);
    object([
        ("id", json!(record.id)),
        ("kind", json!("event")),
        ("category", json!([category(record)])),
        ("type", json!(types(record))),
        ("action", json!(record.kind)),
        ("outcome", json!(verdict(record))),
        ("reason", text(record.why.as_ref().map(|why| &why.text))),
        ("module", json!("wardgate")),
        ("dataset", json!("wardgate.ledger")),
        ("severity", json!(gravity(record).syslog())),
        ("sequence", json!(sealed.seq)),
        (
            "duration",
            json!(total_ms.map(|ms| ms.saturating_mul(NANOS_PER_MS))),
        ),
        ("hash", json!(sealed.hash)),
    ])
}

fn category(record: &Record) -> &'static str {
    match record.kind.family() {
        "auth" => "authentication",
        "approval" | "override" | "key" => "iam",
        "policy" | "catalog" | "rollout" | "config" | "limit" | "evidence" => "configuration",
        _ => "api",
    }
}

fn types(record: &Record) -> Vec<&'static str> {
    let first = match category(record) {
        "api" => "access",
        "configuration" => "change",
        "iam" => "admin",
        _ => "info",
    };
    let mut types = vec![first];
    match allowed(record) {
        Some(true) => types.push("allowed"),
        Some(false) => types.push("denied"),
        None => {}
    }
    if gravity(record) == Gravity::Error {
        types.push("error");
    }
    types
}

fn verdict(record: &Record) -> &'static str {
    match record.status() {
        Some(Status::Success) => "success",
        Some(Status::ToolError | Status::Error | Status::Denied | Status::Limited) => "failure",
        Some(Status::Deferred | Status::Unknown) | None => "unknown",
    }
}

fn user(who: &Who) -> Value {
    object([
        ("id", json!(who.principal)),
        ("domain", json!(who.principal.as_ref().map(|_| &who.tenant))),
        ("roles", json!(who.kind.map(|kind| [kind.as_str()]))),
    ])
}

fn source(who: &Who) -> Value {
    let ip = who
        .addr
        .as_ref()
        .and_then(|addr| addr.as_str().parse::<IpAddr>().ok());
    object([("address", json!(who.addr)), ("ip", json!(ip))])
}

fn own(sealed: &Sealed) -> Value {
    let record = &sealed.record;
    let (what, decision) = (&record.what, record.decision.as_ref());
    object([
        ("stage", json!(record.stage)),
        ("of", json!(record.of)),
        ("prev", json!(sealed.prev)),
        ("auth", json!(record.who.auth)),
        ("credential", json!(record.who.credential)),
        ("toolset", json!(what.toolset)),
        ("tool", json!(what.tool)),
        ("method", json!(what.method)),
        // As a text: arguments of different tools would fight over the types of an index's fields.
        ("args", text(what.args.as_ref().map(|args| args.get()))),
        ("args_digest", json!(what.args_digest)),
        ("idempotency_key", json!(what.idempotency_key)),
        ("decision", json!(decision)),
        ("status", text(record.status().map(Status::as_str))),
        ("cost", json!(record.cost)),
        ("task", json!(record.trace.task)),
        ("compensates", json!(record.trace.compensates)),
        (
            "result",
            text(
                record
                    .outcome
                    .as_ref()
                    .and_then(|o| o.result.as_ref())
                    .map(|r| r.get()),
            ),
        ),
    ])
}
