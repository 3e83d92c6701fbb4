//! A call that waits as a task: how it becomes one, and how it goes on when it is sent for it ([`crate::way::waiting`]).

use wardgate_model::ApprovalId;
use wardgate_protocol::Era;

use super::{Cleared, Grant, held, port, refused};
use crate::{
    approval::{Approvals, Asked, Fault, Standing, bound, task, told::Held},
    call::Call,
    gate::Gate,
    pipeline::Trail,
    stage::{authorize, heed::heed, resolve::Target},
    stop::Stop,
    way,
};

/// Says whether the client can be answered with a task.
pub(super) fn is_possible(call: &Call) -> bool {
    call.peer.era() == Era::Modern && way::task::is_declared(call)
}

/// Ends the call of a client that knows tasks: it goes on as one, which holds nothing here.
///
/// # Errors
/// [`Stop::Held`] is what such a client is told; the call of another goes on.
pub(super) async fn begin(
    gate: &Gate,
    call: &Call,
    approvals: &dyn Approvals,
    asked: &Asked,
) -> Result<(), Stop> {
    if !is_possible(call) {
        return Ok(());
    }
    // What another client asked for is kept without the request.
    let frozen = call.cx.within(approvals.frozen(&asked.id)).await?;
    if frozen.map_err(refused)?.is_none() {
        return Ok(());
    }
    let told = task::begun(&gate.seal, call, asked);
    Err(Stop::held(Held::Waiting(asked.clone(), told)))
}

/// Clears what was kept by that approval or by none. It asks nobody anew, and it uses the approval up even where policies would
/// by now let it through without.
///
/// # Errors
/// [`Stop::Held`] when the approval is not granted, or lifts no longer all that stands against the call.
pub(super) async fn resumed(
    gate: &Gate,
    call: &Call,
    target: &Target,
    id: &ApprovalId,
    trail: &mut Trail,
) -> Result<Cleared, Stop> {
    let approvals = port(gate)?;
    let looking = call.cx.within(approvals.look(id)).await?;
    let asked = match looking.map_err(refused)? {
        Some(Standing::Granted(asked)) => asked,
        Some(standing) => return Err(Stop::held(held(standing))),
        None => return Err(refused(Fault::Unknown)),
    };
    trail.approval = Some(id.clone());
    let lifted: Vec<_> = asked.needs.iter().map(|need| need.rule.as_str()).collect();
    let heeded = heed(gate, call)?;
    let permit = trail.decided(authorize::granted(call, target, &heeded, &lifted))?;
    if permit.is_deferred() {
        return Err(Stop::held(Held::Changed(asked)));
    }
    let grant = Some(Grant {
        id: asked.id,
        binding: bound::binding(call, target)?,
    });
    Ok(Cleared { permit, grant })
}
