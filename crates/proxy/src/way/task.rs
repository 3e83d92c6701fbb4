//! `tasks/*`: the sealed id says which server the task lives on and whose it is.

use wardgate_protocol::{Era, Raw, RpcError, error};
use wardgate_snapshot::Server;

use crate::{
    bridge::{request::Rename, task_ids},
    call::Call,
    catalog::Freshness,
    gate::Gate,
    pipeline::Trail,
    stage::{
        admit::Slot,
        authorize,
        connect::connect,
        forward::{Errand, exchange},
        reserve,
        resolve::{self, Target},
        sanitize::{CleanReply, sanitize},
    },
    stop::Stop,
    upstream::changes::Shelf,
};

/// The extension whose methods these are in the modern era.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Says whether a client of the modern era can be answered with a task.
pub fn is_declared(call: &Call) -> bool {
    let declared = &call.peer.capabilities.extensions;
    declared.iter().any(|id| id == EXTENSION)
}

/// # Errors
/// −32021 from a modern client that did not declare the extension.
pub fn needs_extension(call: &Call) -> Result<(), Stop> {
    if call.peer.era() == Era::Legacy || is_declared(call) {
        return Ok(());
    }
    let needed = serde_json::json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
    let fault = RpcError::new(
        error::MISSING_CLIENT_CAPABILITY,
        "tasks need the tasks extension",
    );
    Err(Stop::Rpc(fault.with_data(Raw::of(&needed))))
}

/// A task is as open as its tool: who could not call the tool any more learns nothing of what came of it.
async fn is_still_open(
    gate: &Gate,
    call: &Call,
    server: &Server,
    tool: Option<&str>,
) -> Result<bool, Stop> {
    let toolset = &call.toolset;
    let Some(tool) = tool else {
        return Ok(toolset.servers.contains(&server.alias));
    };
    if !toolset.shows_tool(server, tool) || toolset.policies.is_none() {
        return Ok(toolset.shows_tool(server, tool));
    }
    let view = resolve::table(gate, call, Shelf::Tools, Freshness::Known).await?;
    let decided = view.authorizer.as_ref();
    Ok(decided.is_some_and(|by| authorize::still_sees(gate, call, by, server, tool)))
}

/// # Errors
/// −32021 from a client that did not declare the extension, −32602 for an id that was not given to this caller here, else as every call.
pub async fn task(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    needs_extension(call)?;
    let token = resolve::named(call, "taskId")?;
    let unknown = || Stop::Rpc(RpcError::new(error::INVALID_PARAMS, "Unknown task"));
    let task = task_ids::open(&gate.seal, call, &token).ok_or_else(unknown)?;
    let server = call
        .snapshot
        .servers
        .get(&task.server)
        .ok_or_else(unknown)?;
    if !is_still_open(gate, call, server, task.tool()).await? {
        return Err(unknown());
    }
    let filter = task.filter(call);
    let target = Target::on(server.clone(), task.id);
    trail.server = Some(server.clone());
    call.cx.limit(server.timeouts.call);
    let reserved = reserve::plain(gate, call, slot, trail)?;
    let connected = connect(gate, call, &target).await?;
    trail.connected(&connected);
    let rename = Some(Rename {
        path: &["taskId"],
        to: target.name(),
    });
    let errand = Errand {
        rename,
        arguments: None,
        filter,
    };
    let reply = exchange(gate, call, &target, connected, errand, reserved, trail).await?;
    sanitize(gate, call, &target, &reply)
}
