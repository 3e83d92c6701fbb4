//! A client that can show pages (elicitation in url mode) is asked to wait rather than told that the call failed: it repeats the
//! call with the sealed state, by itself, and is held again each time. The state gives no right to anything; it says which
//! approval the client waits for, so that one that is over is not asked for anew.

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;
use wardgate_model::ApprovalId;
use wardgate_protocol::{Era, Raw};

use super::{
    Asked,
    told::{self, Held},
};
use crate::{
    call::Call,
    seal::{Purpose, Seal},
};

/// Where the page is, behind the gateway's own address.
pub const PATH: &str = "/approve/";
/// What it says. The same for everybody and every id: who may know more asks the admin API.
pub const TEXT: &str = "This call waits for people to approve it.\n\n\
                        There is nothing to do here: it goes on once they agree, and you may close this page.\n\
                        Who may decide on it does so with `wardgate approve`, or through the admin API.\n";

#[derive(Serialize, Deserialize)]
struct State {
    tenant: String,
    principal: String,
    approval: String,
}

/// Returns the result that asks the client to wait, if it is one that can.
pub fn ask(seal: &Seal, call: &Call, asked: &Asked) -> Option<Raw> {
    if call.peer.era() == Era::Legacy || !call.peer.capabilities.elicitation_url {
        return None;
    }
    let pending = Held::Pending(asked.clone());
    let state = State {
        tenant: call.caller.tenant.to_string(),
        principal: call.caller.principal.to_string(),
        approval: asked.id.to_string(),
    };
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
        "requestState": seal.close(Purpose::Approval, &state),
        "_meta": {told::META: pending.data()},
    })))
}

/// Returns the approval that a repeated call waits for.
pub fn awaited(seal: &Seal, call: &Call) -> Option<ApprovalId> {
    let state: State = seal.open(Purpose::Approval, &call.param_string("requestState")?)?;
    let rightful = state.tenant == call.caller.tenant.as_str()
        && state.principal == call.caller.principal.as_str();
    rightful.then(|| ApprovalId::new(state.approval))
}

/// Says whether the state in a request is the gateway's own, and nothing a server should see.
pub fn is_own_state(call: &Call) -> bool {
    let state = call.param_string("requestState");
    state.is_some_and(|state| Seal::claims(Purpose::Approval, &state))
}

fn address(call: &Call, id: &ApprovalId) -> Option<String> {
    let mut url = Url::parse(&call.toolset.uri).ok()?;
    url.set_path(&format!("{PATH}{id}"));
    Some(url.into())
}
