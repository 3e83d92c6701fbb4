//! OCSF 1.6.0, class API Activity (6003), with the profiles `security_control` and `trace`.
//!
//! The version is pinned: in 1.7 `metadata.uid` changes its meaning, in 1.9 `actor.app_name` goes.

use std::net::IpAddr;

use serde_json::{Value, json};
use wardgate_model::PrincipalKind;

use super::members::{object, text, tree};
use super::{Gravity, Site, allowed, gravity, sentence};
use crate::record::{Record, Status, Who};
use crate::sealed::Sealed;

const VERSION: &str = "1.6.0";
const CLASS: u64 = 6003;

pub(super) fn event(sealed: &Sealed, site: &Site) -> Value {
    let record = &sealed.record;
    let (activity_id, activity) = activity(record);
    let (status_id, status) = status(record);
    let (severity_id, severity) = severity(record);
    let outcome = record.outcome.as_ref();
    object([
        ("activity_id", json!(activity_id)),
        ("activity_name", json!(activity)),
        ("category_uid", json!(6)),
        ("category_name", json!("Application Activity")),
        ("class_uid", json!(CLASS)),
        ("class_name", json!("API Activity")),
        ("type_uid", json!(CLASS * 100 + activity_id)),
        ("type_name", json!(format!("API Activity: {activity}"))),
        ("time", json!(record.ts.as_millisecond())),
        ("severity_id", json!(severity_id)),
        ("severity", json!(severity)),
        ("status_id", json!(status_id)),
        ("status", json!(status)),
        ("status_code", text(record.status().map(Status::as_str))),
        (
            "status_detail",
            text(outcome.and_then(|o| o.error_type.as_ref())),
        ),
        ("duration", json!(outcome.and_then(|o| o.total_ms))),
        ("message", json!(sentence(record))),
        ("metadata", metadata(sealed, site)),
        ("actor", actor(record)),
        ("api", api(record)),
        ("src_endpoint", endpoint(&record.who)),
        ("resources", resources(record)),
        ("action_id", json!(action(record).0)),
        ("action", json!(action(record).1)),
        ("disposition_id", json!(action(record).0)),
        ("policy", policy(record)),
        (
            "trace",
            object([("uid", text(record.trace.trace_id.as_ref()))]),
        ),
        ("unmapped", unmapped(sealed)),
    ])
}

/// What a call does to the world is the tool's own matter; reading by the protocol's own methods is known.
fn activity(record: &Record) -> (u64, &'static str) {
    let method = record
        .what
        .method
        .as_ref()
        .map_or("", |method| method.as_str());
    let reads = ["resources/read", "prompts/get", "completion/complete"].contains(&method)
        || method.ends_with("/list");
    match record.kind.as_str() {
        "list.view" => (2, "Read"),
        "config.change" => (3, "Update"),
        "evidence.add" => (1, "Create"),
        _ if reads => (2, "Read"),
        _ => (99, "Other"),
    }
}

fn status(record: &Record) -> (u64, &'static str) {
    match record.status() {
        None | Some(Status::Unknown | Status::Deferred) => (0, "Unknown"),
        Some(Status::Success) => (1, "Success"),
        Some(Status::ToolError | Status::Error | Status::Denied | Status::Limited) => {
            (2, "Failure")
        }
    }
}

fn severity(record: &Record) -> (u64, &'static str) {
    match gravity(record) {
        Gravity::Notice => (1, "Informational"),
        Gravity::Warning => (2, "Low"),
        Gravity::Error => (3, "Medium"),
    }
}

/// The numbers of `action_id`; for these three, `disposition_id` has the same.
fn action(record: &Record) -> (u64, &'static str) {
    match allowed(record) {
        Some(true) => (1, "Allowed"),
        Some(false) => (2, "Denied"),
        None => (0, "Unknown"),
    }
}

