//! The call that is asked about, as if a client of the newest revision without capabilities had sent it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use wardgate_protocol::{
    Frame, Limits, Method, Revision, Trace,
    meta::{CLIENT_CAPABILITIES, PROTOCOL_VERSION},
    scan::Keys,
};
use wardgate_snapshot::{Snapshot, Toolset};

use super::{Asked, Unaskable};
use crate::{
    call::{Call, Credentials, Hail},
    cx::Cx,
    exchange::Exchange,
    gate::Gate,
    session::recognise::recognise,
    stage::{authorize::REASON, heed},
};

/// Servers are asked for their lists, so it may take a while.
const TIME: Duration = Duration::from_secs(20);

pub(super) fn question(
    gate: &Arc<Gate>,
    snapshot: Arc<Snapshot>,
    toolset: Arc<Toolset>,
    asked: &Asked,
) -> Result<Call, Unaskable> {
    let frame = frame(&asked.tool, asked)?;
    let peer = recognise(gate, &Hail::Modern, &frame, &asked.caller, &toolset);
    let cancel = CancellationToken::new();
    let (exchange, _) = Exchange::new();
    let subject = heed::subject(asked.caller.identity(), &toolset);
    Ok(Call {
        ticket: gate.ongoing.enter(subject, true, cancel.clone()),
        id: frame.id().cloned().ok_or(Unaskable)?,
        method: Method::ToolsCall,
        peer: peer.map_err(|_| Unaskable)?,
        frame,
        caller: asked.caller.clone(),
        snapshot,
        toolset,
        headers: None,
        trace: Trace::default(),
        cx: Cx::new(cancel, TIME),
        exchange,
        underway: None,
        seal: gate.seal.clone(),
        credentials: Credentials::default(),
        findings: Mutex::default(),
    })
}

/// The message, naming the tool as its list shows it.
pub(super) fn frame(exposed: &str, asked: &Asked) -> Result<Frame, Unaskable> {
    if !asked.arguments.starts_with('{') {
        return Err(Unaskable);
    }
    let mut meta = json!({
        PROTOCOL_VERSION: Revision::NEWEST.as_str(),
        CLIENT_CAPABILITIES: {},
    });
    if let Some(reason) = &asked.reason {
        meta[REASON] = reason.as_str().into();
    }
    let (name, arguments) = (json!(exposed), &asked.arguments);
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{{"name":{name},"arguments":{arguments},"_meta":{meta}}}}}"#
    );
    Frame::parse(text.into(), &Limits::default(), Keys::Strict).map_err(|_| Unaskable)
}
