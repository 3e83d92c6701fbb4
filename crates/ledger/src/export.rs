//! A record in the words of other tools: one pure function per format, one line per record.
//!
//! No format adds what the record does not hold, so what redaction took out stays out. In every format but `jsonl`, which
//! is the sealed line byte for byte, characters a terminal acts on are escaped.

mod cloudevents;
mod ecs;
mod focus;
mod members;
mod ocsf;
mod rfc5424;

use std::str::FromStr;

use serde_json::Value;

use crate::record::{Effect, Record, Status};
use crate::sealed::Sealed;
use crate::text::printable_json;

/// What a record does not say of itself: where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The name of the log, as its key has it.
    pub log: String,
    /// The name of the host, for syslog.
    pub host: String,
    pub environment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The sealed line itself, which can be verified. Not for a terminal: see [`crate::printable`].
    Jsonl,
    /// CloudEvents 1.0, structured JSON, with the distributed tracing extension.
    CloudEvents,
    /// OCSF 1.6.0, class API Activity.
    Ocsf,
    /// Elastic Common Schema 9.0.0.
    Ecs,
    /// Syslog, RFC 5424.
    Rfc5424,
    /// FOCUS 1.2 rows in CSV, of what was used.
    Focus,
}

impl Format {
    pub const ALL: [Format; 6] = [
        Format::Jsonl,
        Format::CloudEvents,
        Format::Ocsf,
        Format::Ecs,
        Format::Rfc5424,
        Format::Focus,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::CloudEvents => "cloudevents",
            Format::Ocsf => "ocsf",
            Format::Ecs => "ecs",
            Format::Rfc5424 => "rfc5424",
            Format::Focus => "focus",
        }
    }

    /// The line that stands before all others, for formats that have one.
    pub fn header(self) -> Option<String> {
        (self == Format::Focus).then(focus::header)
    }

    /// Returns the record as one line without its line feed; `None` if the format has no word for such a record.
    pub fn line(self, sealed: &Sealed, site: &Site) -> Option<String> {
        let json = |value: Value| printable_json(value.to_string());
        match self {
            Format::Jsonl => Some(sealed.line().to_owned()),
            Format::CloudEvents => Some(printable_json(cloudevents::line(sealed, site))),
            Format::Ocsf => Some(json(ocsf::event(sealed, site))),
            Format::Ecs => Some(json(ecs::event(sealed, site))),
            Format::Rfc5424 => Some(rfc5424::line(sealed, site)),
            Format::Focus => focus::row(&sealed.record, site),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no export format of this name")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        let all = Format::ALL.into_iter();
        all.into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

/// How bad what a record tells is, in the three steps all formats know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gravity {
    Notice,
    Warning,
    Error,
}

impl Gravity {
    /// The severity of syslog (RFC 5424 §6.2.1): notice, warning, error.
    fn syslog(self) -> u8 {
        match self {
            Gravity::Notice => 5,
            Gravity::Warning => 4,
            Gravity::Error => 3,
        }
    }
}

fn gravity(record: &Record) -> Gravity {
    match record.status() {
        None | Some(Status::Success | Status::ToolError | Status::Deferred) => Gravity::Notice,
        Some(Status::Denied | Status::Limited) => Gravity::Warning,
        Some(Status::Error | Status::Unknown) => Gravity::Error,
    }
}

/// Whether the gateway let it pass; `None` where there was nothing to decide, or no decision yet.
fn allowed(record: &Record) -> Option<bool> {
    let effect = record.decision.as_ref().map(|decision| decision.effect);
    match (record.status(), effect) {
        (Some(Status::Denied | Status::Limited), _) | (_, Some(Effect::Deny)) => Some(false),
        (Some(Status::Deferred), _) | (_, None) => None,
        (None, Some(Effect::RequireApproval)) => None,
        (_, Some(Effect::Allow | Effect::RequireApproval)) => Some(true),
    }
}

/// `acme/caller tool.call com.acme/payments refund_create success`
fn sentence(record: &Record) -> String {
    let who = &record.who;
    let mut told = match &who.principal {
        Some(principal) => format!("{}/{principal}", who.tenant),
        None => who.tenant.to_string(),
    };
    told.push_str(&format!(" {}", record.kind));
    for part in [&record.what.server, &record.what.tool]
        .into_iter()
        .flatten()
    {
        told.push_str(&format!(" {part}"));
    }
    let status = record
        .status()
        .map_or(record.stage.as_str(), Status::as_str);
    format!("{told} {status}")
}
