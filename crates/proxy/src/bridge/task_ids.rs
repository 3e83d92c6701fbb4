//! Task ids as clients hold them: sealed with the server they belong to and the caller who may use them.
//! MCP extension `io.modelcontextprotocol/tasks`; the experimental tasks of 2025-11-25 use the same members.

use serde::{Deserialize, Serialize};
use wardgate_model::Alias;
use wardgate_policy::Redaction;
use wardgate_protocol::{Raw, edit};

use crate::{
    call::Call,
    seal::{Purpose, Seal},
    stage::clean::Filter,
};

#[derive(Serialize, Deserialize)]
struct Sealed {
    tenant: String,
    principal: String,
    toolset: String,
    server: String,
    id: String,
    /// Whose result it will be, so that it is read as the tool's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    /// What the permit of the call that began it asks to be taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    owed: Vec<Redaction>,
}

/// A task id opened for its rightful caller.
pub struct TaskId {
    pub server: Alias,
    pub id: String,
    tool: Option<String>,
    owed: Vec<Redaction>,
}

impl TaskId {
    /// Whose result it will be, where that is known.
    pub fn tool(&self) -> Option<&str> {
        self.tool.as_deref()
    }

    /// How what is said of the task is made fit for the caller.
    pub fn filter(&self, call: &Call) -> Filter {
        Filter::of(call, &self.server, self.tool.as_deref(), self.owed.clone())
    }
}

/// Where results hold the id of the task they are about.
const PLACES: [&[&str]; 3] = [
    &["taskId"],
    &["task", "taskId"],
    &["_meta", "io.modelcontextprotocol/related-task", "taskId"],
];

/// Replaces the server's task ids in a result by sealed ones.
pub fn seal_in(seal: &Seal, call: &Call, filter: &Filter, result: &Raw) -> Raw {
    let mut text = result.clone();
    for place in PLACES {
        let Some(id) = edit::get(text.as_str(), place)
            .and_then(edit::string)
            .map(|id| id.into_owned())
        else {
            continue;
        };
        let sealed = Sealed {
            tenant: call.caller.tenant.to_string(),
            principal: call.caller.principal.to_string(),
            toolset: call.toolset.name.to_string(),
            server: filter.server.to_string(),
            id,
            tool: filter.tool.clone(),
            owed: filter.owed.clone(),
        };
        text = Raw::trusted(edit::set(
            text.as_str(),
            place,
            &edit::quote(&seal.close(Purpose::Task, &sealed)),
        ));
    }
    text
}

/// Opens a task id if it was given to this caller on this toolset.
pub fn open(seal: &Seal, call: &Call, token: &str) -> Option<TaskId> {
    let sealed: Sealed = seal.open(Purpose::Task, token)?;
    let rightful = sealed.tenant == call.caller.tenant.as_str()
        && sealed.principal == call.caller.principal.as_str()
        && sealed.toolset == call.toolset.name.as_str();
    rightful.then_some(TaskId {
        server: Alias::new(&sealed.server),
        id: sealed.id,
        tool: sealed.tool,
        owed: sealed.owed,
    })
}
