//! The request of a call that waits as a task: sealed for the store when it is asked for, opened when it is granted.
//!
//! Nobody is there to be asked when it runs, so it declares no capability: a server that has questions says that it cannot go on.

use serde::{Deserialize, Serialize};
use wardgate_model::ApprovalId;
use wardgate_protocol::{
    Frame, Raw, RequestId,
    edit::{self, Change},
    meta::{self, RequestMeta},
};

use super::state::{self, By};
use crate::{
    call::Call,
    seal::{Purpose, Seal},
};

#[derive(Serialize, Deserialize)]
struct Frozen {
    params: String,
}

/// Returns the request as it is kept. Only who has the gateway's seal can read it.
pub fn freeze(seal: &Seal, call: &Call) -> Option<Vec<u8>> {
    let params = Raw::trusted(edit::apply(
        call.frame.params()?.as_str(),
        &["requestState", "inputResponses"].map(Change::Remove),
    ));
    let params = meta::with_progress_token(Some(&params), None)
        .as_str()
        .to_owned();
    Some(seal.close(Purpose::Frozen, &Frozen { params }).into_bytes())
}

/// Returns the request that was kept, to be sent for who asks after it.
pub fn thaw(seal: &Seal, call: &Call, approval: &ApprovalId, sealed: &[u8]) -> Option<Frame> {
    let sealed = std::str::from_utf8(sealed).ok()?;
    let Frozen { params } = seal.open(Purpose::Frozen, sealed)?;
    let own = state::close(seal, &call.caller, approval, By::Task);
    let params = edit::set(&params, &["requestState"], &edit::quote(&own));
    let who = RequestMeta {
        revision: call.peer.revision,
        client_capabilities: Raw::trusted("{}"),
        client_info: call.peer.info.clone(),
        log_level: None,
    };
    let params = meta::add(Some(&Raw::trusted(params)), &who);
    Some(Frame::request(
        &RequestId::string(approval.as_str()),
        "tools/call",
        Some(&params),
    ))
}
