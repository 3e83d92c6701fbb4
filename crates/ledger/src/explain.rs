//! One record as a story of ten lines: who, what, when, why, by which rule, at what cost, and whether it can be undone.

use serde_json::value::RawValue;

use crate::record::{Cost, Decision, Outcome, Record, Stage, Status, Who, millis};
use crate::sealed::Sealed;
use crate::text::{Text, printable};

const UNKNOWN: &str = "not before it is known what happened";

/// More of the arguments is cut.
const ARGS_CHARS_MAX: usize = 200;

/// Tells the story of `sealed`. `related` are the records that share its call, approval or trace: the half that completes
/// it, votes, and what took its effect back. Safe on a terminal.
pub fn explain(sealed: &Sealed, related: &[Sealed]) -> String {
    let record = &sealed.record;
    let end = end(record, related);
    let lines = [
        ("record", place(sealed)),
        ("who", who(&record.who)),
        ("what", what(record)),
        ("args", args(record.what.args.as_deref())),
        ("when", when(record, end)),
        ("why", why(record)),
        ("decision", decision(record, related)),
        ("outcome", outcome(record, end)),
        ("cost", cost(end.cost.as_ref())),
        ("undo", undo(end, related)),
    ];
    let line = |(name, told): (&str, String)| format!("{name:<9} {}\n", printable(&told));
    lines.into_iter().map(line).collect()
}

/// The record that tells how it ended: itself, or the one that completes it.
fn end<'a>(record: &'a Record, related: &'a [Sealed]) -> &'a Record {
    let completes = |other: &&Record| other.of.as_ref() == Some(&record.id);
    let others = related.iter().map(|sealed| &sealed.record);
    others.clone().find(completes).unwrap_or(record)
}

fn place(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let (id, kind, stage) = (&record.id, &record.kind, record.stage.as_str());
    let (seq, tenant) = (sealed.seq, &record.who.tenant);
    format!("{id}, {kind} {stage}, seq {seq} of {tenant}")
}

fn who(who: &Who) -> String {
    let kind = who.kind.map_or("principal", |kind| kind.as_str());
    let mut told = match &who.principal {
        Some(principal) => format!("{kind} {principal}"),
        None => "nobody known".to_owned(),
    };
    add(&mut told, " with ", &who.agent);
    add(&mut told, ", by ", &who.auth);
    add(&mut told, ", credential ", &who.credential);
    add(&mut told, ", from ", &who.addr);
    told
}

fn what(record: &Record) -> String {
    let what = &record.what;
    let mut told = match (&what.tool, &what.method) {
        (Some(tool), _) => tool.to_string(),
        (None, Some(method)) => method.to_string(),
        (None, None) => record.kind.to_string(),
    };
    add(&mut told, " of ", &record.server_version());
    add(&mut told, " through ", &what.toolset);
    add(&mut told, ", key ", &what.idempotency_key);
    told
}

fn args(args: Option<&RawValue>) -> String {
    let Some(args) = args else {
        return "not kept".to_owned();
    };
    match args.get().char_indices().nth(ARGS_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &args.get()[..cut]),
        None => args.get().to_owned(),
    }
}

fn when(record: &Record, end: &Record) -> String {
    let mut told = millis::text(&record.ts);
    let Some(outcome) = &end.outcome else {
        return told;
    };
    let ms = |part: Option<u64>| part.map(|ms| format!("{ms} ms"));
    add(&mut told, ", took ", &ms(outcome.total_ms));
    add(&mut told, ", of that for people ", &ms(outcome.wait_ms));
    add(&mut told, ", for the server ", &ms(outcome.upstream_ms));
    told
}

fn why(record: &Record) -> String {
    match &record.why {
        Some(why) => format!("{} (said by {})", why.text, why.source),
        None => "no reason given".to_owned(),
    }
}

fn decision(record: &Record, related: &[Sealed]) -> String {
    let Some(decision) = &record.decision else {
        return "none recorded".to_owned();
    };
    let mut told = decision.effect.as_str().to_owned();
    match &decision.rules[..] {
        [] => told.push_str(", no rule named"),
        rules => add(&mut told, " by ", &Some(joined(rules))),
    }
    add(&mut told, ", policy ", &decision.policy_rev);
    add(&mut told, ", override ", &decision.overridden);
    add(&mut told, ", approval ", &decision.approval);
    add(&mut told, ": ", &votes(decision, related));
    told
}

fn joined(rules: &[Text]) -> String {
    let rules: Vec<_> = rules.iter().map(Text::as_str).collect();
    rules.join(", ")
}

/// `granted by lead, denied by bot`: what became of the approval.
fn votes(decision: &Decision, related: &[Sealed]) -> Option<String> {
    let approval = decision.approval.as_ref()?;
    let about = related.iter().map(|sealed| &sealed.record).filter(|other| {
        let named = other
            .decision
            .as_ref()
            .and_then(|decision| decision.approval.as_ref());
        other.kind.family() == "approval" && named == Some(approval)
    });
    let told: Vec<_> = about
        .filter_map(|vote| {
            let (_, verb) = vote.kind.as_str().split_once('.')?;
            Some(format!("{verb} by {}", vote.who.principal.as_ref()?))
        })
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn outcome(record: &Record, end: &Record) -> String {
    match &end.outcome {
        Some(outcome) => told_outcome(outcome),
        None if record.stage == Stage::Received => {
            "unknown: it was received and nothing tells how it ended".to_owned()
        }
        None => "nothing further".to_owned(),
    }
}

fn told_outcome(outcome: &Outcome) -> String {
    let mut told = outcome.status.as_str().to_owned();
    add(&mut told, " ", &outcome.error_type);
    add(
        &mut told,
        ", ",
        &outcome.bytes.map(|bytes| format!("{bytes} bytes")),
    );
    add(
        &mut told,
        ", cache ",
        &outcome.cache.map(|cache| cache.as_str()),
    );
    add(&mut told, ", attempt ", &outcome.attempt);
    told
}

fn cost(cost: Option<&Cost>) -> String {
    let Some(cost) = cost else {
        return "nothing".to_owned();
    };
    let parts = [
        cost.usd.map(|usd| format!("USD {usd}")),
        cost.tokens_est
            .map(|tokens| format!("about {tokens} tokens")),
        cost.compute_s
            .map(|seconds| format!("{seconds} s of compute")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(", "),
    }
}

fn undo(end: &Record, related: &[Sealed]) -> String {
    let takes_back = |other: &&Record| {
        let target = other.trace.compensates.as_ref();
        let is_about = target == Some(&end.id) || (target.is_some() && target == end.of.as_ref());
        is_about && other.status() == Some(Status::Success)
    };
    let mut others = related.iter().map(|sealed| &sealed.record);
    if let Some(undone) = others.find(takes_back) {
        return format!("undone by {} at {}", undone.id, millis::text(&undone.ts));
    }
    match (&end.undo, end.status()) {
        (_, Some(Status::Unknown)) => UNKNOWN.to_owned(),
        (_, None) if end.stage == Stage::Received => UNKNOWN.to_owned(),
        (Some(undo), Some(Status::Success)) => {
            format!(
                "yes, with {} until {}",
                undo.tool,
                millis::text(&undo.until)
            )
        }
        (None, Some(Status::Success)) => "no: nothing declared to take it back".to_owned(),
        (_, Some(_) | None) => "nothing to undo".to_owned(),
    }
}

fn add(told: &mut String, before: &str, part: &Option<impl std::fmt::Display>) {
    if let Some(part) = part {
        told.push_str(&format!("{before}{part}"));
    }
}