fn metadata(sealed: &Sealed, site: &Site) -> Value {
    let record = &sealed.record;
    object([
        ("version", json!(VERSION)),
        ("uid", json!(record.id)),
        ("correlation_uid", json!(record.of)),
        ("sequence", json!(sealed.seq)),
        ("event_code", json!(record.kind)),
        ("log_name", json!(site.log)),
        ("log_provider", json!("wardgate")),
        ("tenant_uid", json!(record.who.tenant)),
        ("profiles", json!(["security_control", "trace"])),
        (
            "product",
            json!({"name": "Wardgate", "vendor_name": "Wardgate"}),
        ),
    ])
}

fn actor(record: &Record) -> Value {
    let who = &record.who;
    let user = object([
        ("uid", json!(who.principal)),
        ("type_id", json!(user_type(who.kind))),
        ("credential_uid", json!(who.credential)),
        ("domain", json!(who.tenant)),
    ]);
    let authorizations = record
        .decision
        .as_ref()
        .map(|decision| json!([{"decision": decision.effect.as_str()}]));
    object([
        (
            "user",
            if who.principal.is_some() {
                user
            } else {
                Value::Null
            },
        ),
        (
            "app_name",
            json!(who.agent.as_ref().map_or("unknown", |agent| agent.as_str())),
        ),
        ("authorizations", json!(authorizations)),
    ])
}

fn user_type(kind: Option<PrincipalKind>) -> u64 {
    match kind {
        None => 0,
        Some(PrincipalKind::User) => 1,
        Some(PrincipalKind::Service) => 4,
        Some(PrincipalKind::Agent) => 99,
    }
}

fn api(record: &Record) -> Value {
    let what = &record.what;
    let operation = what.tool.as_ref().or(what.method.as_ref());
    let operation = operation.map_or(record.kind.as_str(), |operation| operation.as_str());
    let request = object([
        ("uid", json!(record.id)),
        ("data", tree(what.args.as_deref())),
    ]);
    let outcome = record.outcome.as_ref();
    let response = object([
        ("error", json!(outcome.and_then(|o| o.error_type.as_ref()))),
        ("message", text(record.status().map(Status::as_str))),
        ("data", tree(outcome.and_then(|o| o.result.as_deref()))),
    ]);
    object([
        ("operation", json!(operation)),
        ("group", object([("name", json!(what.toolset))])),
        (
            "service",
            object([
                ("name", json!(what.server)),
                ("version", json!(what.version)),
            ]),
        ),
        ("request", request),
        ("response", response),
    ])
}

fn endpoint(who: &Who) -> Value {
    let Some(addr) = &who.addr else {
        return json!({"name": "unknown"});
    };
    match addr.as_str().parse::<IpAddr>() {
        Ok(ip) => json!({"ip": ip}),
        Err(_) => json!({"name": addr}),
    }
}

fn resources(record: &Record) -> Value {
    let Some(tool) = &record.what.tool else {
        return Value::Null;
    };
    let resource = object([
        ("name", json!(tool)),
        ("type", json!("tool")),
        ("namespace", json!(record.what.server)),
        ("version", json!(record.what.version)),
        ("role_id", json!(1)),
    ]);
    json!([resource])
}

fn policy(record: &Record) -> Value {
    let Some(decision) = &record.decision else {
        return Value::Null;
    };
    let Some((first, _)) = decision.rules.split_first() else {
        return Value::Null;
    };
    object([
        ("uid", json!(first)),
        ("name", json!(first)),
        ("version", json!(decision.policy_rev)),
        ("is_applied", json!(true)),
    ])
}

/// What the class has no member for: the proof, the cost and the other rules.
fn unmapped(sealed: &Sealed) -> Value {
    let record = &sealed.record;
    let decision = record.decision.as_ref();
    object([
        ("hash", json!(sealed.hash)),
        ("prev", json!(sealed.prev)),
        ("stage", json!(record.stage)),
        ("args_digest", json!(record.what.args_digest)),
        ("idempotency_key", json!(record.what.idempotency_key)),
        ("reason", json!(record.why)),
        ("rules", json!(decision.map(|decision| &decision.rules))),
        (
            "approval",
            json!(decision.and_then(|decision| decision.approval.as_ref())),
        ),
        ("cost", json!(record.cost)),
        ("compensates", json!(record.trace.compensates)),
    ])
}
