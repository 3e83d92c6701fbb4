//! What a call leaves behind: the draft of a record, and the port that makes it one of the ledger's.
//!
//! A draft still holds what the client and the server said; whoever keeps it redacts first. What a record says is decided
//! in [`crate::stage::record`].

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wardgate_ledger::Record;
use wardgate_model::ToolRef;
use wardgate_protocol::Raw;
use wardgate_snapshot::AuditLevel;

/// A record before its payloads are redacted. It has no `Debug`: nothing of it belongs into a log.
pub struct Draft {
    pub record: Record,
    pub tool: Option<ToolRef>,
    pub payload: Payload,
}

/// What was said, and how much of it may be kept.
#[derive(Default)]
pub struct Payload {
    pub level: AuditLevel,
    pub args: Option<Raw>,
    pub result: Option<Raw>,
    /// JSON Pointers into any tool's arguments.
    pub sensitive: Arc<[String]>,
    /// JSON Pointers into this tool's arguments and structured result.
    pub sensitive_of_tool: Option<Arc<[String]>>,
    /// Whether personal data is taken out too; secrets always are.
    pub pii: bool,
}

/// The record is not on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record is not written")]
pub struct Unwritten;

/// Where records go. An intention or a completion that is handed over is the ledger's from that moment: dropping the future that
/// was returned takes nothing back.
pub trait Ledger: Send + Sync {
    /// Writes what is about to be done. On an error nothing of it is there, nor will be.
    fn intend(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>>;

    /// Writes how it ended. On an error it is not there yet, and will be as soon as the ledger can be written again.
    fn complete(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>>;

    /// Takes a record nobody waits for; ready when there is room for it, and lost if it is dropped before.
    fn note(&self, draft: Draft) -> BoxFuture<'static, ()>;

    /// Says whether the last attempt to write succeeded.
    fn is_writable(&self) -> bool;
}
