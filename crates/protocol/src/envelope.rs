//! The outside of a message: which members it has, and whether they make a JSON-RPC message (JSON-RPC 2.0 §4, §5).

use std::ops::Range;

use bytestring::ByteString;

use crate::{
    edit, escape,
    frame::FrameFault,
    id::RequestId,
    keys,
    limits::Limits,
    raw::Raw,
    scan::{self, Keys, Part, ScanFault},
};

/// The members of an envelope; every other one is carried along unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
}

impl Slot {
    pub(crate) const ALL: [Slot; 6] = [
        Slot::Jsonrpc,
        Slot::Id,
        Slot::Method,
        Slot::Params,
        Slot::Result,
        Slot::Error,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Slot::Jsonrpc => "jsonrpc",
            Slot::Id => "id",
            Slot::Method => "method",
            Slot::Params => "params",
            Slot::Result => "result",
            Slot::Error => "error",
        }
    }
}

/// Where each slot's value lies in the whole text.
pub(crate) type Spans = [Option<Range<usize>>; 6];

/// Scans a message and judges its envelope; returns the message without the white space around it, and where its members lie.
pub(crate) fn read(
    text: ByteString,
    limits: &Limits,
    keys: Keys,
) -> Result<(Raw, Spans), FrameFault> {
    let mut envelope = Envelope::default();
    match scan::walk(&text, limits, keys, |part| envelope.take(&text, part)) {
        Ok(()) => envelope.judge(Raw::trusted(text), limits),
        Err(
            fault @ (ScanFault::DuplicateKey { .. }
            | ScanFault::FoldedKey { .. }
            | ScanFault::NulKey { .. }),
        ) => Err(key_fault(text, limits, fault)),
        Err(fault) => Err(FrameFault::Parse(fault)),
    }
}

/// A text whose keys are refused may still show its id. Text that is no JSON further on is refused as that.
fn key_fault(text: ByteString, limits: &Limits, fault: ScanFault) -> FrameFault {
    let mut envelope = Envelope::default();
    if let Err(syntax) = scan::walk(&text, limits, Keys::Lenient, |part| {
        envelope.take(&text, part)
    }) {
        return FrameFault::Parse(syntax);
    }
    let reason = match fault {
        ScanFault::FoldedKey { .. } => "object keys that differ only by case",
        ScanFault::NulKey { .. } => "object key with a NUL character",
        _ => "duplicate object key",
    };
    FrameFault::invalid(reason, envelope.id(&Raw::trusted(text), limits).given())
}

/// What the scan finds at the top of a message.
#[derive(Default)]
struct Envelope {
    spans: Spans,
    fault: Option<&'static str>,
    /// Two readers could take two ids from this message, so none is told.
    id_is_unclear: bool,
}

impl Envelope {
    fn take(&mut self, text: &str, part: Part) {
        let Some(key) = part.key.and_then(|span| escape::unescape(&text[span])) else {
            return;
        };
        let (slot, fault) = match Slot::ALL.into_iter().find(|slot| slot.name() == key) {
            Some(slot) if self.spans[slot as usize].is_none() => {
                self.spans[slot as usize] = Some(part.value);
                return;
            }
            Some(slot) => (slot, "an envelope member is repeated"),
            None => match resembled(&key) {
                Some(slot) => (slot, "a key looks like an envelope member and is not"),
                None => return,
            },
        };
        self.fault.get_or_insert(fault);
        self.id_is_unclear |= slot == Slot::Id;
    }

    fn judge(mut self, whole: Raw, limits: &Limits) -> Result<(Raw, Spans), FrameFault> {
        let (whole, skipped) = trimmed(whole);
        for span in self.spans.iter_mut().flatten() {
            *span = span.start - skipped..span.end - skipped;
        }
        match whole.as_str().as_bytes().first() {
            Some(b'{') => {}
            Some(b'[') => return Err(FrameFault::Batch),
            _ => return Err(FrameFault::invalid("a message is an object", None)),
        }
        let id = self.id(&whole, limits);
        match self.flaw(&whole, &id) {
            Some(reason) => Err(FrameFault::invalid(reason, id.given())),
            None => Ok((whole, self.spans)),
        }
    }

    fn id(&self, whole: &Raw, limits: &Limits) -> Id {
        match self.value(whole, Slot::Id) {
            _ if self.id_is_unclear => Id::Bad,
            None => Id::Absent,
            Some("null") => Id::Null,
            Some(text) => RequestId::parse(whole.slice_of(text), limits.id_bytes_max)
                .map_or(Id::Bad, Id::Given),
        }
    }

    /// Returns what is wrong with the envelope, if anything is.
    fn flaw(&self, whole: &Raw, id: &Id) -> Option<&'static str> {
        let value = |slot| self.value(whole, slot);
        let is_object = |text: &str| text.starts_with('{');
        if self.fault.is_some() {
            return self.fault;
        }
        if value(Slot::Jsonrpc).and_then(edit::string).as_deref() != Some("2.0") {
            return Some("jsonrpc must be \"2.0\"");
        }
        if matches!(id, Id::Bad) {
            return Some("id must be a string or an integer of bounded length");
        }
        match (value(Slot::Method), value(Slot::Result), value(Slot::Error)) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                Some("a message has a method or an outcome, not both")
            }
            (_, Some(_), Some(_)) => Some("an answer has a result or an error, not both"),
            (None, None, None) => Some("neither a request nor an answer"),
            (Some(method), ..) if !method.starts_with('"') => Some("method must be a string"),
            (Some(_), ..) if matches!(id, Id::Null) => Some("the id of a request must not be null"),
            (Some(_), ..) if !value(Slot::Params).is_none_or(is_object) => {
                Some("params must be an object")
            }
            (_, Some(_), _) if !matches!(id, Id::Given(_)) => Some("a result needs an id"),
            (.., Some(error)) if !is_object(error) => Some("error must be an object"),
            _ => None,
        }
    }

    fn value<'t>(&self, whole: &'t Raw, slot: Slot) -> Option<&'t str> {
        self.spans[slot as usize]
            .clone()
            .map(|span| &whole.as_str()[span])
    }
}

enum Id {
    Absent,
    Null,
    Bad,
    Given(RequestId),
}

impl Id {
    fn given(self) -> Option<RequestId> {
        if let Id::Given(id) = self {
            Some(id)
        } else {
            None
        }
    }
}

/// Returns the value without the white space around it, and how much was taken off its head.
fn trimmed(whole: Raw) -> (Raw, usize) {
    const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];
    let text = whole.as_str();
    let tail = text.trim_start_matches(SPACE);
    let skipped = text.len() - tail.len();
    let inner = tail.trim_end_matches(SPACE);
    if inner.len() == text.len() {
        (whole, 0)
    } else {
        (whole.slice_of(inner), skipped)
    }
}

/// Returns the envelope member for which a parser that ignores case or stops at NUL would take this key.
fn resembled(key: &str) -> Option<Slot> {
    let folded: String = keys::fold(key).take(16).collect();
    let ended = folded.split('\0').next().unwrap_or_default();
    Slot::ALL.into_iter().find(|slot| slot.name() == ended)
}
