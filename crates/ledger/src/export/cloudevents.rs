//! CloudEvents 1.0 in structured JSON. The sealed line travels whole as `data`, so a consumer can still verify it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Site;
use crate::key::escape_segment;
use crate::record::{Trace, millis};
use crate::sealed::Sealed;

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    data: &'a RawValue,
}

pub(super) fn line(sealed: &Sealed, site: &Site) -> String {
    let record = &sealed.record;
    let tenant = escape_segment(record.who.tenant.as_str());
    let event = Event {
        specversion: "1.0",
        id: record.id.as_str(),
        // A network-path reference (RFC 3986 §4.2): together with the id it is unique.
        source: format!("//{}/{tenant}", site.log),
        kind: format!("dev.wardgate.{}", record.kind),
        subject: record.id.as_str(),
        time: millis::text(&record.ts),
        datacontenttype: "application/json",
        traceparent: traceparent(&record.trace),
        data: serde_json::from_str(sealed.line()).expect("a sealed line is JSON"),
    };
    serde_json::to_string(&event).expect("texts and JSON serialise")
}

/// W3C Trace Context; left out unless both ids are of its form.
fn traceparent(trace: &Trace) -> Option<String> {
    let (trace_id, span_id) = (trace.trace_id.as_ref()?, trace.span_id.as_ref()?);
    let is_id = |id: &str, digits: usize| {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        id.len() == digits && id.bytes().all(is_hex) && id.bytes().any(|b| b != b'0')
    };
    let sound = is_id(trace_id.as_str(), 32) && is_id(span_id.as_str(), 16);
    sound.then(|| format!("00-{trace_id}-{span_id}-01"))
}
