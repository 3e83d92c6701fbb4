//! One JSON-RPC message: the raw text and where its members lie.

use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    edit, escape,
    id::RequestId,
    keys,
    limits::Limits,
    raw::Raw,
    scan::{self, Keys, Part, ScanFault},
};

/// What a message is, by its members alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `method` and `id`.
    Request,
    /// `method` without `id`.
    Notification,
    /// `result` and `id`.
    Result,
    /// `error`; the id may be null or absent, then [`Frame::id`] is `None`.
    Error,
}

/// A checked message. Members are slices of the whole text; unknown members stay in it.
#[derive(Clone, Debug)]
pub struct Frame {
    whole: Raw,
    spans: Spans,
    kind: Kind,
    id: Option<RequestId>,
    method: Option<ByteString>,
    params: Option<Raw>,
    result: Option<Raw>,
    error: Option<Raw>,
}

/// Why a text is not a JSON-RPC message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// JSON-RPC −32700.
    #[error(transparent)]
    Parse(#[from] ScanFault),
    /// JSON-RPC −32600.
    #[error("batches are not part of this protocol revision")]
    Batch,
    /// JSON-RPC −32600; the id is given when it was readable, so that the refusal can carry it.
    #[error("{reason}")]
    Invalid { reason: &'static str, id: Option<RequestId> },
}

impl Frame {
    /// Parses one message. `jsonrpc` must be `"2.0"`; params, if present, an object; a key that folds to an envelope key
    /// (`Method`, `method\0`) or repeats one is refused; id null is refused for requests; `Keys::Strict` key faults become
    /// `Invalid` (−32600).
    ///
    /// # Errors
    /// See [`FrameFault`].
    pub fn parse(bytes: Bytes, limits: &Limits, keys: Keys) -> Result<Frame, FrameFault> {
        scan::check_head(&bytes, limits)?;
        let text = text_of(bytes)?;
        let mut envelope = Envelope::default();
        match scan::walk(&text, limits, keys, |part| envelope.take(&text, part)) {
            Ok(()) => {}
            Err(fault @ (ScanFault::DuplicateKey { .. } | ScanFault::FoldedKey { .. } | ScanFault::NulKey { .. })) => {
                return Err(key_fault(text, limits, fault));
            }
            Err(fault) => return Err(FrameFault::Parse(fault)),
        }
        envelope.judge(Raw::trusted(text), limits)
    }

    /// Splits a JSON array of messages (2025-03-26 batches); each element is judged on its own. An empty array is `Invalid`.
    ///
    /// # Errors
    /// When the text as a whole is not an array of bounded length (`batch_max`).
    pub fn parse_batch(bytes: Bytes, limits: &Limits, batch_max: usize) -> Result<Vec<Result<Frame, FrameFault>>, FrameFault> {
        let deeper = Limits { depth_max: limits.depth_max + 1, ..*limits };
        let text = scan::check(&bytes, &deeper, Keys::Lenient)?;
        let elements = edit::elements(text).ok_or_else(|| invalid("not a batch of messages", None))?;
        if elements.is_empty() {
            return Err(invalid("a batch holds at least one message", None));
        }
        if elements.len() > batch_max {
            return Err(invalid("a batch holds too many messages", None));
        }
        Ok(elements.into_iter().map(|element| Frame::parse(bytes.slice_ref(element.as_bytes()), limits, Keys::Strict)).collect())
    }

    /// Builds a request.
    pub fn request(id: &RequestId, method: &str, params: Option<&Raw>) -> Frame {
        Frame::build(Some(id.as_str()), &[(Slot::Method, Some(&escape::quote(method))), (Slot::Params, params.map(Raw::as_str))])
    }
    pub fn notification(method: &str, params: Option<&Raw>) -> Frame {
        Frame::build(None, &[(Slot::Method, Some(&escape::quote(method))), (Slot::Params, params.map(Raw::as_str))])
    }
    pub fn success(id: &RequestId, result: &Raw) -> Frame {
        Frame::build(Some(id.as_str()), &[(Slot::Result, Some(result.as_str()))])
    }
    /// Builds an error answer; `None` becomes `"id":null`.
    pub fn failure(id: Option<&RequestId>, error: &Raw) -> Frame {
        Frame::build(Some(id.map_or("null", RequestId::as_str)), &[(Slot::Error, Some(error.as_str()))])
    }
    /// Returns the same message with another id and/or params; every other byte of the envelope is kept.
    pub fn with(&self, id: Option<&RequestId>, params: Option<&Raw>) -> Frame {
        self.splice(&[(Slot::Id, id.map(RequestId::as_str)), (Slot::Params, params.map(Raw::as_str))])
    }
    /// Returns the same answer with another id and/or result; every other byte of the envelope is kept.
    /// An error answer has no result to replace, so only its id changes.
    pub fn with_result(&self, id: &RequestId, result: Option<&Raw>) -> Frame {
        let result = result.filter(|_| self.kind == Kind::Result);
        self.splice(&[(Slot::Id, Some(id.as_str())), (Slot::Result, result.map(Raw::as_str))])
    }
    pub fn kind(&self) -> Kind {
        self.kind
    }
    pub fn id(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }
    pub fn params(&self) -> Option<&Raw> {
        self.params.as_ref()
    }
    pub fn result(&self) -> Option<&Raw> {
        self.result.as_ref()
    }
    pub fn error(&self) -> Option<&Raw> {
        self.error.as_ref()
    }
    pub fn raw(&self) -> &Raw {
        &self.whole
    }

    fn build(id: Option<&str>, members: &[(Slot, Option<&str>)]) -> Frame {
        let bytes: usize = members.iter().filter_map(|(_, value)| *value).map(str::len).sum();
        let mut draft = Draft::new(bytes + 128);
        draft.append(Slot::Jsonrpc, "\"2.0\"");
        for (slot, value) in [(Slot::Id, id)].iter().chain(members) {
            if let Some(value) = value {
                draft.append(*slot, value);
            }
        }
        draft.finish("}")
    }

    /// Replaces values where they stand; members that are absent come last.
    fn splice(&self, changes: &[(Slot, Option<&str>)]) -> Frame {
        let text = self.whole.as_str();
        let changes: Vec<_> = changes.iter().filter_map(|(slot, value)| Some((*slot, (*value)?))).collect();
        let mut members: Vec<_> =
            Slot::ALL.into_iter().filter_map(|slot| Some((slot, self.spans[slot as usize].clone()?))).collect();
        members.sort_unstable_by_key(|(_, span)| span.start);

        let mut draft = Draft::new(text.len() + changes.iter().map(|(_, value)| value.len() + 16).sum::<usize>());
        draft.text.clear();
        let mut at = 0;
        for (slot, span) in members {
            let new = changes.iter().find(|(changed, _)| *changed == slot).map(|(_, value)| *value);
            draft.text.push_str(&text[at..span.start]);
            draft.put(slot, new.unwrap_or(&text[span.clone()]));
            at = span.end;
        }
        let close = text.len() - 1;
        draft.text.push_str(&text[at..close]);
        for (slot, value) in changes {
            if self.spans[slot as usize].is_none() {
                draft.append(slot, value);
            }
        }
        draft.finish(&text[close..])
    }

    /// Reads the members where `spans` says they are; the envelope has been judged or was built here.
    fn of(whole: Raw, spans: Spans) -> Frame {
        let part = |slot: Slot| spans[slot as usize].clone().map(|span| whole.slice_of(&whole.as_str()[span]));
        let id = part(Slot::Id).filter(|id| id.as_str() != "null").map(RequestId::trusted);
        let method = part(Slot::Method).and_then(|quoted| unquoted(&quoted));
        let (params, result, error) = (part(Slot::Params), part(Slot::Result), part(Slot::Error));
        let kind = match (&method, &id, &result) {
            (Some(_), Some(_), _) => Kind::Request,
            (Some(_), None, _) => Kind::Notification,
            (None, _, Some(_)) => Kind::Result,
            (None, _, None) => Kind::Error,
        };
        Frame { whole, spans, kind, id, method, params, result, error }
    }
}

/// The members of an envelope; every other one is carried along unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
}

