//! Syslog (RFC 5424): facility 13 (log audit), what matters as structured data, a plain sentence as the message.

use super::{Site, gravity, sentence};
use crate::record::{Decision, Status, millis};
use crate::sealed::Sealed;
use crate::text::printable;

const FACILITY: u8 = 13;
/// 32473 is the enterprise number for documentation (RFC 5612); Wardgate has none of its own.
const SD_ID: &str = "wardgate@32473";

pub(super) fn line(sealed: &Sealed, site: &Site) -> String {
    let record = &sealed.record;
    let priority = FACILITY * 8 + gravity(record).syslog();
    let time = millis::text(&record.ts);
    let host = token(&site.host, 255);
    let message_id = token(record.kind.as_str(), 32);
    let data = structured(sealed);
    let message = ascii(&sentence(record));
    format!("<{priority}>1 {time} {host} wardgate - {message_id} [{SD_ID}{data}] {message}")
}

fn structured(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let (who, what) = (&record.who, &record.what);
    let decision = record.decision.as_ref();
    let outcome = record.outcome.as_ref();
    let told = |part: Option<&dyn ToString>| part.map(|part| part.to_string());
    let mut data = String::new();
    for (name, value) in [
        ("id", Some(record.id.to_string())),
        ("seq", Some(sealed.seq.to_string())),
        ("stage", Some(record.stage.as_str().to_owned())),
        ("tenant", Some(who.tenant.to_string())),
        ("principal", told(who.principal.as_ref().map(|p| p as _))),
        ("agent", told(who.agent.as_ref().map(|p| p as _))),
        ("addr", told(who.addr.as_ref().map(|p| p as _))),
        ("toolset", told(what.toolset.as_ref().map(|p| p as _))),
        ("server", record.server_version()),
        ("tool", told(what.tool.as_ref().map(|p| p as _))),
        ("args", what.args.as_ref().map(|args| args.get().to_owned())),
        ("why", record.why.as_ref().map(|why| why.text.to_string())),
        (
            "effect",
            decision.map(|decision| decision.effect.as_str().to_owned()),
        ),
        (
            "rules",
            decision.map(rules).filter(|rules| !rules.is_empty()),
        ),
        (
            "status",
            record
                .status()
                .map(|status| Status::as_str(status).to_owned()),
        ),
        (
            "error",
            told(outcome.and_then(|o| o.error_type.as_ref()).map(|p| p as _)),
        ),
        (
            "trace",
            told(record.trace.trace_id.as_ref().map(|p| p as _)),
        ),
        ("hash", Some(sealed.hash.to_string())),
    ] {
        if let Some(value) = value {
            data.push_str(&format!(" {name}=\"{}\"", param(&value)));
        }
    }
    data
}

fn rules(decision: &Decision) -> String {
    let rules: Vec<_> = decision.rules.iter().map(|rule| rule.as_str()).collect();
    rules.join(",")
}

/// RFC 5424 §6.3.3: `"`, `\` and `]` are escaped, after what a terminal acts on was spelled out.
fn param(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in printable(value).chars() {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Printable US-ASCII of bounded length; `-` where nothing is left (RFC 5424 §6.2).
fn token(text: &str, chars_max: usize) -> String {
    let kept = text.chars().filter(char::is_ascii_graphic).take(chars_max);
    let kept: String = kept.collect();
    match kept.is_empty() {
        true => "-".to_owned(),
        false => kept,
    }
}

/// A message that is not plain ASCII would have to begin with a byte order mark (RFC 5424 §6.4).
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c == ' ' || c.is_ascii_graphic() {
            true => plain.push(c),
            false => plain.extend(c.escape_unicode()),
        }
    }
    plain
}
