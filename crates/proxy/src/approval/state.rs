//! What a call says that waits for an approval: sealed, good for one caller, and no right to anything.

use serde::{Deserialize, Serialize};
use wardgate_model::{ApprovalId, Caller};

use crate::{
    call::Call,
    seal::{Purpose, Seal},
};

/// Who repeats the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Client,
    /// The gateway, with what a task keeps of the request. It uses this approval or none.
    Task,
}

#[derive(Serialize, Deserialize)]
struct State {
    tenant: String,
    principal: String,
    approval: String,
    by: By,
}

pub fn close(seal: &Seal, caller: &Caller, approval: &ApprovalId, by: By) -> String {
    let state = State {
        tenant: caller.tenant.to_string(),
        principal: caller.principal.to_string(),
        approval: approval.to_string(),
        by,
    };
    seal.close(Purpose::Approval, &state)
}

/// Returns the approval that a repeated call waits for, and who repeats it.
pub fn awaited(seal: &Seal, call: &Call) -> Option<(ApprovalId, By)> {
    let state: State = seal.open(Purpose::Approval, &call.param_string("requestState")?)?;
    let rightful = state.tenant == call.caller.tenant.as_str()
        && state.principal == call.caller.principal.as_str();
    rightful.then(|| (ApprovalId::new(state.approval), state.by))
}

/// Says whether the state in a request is the gateway's own, and nothing a server should see.
pub fn is_own(call: &Call) -> bool {
    let state = call.param_string("requestState");
    state.is_some_and(|state| Seal::claims(Purpose::Approval, &state))
}