impl Slot {
    const ALL: [Slot; 6] = [Slot::Jsonrpc, Slot::Id, Slot::Method, Slot::Params, Slot::Result, Slot::Error];

    fn name(self) -> &'static str {
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
type Spans = [Option<Range<usize>>; 6];

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
        let Some(key) = part.key.and_then(|span| escape::unescape(&text[span])) else { return };
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

    fn judge(mut self, whole: Raw, limits: &Limits) -> Result<Frame, FrameFault> {
        let (whole, skipped) = trimmed(whole);
        for span in self.spans.iter_mut().flatten() {
            *span = span.start - skipped..span.end - skipped;
        }
        match whole.as_str().as_bytes().first() {
            Some(b'{') => {}
            Some(b'[') => return Err(FrameFault::Batch),
            _ => return Err(invalid("a message is an object", None)),
        }
        let id = self.id(&whole, limits);
        match self.flaw(&whole, &id) {
            Some(reason) => Err(invalid(reason, id.given())),
            None => Ok(Frame::of(whole, self.spans)),
        }
    }

    fn id(&self, whole: &Raw, limits: &Limits) -> Id {
        match self.value(whole, Slot::Id) {
            _ if self.id_is_unclear => Id::Bad,
            None => Id::Absent,
            Some("null") => Id::Null,
            Some(text) => RequestId::parse(whole.slice_of(text), limits.id_bytes_max).map_or(Id::Bad, Id::Given),
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
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Some("a message has a method or an outcome, not both"),
            (_, Some(_), Some(_)) => Some("an answer has a result or an error, not both"),
            (None, None, None) => Some("neither a request nor an answer"),
            (Some(method), ..) if !method.starts_with('"') => Some("method must be a string"),
            (Some(_), ..) if matches!(id, Id::Null) => Some("the id of a request must not be null"),
            (Some(_), ..) if !value(Slot::Params).is_none_or(is_object) => Some("params must be an object"),
            (_, Some(_), _) if !matches!(id, Id::Given(_)) => Some("a result needs an id"),
            (.., Some(error)) if !is_object(error) => Some("error must be an object"),
            _ => None,
        }
    }

