//! CheckedArgs → Reserved: budgets are charged with what is known before the call, and settled with the truth after it.

use std::time::Duration;

use wardgate_limit::{Reservation, Spend, Warning, estimated_tokens};
use wardgate_model::{MicroUsd, ToolRef};

use super::{
    admit::{Slot, facts},
    forward::RawReply,
    resolve::Target,
    validate::CheckedArgs,
};
use crate::{call::Call, gate::Gate, pipeline::Trail, stop::Stop};

/// Proof that the budgets hold this request. Dropped before it was sent, it cost nothing.
pub struct Reserved {
    reservation: Reservation,
    cost: MicroUsd,
    arguments: u64,
}

/// Reserves what a tool call will take.
///
/// # Errors
/// [`Stop::Limited`]; then nothing was taken.
pub fn reserve(
    gate: &Gate,
    call: &Call,
    target: &Target,
    _arguments: CheckedArgs,
    trail: &mut Trail,
) -> Result<Reserved, Stop> {
    let tool = ToolRef {
        alias: target.server().alias.clone(),
        name: target.name().to_owned(),
    };
    // A call that goes on was paid for when it began.
    let cost = match gate.parked.awaits(&gate.seal, call) {
        true => MicroUsd::default(),
        false => target.server().traits_of(target.name()).cost,
    };
    let reserved = take(gate, call, Some(&tool), cost, trail);
    trail.limited_as = Some(tool);
    reserved
}

/// Reserves what a request that names no tool will take: it has no price, but a size.
///
/// # Errors
/// As [`reserve`].
pub fn plain(gate: &Gate, call: &Call, _slot: &Slot, trail: &mut Trail) -> Result<Reserved, Stop> {
    take(gate, call, None, MicroUsd::default(), trail)
}

fn take(
    gate: &Gate,
    call: &Call,
    tool: Option<&ToolRef>,
    cost: MicroUsd,
    trail: &mut Trail,
) -> Result<Reserved, Stop> {
    let estimate = estimate(call, cost);
    let reservation = gate
        .limits
        .reserve(&facts(call, tool), &estimate, &gate.moment())
        .map_err(Stop::limited)?;
    trail.warnings.extend_from_slice(reservation.warnings());
    Ok(Reserved {
        reservation,
        cost,
        arguments: estimate.bytes,
    })
}

/// What is known of a request before it is sent.
pub(crate) fn estimate(call: &Call, cost: MicroUsd) -> Spend {
    let arguments = call.param("arguments").map_or(0, str::len) as u64;
    Spend {
        cost,
        tokens: estimated_tokens(arguments),
        bytes: arguments,
        compute: Duration::ZERO,
    }
}

impl Reserved {
    /// Gives the places on limits that name the tool back while the call waits for people; what it reserved stays.
    pub(super) fn leave(&mut self) {
        self.reservation.slot().leave();
    }

    /// Takes the places again.
    ///
    /// # Errors
    /// [`Stop::Limited`].
    pub(super) fn return_to(&mut self) -> Result<(), Stop> {
        self.reservation.slot().return_to().map_err(Stop::limited)
    }

    /// Charges what the exchange took; nothing if it provably did not reach the server. Returns the warnings that are due.
    pub(super) fn settle(
        self,
        reply: &Result<RawReply, Stop>,
        compute: Duration,
    ) -> (Option<Spend>, Vec<Warning>) {
        let result = match reply {
            Err(
                Stop::Unavailable { .. }
                | Stop::Draining
                | Stop::Disabled {
                    under_way: false, ..
                },
            ) => return Default::default(),
            Ok(reply) => reply.content_bytes() as u64,
            Err(_) => 0,
        };
        let bytes = self.arguments + result;
        let took = Spend {
            cost: self.cost,
            tokens: estimated_tokens(bytes),
            bytes,
            compute,
        };
        (Some(took), self.reservation.settle(&took))
    }
}
