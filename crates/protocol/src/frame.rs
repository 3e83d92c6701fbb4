//! One JSON-RPC message: the raw text and where its members lie.

use bytes::Bytes;

use crate::{
    id::RequestId,
    limits::Limits,
    raw::Raw,
    scan::{Keys, ScanFault},
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
    kind: Kind,
    id: Option<RequestId>,
    method: Option<String>,
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
    /// (`Method`, `method\0`) is refused; id null is refused for requests; `Keys::Strict` key faults become `Invalid` (−32600).
    ///
    /// # Errors
    /// See [`FrameFault`].
    pub fn parse(bytes: Bytes, limits: &Limits, keys: Keys) -> Result<Frame, FrameFault> {
        todo!("{bytes:?}{limits:?}{keys:?}")
    }
    /// Splits a JSON array of messages (2025-03-26 batches); each element is judged on its own. An empty array is `Invalid`.
    ///
    /// # Errors
    /// When the text as a whole is not an array of bounded length (`batch_max`).
    pub fn parse_batch(bytes: Bytes, limits: &Limits, batch_max: usize) -> Result<Vec<Result<Frame, FrameFault>>, FrameFault> {
        todo!("{bytes:?}{limits:?}{batch_max}")
    }
    /// Builds a request.
    pub fn request(id: &RequestId, method: &str, params: Option<&Raw>) -> Frame {
        todo!("{id:?}{method}{params:?}")
    }
    pub fn notification(method: &str, params: Option<&Raw>) -> Frame {
        todo!("{method}{params:?}")
    }
    pub fn success(id: &RequestId, result: &Raw) -> Frame {
        todo!("{id:?}{result:?}")
    }
    /// Builds an error answer; `None` becomes `"id":null`.
    pub fn failure(id: Option<&RequestId>, error: &Raw) -> Frame {
        todo!("{id:?}{error:?}")
    }
    /// Returns the same message with another id and/or params; every other byte of the envelope is kept.
    pub fn with(&self, id: Option<&RequestId>, params: Option<&Raw>) -> Frame {
        todo!("{id:?}{params:?}")
    }
    /// Returns the same answer with another id and/or result; every other byte of the envelope is kept.
    pub fn with_result(&self, id: &RequestId, result: Option<&Raw>) -> Frame {
        todo!("{id:?}{result:?}")
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
}