    fn value<'t>(&self, whole: &'t Raw, slot: Slot) -> Option<&'t str> {
        self.spans[slot as usize].clone().map(|span| &whole.as_str()[span])
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
        if let Id::Given(id) = self { Some(id) } else { None }
    }
}

/// A message being written, and where its members have come to lie.
struct Draft {
    text: String,
    spans: Spans,
}

impl Draft {
    fn new(bytes: usize) -> Draft {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Draft { text, spans: Spans::default() }
    }
    fn append(&mut self, slot: Slot, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(slot.name());
        self.text.push_str("\":");
        self.put(slot, value);
    }
    fn put(&mut self, slot: Slot, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.spans[slot as usize] = Some(start..self.text.len());
    }
    fn finish(mut self, close: &str) -> Frame {
        self.text.push_str(close);
        Frame::of(Raw::trusted(self.text), self.spans)
    }
}

fn text_of(bytes: Bytes) -> Result<ByteString, ScanFault> {
    ByteString::try_from(bytes).map_err(|fault| ScanFault::Utf8 { at: fault.valid_up_to() })
}

/// Returns the value without the white space around it, and how much was taken off its head.
fn trimmed(whole: Raw) -> (Raw, usize) {
    const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];
    let text = whole.as_str();
    let tail = text.trim_start_matches(SPACE);
    let skipped = text.len() - tail.len();
    let inner = tail.trim_end_matches(SPACE);
    if inner.len() == text.len() { (whole, 0) } else { (whole.slice_of(inner), skipped) }
}

fn unquoted(quoted: &Raw) -> Option<ByteString> {
    let inner = quoted.as_str().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        escape::unescape(inner).map(|name| ByteString::from(name.as_ref()))
    } else {
        Some(quoted.text().slice_ref(inner))
    }
}

/// Returns the envelope member for which a parser that ignores case or stops at NUL would take this key.
fn resembled(key: &str) -> Option<Slot> {
    let folded: String = keys::fold(key).take(16).collect();
    let ended = folded.split('\0').next().unwrap_or_default();
    Slot::ALL.into_iter().find(|slot| slot.name() == ended)
}

/// A text whose keys are refused may still show its id. Text that is no JSON further on is refused as that.
fn key_fault(text: ByteString, limits: &Limits, fault: ScanFault) -> FrameFault {
    let mut envelope = Envelope::default();
    if let Err(syntax) = scan::walk(&text, limits, Keys::Lenient, |part| envelope.take(&text, part)) {
        return FrameFault::Parse(syntax);
    }
    let reason = match fault {
        ScanFault::FoldedKey { .. } => "object keys that differ only by case",
        ScanFault::NulKey { .. } => "object key with a NUL character",
        _ => "duplicate object key",
    };
    invalid(reason, envelope.id(&Raw::trusted(text), limits).given())
}

fn invalid(reason: &'static str, id: Option<RequestId>) -> FrameFault {
    FrameFault::Invalid { reason, id }
}
