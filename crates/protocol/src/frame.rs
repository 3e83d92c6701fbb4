//! One JSON-RPC message: the raw text and where its members lie. What makes a text a message is in `envelope.rs`.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    edit,
    envelope::{self, Slot, Spans},
    escape,
    id::RequestId,
    limits::Limits,
    params::Params,
    raw::Raw,
    scan::{self, Keys, ScanFault},
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

/// A checked message. Members are slices of the whole text; unknown members stay in it. Cheap to clone and to hand on.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Message>);

#[derive(Debug)]
struct Message {
    whole: Raw,
    spans: Spans,
    kind: Kind,
    id: Option<RequestId>,
    method: Option<ByteString>,
    params: Option<Params>,
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
    Invalid {
        reason: &'static str,
        id: Option<RequestId>,
    },
}

impl FrameFault {
    pub(crate) fn invalid(reason: &'static str, id: Option<RequestId>) -> FrameFault {
        FrameFault::Invalid { reason, id }
    }
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
        let text = ByteString::try_from(bytes).map_err(|fault| ScanFault::Utf8 {
            at: fault.valid_up_to(),
        })?;
        let (whole, spans) = envelope::read(text, limits, keys)?;
        Ok(Frame::of(whole, spans))
    }

    /// Splits a JSON array of messages (2025-03-26 batches); each element is judged on its own. An empty array is `Invalid`.
    ///
    /// # Errors
    /// When the text as a whole is not an array of bounded length (`batch_max`).
    pub fn parse_batch(
        bytes: Bytes,
        limits: &Limits,
        batch_max: usize,
    ) -> Result<Vec<Result<Frame, FrameFault>>, FrameFault> {
        let deeper = Limits {
            depth_max: limits.depth_max.saturating_add(1),
            ..*limits
        };
        let text = scan::check(&bytes, &deeper, Keys::Lenient)?;
        let elements = edit::Elements::of(text)
            .ok_or_else(|| FrameFault::invalid("not a batch of messages", None))?;
        let messages: Vec<_> = elements.take(batch_max.saturating_add(1)).collect();
        if messages.is_empty() {
            return Err(FrameFault::invalid(
                "a batch holds at least one message",
                None,
            ));
        }
        if messages.len() > batch_max {
            return Err(FrameFault::invalid("a batch holds too many messages", None));
        }
        Ok(messages
            .into_iter()
            .map(|message| Frame::parse(bytes.slice_ref(message.as_bytes()), limits, Keys::Strict))
            .collect())
    }

    /// Builds a request.
    pub fn request(id: &RequestId, method: &str, params: Option<&Raw>) -> Frame {
        Frame::build(
            Some(id.as_str()),
            &[
                (Slot::Method, Some(&escape::quote(method))),
                (Slot::Params, params.map(Raw::as_str)),
            ],
        )
    }
    pub fn notification(method: &str, params: Option<&Raw>) -> Frame {
        Frame::build(
            None,
            &[
                (Slot::Method, Some(&escape::quote(method))),
                (Slot::Params, params.map(Raw::as_str)),
            ],
        )
    }
    pub fn success(id: &RequestId, result: &Raw) -> Frame {
        Frame::build(Some(id.as_str()), &[(Slot::Result, Some(result.as_str()))])
    }
    /// Builds an error answer; `None` becomes `"id":null`.
    pub fn failure(id: Option<&RequestId>, error: &Raw) -> Frame {
        Frame::build(
            Some(id.map_or("null", RequestId::as_str)),
            &[(Slot::Error, Some(error.as_str()))],
        )
    }
    /// Returns the same message with another id and/or params; every other byte of the envelope is kept.
    pub fn with(&self, id: Option<&RequestId>, params: Option<&Raw>) -> Frame {
        self.splice(&[
            (Slot::Id, id.map(RequestId::as_str)),
            (Slot::Params, params.map(Raw::as_str)),
        ])
    }
    /// Returns the same answer with another id and/or result; every other byte of the envelope is kept.
    /// An error answer has no result to replace, so only its id changes.
    pub fn with_result(&self, id: &RequestId, result: Option<&Raw>) -> Frame {
        let result = result.filter(|_| self.0.kind == Kind::Result);
        self.splice(&[
            (Slot::Id, Some(id.as_str())),
            (Slot::Result, result.map(Raw::as_str)),
        ])
    }
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    pub fn id(&self) -> Option<&RequestId> {
        self.0.id.as_ref()
    }
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }
    pub fn params(&self) -> Option<&Raw> {
        self.0.params.as_ref().map(Params::raw)
    }
    /// Returns the params for looking members up.
    pub fn lookup(&self) -> Option<&Params> {
        self.0.params.as_ref()
    }
    pub fn result(&self) -> Option<&Raw> {
        self.0.result.as_ref()
    }
    pub fn error(&self) -> Option<&Raw> {
        self.0.error.as_ref()
    }
    pub fn raw(&self) -> &Raw {
        &self.0.whole
    }

    fn build(id: Option<&str>, members: &[(Slot, Option<&str>)]) -> Frame {
        let bytes: usize = members
            .iter()
            .filter_map(|(_, value)| *value)
            .map(str::len)
            .sum();
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
        let text = self.0.whole.as_str();
        let changes: Vec<_> = changes
            .iter()
            .filter_map(|(slot, value)| Some((*slot, (*value)?)))
            .collect();
        let mut members: Vec<_> = Slot::ALL
            .into_iter()
            .filter_map(|slot| Some((slot, self.0.spans[slot as usize].clone()?)))
            .collect();
        members.sort_unstable_by_key(|(_, span)| span.start);

        let mut draft = Draft::new(
            text.len()
                + changes
                    .iter()
                    .map(|(_, value)| value.len() + 16)
                    .sum::<usize>(),
        );
        draft.text.clear();
        let mut at = 0;
        for (slot, span) in members {
            let new = changes
                .iter()
                .find(|(changed, _)| *changed == slot)
                .map(|(_, value)| *value);
            draft.text.push_str(&text[at..span.start]);
            draft.put(slot, new.unwrap_or(&text[span.clone()]));
            at = span.end;
        }
        let close = text.len() - 1;
        draft.text.push_str(&text[at..close]);
        for (slot, value) in changes {
            if self.0.spans[slot as usize].is_none() {
                draft.append(slot, value);
            }
        }
        draft.finish(&text[close..])
    }

    /// Reads the members where `spans` says they are; the envelope has been judged or was built here.
    fn of(whole: Raw, spans: Spans) -> Frame {
        let part = |slot: Slot| {
            spans[slot as usize]
                .clone()
                .map(|span| whole.slice_of(&whole.as_str()[span]))
        };
        let id = part(Slot::Id)
            .filter(|id| id.as_str() != "null")
            .map(RequestId::trusted);
        let method = part(Slot::Method).and_then(|quoted| unquoted(&quoted));
        let (params, result, error) = (part(Slot::Params), part(Slot::Result), part(Slot::Error));
        let kind = match (&method, &id, &result) {
            (Some(_), Some(_), _) => Kind::Request,
            (Some(_), None, _) => Kind::Notification,
            (None, _, Some(_)) => Kind::Result,
            (None, _, None) => Kind::Error,
        };
        Frame(Arc::new(Message {
            whole,
            spans,
            kind,
            id,
            method,
            params: params.map(Params::new),
            result,
            error,
        }))
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
        Draft {
            text,
            spans: Spans::default(),
        }
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

fn unquoted(quoted: &Raw) -> Option<ByteString> {
    let inner = quoted.as_str().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        escape::unescape(inner).map(|name| ByteString::from(name.as_ref()))
    } else {
        Some(quoted.text().slice_ref(inner))
    }
}
