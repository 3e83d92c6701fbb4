//! Calls that wait for people as tasks: the id a client asks by, and what it is told.
//! MCP extension `io.modelcontextprotocol/tasks`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgate_model::ApprovalId;
use wardgate_protocol::{Era, Raw, edit};

use super::{Asked, runs::KEPT, told::META};
use crate::{
    call::Call,
    seal::{Purpose, Seal},
};

/// How often a client should ask.
const POLL_MS: u64 = 1000;

/// A task, opened for its rightful caller.
pub struct Task {
    id: String,
    pub approval: ApprovalId,
    created_ms: i64,
    ttl_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    tenant: String,
    principal: String,
    toolset: String,
    approval: String,
    created_ms: i64,
    ttl_ms: u64,
}

/// How a task stands.
pub enum Stands<'a> {
    Working(&'a str),
    Completed(&'a Raw),
    Failed(&'a Raw),
    Cancelled,
}

/// Says whether a request is about a task of the gateway's own.
pub fn is_own(call: &Call) -> bool {
    let id = call.param_string("taskId");
    call.peer.era() == Era::Modern && id.is_some_and(|id| Seal::claims(Purpose::Waiting, &id))
}

/// Returns the result that says that the call goes on as a task, which can be asked for as long as its approval and its result
/// can be there.
pub fn begun(seal: &Seal, call: &Call, asked: &Asked) -> Raw {
    let terms = &call.snapshot.gateway.approvals;
    let ttl = terms.decide_within + terms.use_within + KEPT;
    // A client that repeats the call is told of the same task.
    let created = asked.until - terms.decide_within;
    let sealed = Sealed {
        tenant: call.caller.tenant.to_string(),
        principal: call.caller.principal.to_string(),
        toolset: call.toolset.name.to_string(),
        approval: asked.id.to_string(),
        created_ms: created.as_millisecond(),
        ttl_ms: u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX),
    };
    let task = Task::of(seal.close(Purpose::Waiting, &sealed), sealed);
    let mut told = task.described(&Stands::Working(&task.waiting()), task.created());
    told["resultType"] = "task".into();
    Raw::of(&told)
}

/// Opens the task a request is about if it was given to this caller on this toolset.
pub fn open(seal: &Seal, call: &Call) -> Option<Task> {
    let id = call.param_string("taskId")?;
    let sealed: Sealed = seal.open(Purpose::Waiting, &id)?;
    let rightful = sealed.tenant == call.caller.tenant.as_str()
        && sealed.principal == call.caller.principal.as_str()
        && sealed.toolset == call.toolset.name.as_str();
    rightful.then(|| Task::of(id, sealed))
}

impl Task {
    fn of(id: String, sealed: Sealed) -> Task {
        Task {
            id,
            approval: ApprovalId::new(sealed.approval),
            created_ms: sealed.created_ms,
            ttl_ms: sealed.ttl_ms,
        }
    }

    /// What it waits for.
    pub fn waiting(&self) -> String {
        format!("waiting for approval {}", self.approval)
    }

    pub fn created(&self) -> Timestamp {
        Timestamp::from_millisecond(self.created_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the result of `tasks/get` about a task that stands so since a moment.
    pub fn told(&self, stands: &Stands<'_>, since: Timestamp) -> Raw {
        let text = self.described(stands, since).to_string();
        Raw::trusted(match stands {
            Stands::Completed(result) => edit::set(&text, &["result"], result.as_str()),
            Stands::Failed(error) => edit::set(&text, &["error"], error.as_str()),
            Stands::Working(_) | Stands::Cancelled => text,
        })
    }

    fn described(&self, stands: &Stands<'_>, since: Timestamp) -> Value {
        let status = match stands {
            Stands::Working(_) => "working",
            Stands::Completed(_) => "completed",
            Stands::Failed(_) => "failed",
            Stands::Cancelled => "cancelled",
        };
        let mut told = json!({
            "resultType": "complete",
            "taskId": self.id,
            "status": status,
            "createdAt": format!("{:.3}", self.created()),
            "lastUpdatedAt": format!("{since:.3}"),
            "ttlMs": self.ttl_ms,
            "pollIntervalMs": POLL_MS,
            "_meta": {META: {"id": self.approval.as_str()}},
        });
        if let Stands::Working(message) = stands {
            told["statusMessage"] = (*message).into();
        }
        told
    }
}
