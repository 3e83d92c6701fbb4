//! A client that can show pages (elicitation in url mode) is asked to wait rather than told that the call failed: it repeats the
//! call with the sealed state, by itself, and is held again each time. The state gives no right to anything; it says which
//! approval the client waits for, so that one that is over is not asked for anew.

use serde_json::json;
use url::Url;
use wardgate_model::ApprovalId;
use wardgate_protocol::{Era, Raw};

use super::{
    Asked,
    state::{self, By},
    told::{self, Held},
};
use crate::{call::Call, seal::Seal};

/// Where the page is, behind the gateway's own address.
pub const PATH: &str = "/approve/";
/// What it says. The same for everybody and every id: who may know more asks the admin API.
pub const TEXT: &str = "This call waits for people to approve it.\n\n\
                        There is nothing to do here: it goes on once they agree, and you may close this page.\n\
                        Who may decide on it does so with `wardgate approve`, or through the admin API.\n";

/// Returns the result that asks the client to wait, if it is one that can.
pub fn ask(seal: &Seal, call: &Call, asked: &Asked) -> Option<Raw> {
    // Beside stdio nothing shows a page.
    let is_shown = call.peer.capabilities.elicitation_url && !call.credentials.stdio;
    if call.peer.era() == Era::Legacy || !is_shown {
        return None;
    }
    let pending = Held::Pending(asked.clone());
    Some(Raw::of(&json!({
        "resultType": "input_required",
        "inputRequests": {"approval": {
            "method": "elicitation/create",
            "params": {
                "mode": "url",
                "message": pending.advice(),
                "url": address(call, &asked.id)?,
            },
        }},
        "requestState": state::close(seal, &call.caller, &asked.id, By::Client),
        "_meta": {told::META: pending.data()},
    })))
}

fn address(call: &Call, id: &ApprovalId) -> Option<String> {
    let mut url = Url::parse(&call.toolset.uri).ok()?;
    url.set_path(&format!("{PATH}{id}"));
    Some(url.into())
}
