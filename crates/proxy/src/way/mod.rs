//! The shorter ways: everything that is not a tool call, through the same stages.

pub mod hello;
pub mod list;
pub mod listen;
pub mod listen_tasks;
pub mod logging;
pub mod named;
pub mod subscribe;
pub mod task;
pub mod waiting;

use wardgate_protocol::{Era, Method, Raw, RpcError, error};

use crate::{call::Call, outcome::Answer, stop::Stop};

/// Refuses methods that the client's era does not have.
///
/// # Errors
/// −32601. MCP 2026-07-28 removed sessions and what came with them; older revisions have no discovery and no listen.
pub fn opens(call: &Call) -> Result<(), Stop> {
    let is_foreign = match call.peer.era() {
        Era::Modern => matches!(
            call.method,
            Method::Initialize
                | Method::Ping
                | Method::LoggingSetLevel
                | Method::ResourcesSubscribe
                | Method::ResourcesUnsubscribe
                | Method::TasksList
                | Method::TasksResult
                | Method::RootsList
                | Method::ElicitationCreate
                | Method::SamplingCreateMessage
        ),
        // A task list of a shared session would show other callers' tasks; it is not advertised either.
        Era::Legacy => matches!(
            call.method,
            Method::ServerDiscover
                | Method::SubscriptionsListen
                | Method::TasksUpdate
                | Method::TasksList
        ),
    };
    if is_foreign {
        Err(not_found(call))
    } else {
        Ok(())
    }
}

pub fn not_found(call: &Call) -> Stop {
    let shown = wardgate_sanitize::printable(call.method.as_str(), 100);
    Stop::Rpc(RpcError::new(
        error::METHOD_NOT_FOUND,
        format!("Method not found: {shown}"),
    ))
}

/// The answer that says nothing but yes.
pub fn empty(call: &Call) -> Answer {
    let result = match call.peer.era() {
        Era::Legacy => "{}",
        Era::Modern => r#"{"resultType":"complete"}"#,
    };
    Answer::result(&call.id, &Raw::trusted(result))
}
