//! What [`super::approve`] would do, without doing it: nobody is asked, and nothing is used up.

use wardgate_model::ApprovalId;

use super::{Permit, held, needs, port, possible, refused};
use crate::{
    approval::{Asked, Need, Standing, bound, told::Held},
    call::Call,
    gate::Gate,
    stage::{authorize, heed::Heeded, resolve::Target},
    stop::Stop,
};

/// How a call would fare.
pub enum Outlook {
    /// Nobody has to be asked.
    Clear,
    /// This grant lets it through.
    Granted(ApprovalId),
    /// These people would be asked.
    Asks(Vec<Need>),
}

/// # Errors
/// What the call would be told: that it waits already, that people said no, or that nobody could say yes.
pub async fn outlook(
    gate: &Gate,
    call: &Call,
    target: &Target,
    permit: &Permit,
    heeded: &Heeded,
) -> Result<Outlook, Stop> {
    if !permit.is_deferred() {
        return Ok(Outlook::Clear);
    }
    let approvals = port(gate)?;
    let binding = bound::binding(call, target)?;
    let looking = call.cx.within(approvals.stands(&binding)).await?;
    match looking.map_err(refused)? {
        Some(Standing::Granted(asked)) => granted(call, target, heeded, asked),
        Some(Standing::Pending(asked)) => Err(Stop::held(Held::Pending(asked))),
        Some(over) => Err(Stop::held(held(over))),
        None => asks(call, needs(permit)),
    }
}

/// A grant lifts the rules that asked for it. Where others ask by now, it is of no use.
fn granted(call: &Call, target: &Target, heeded: &Heeded, asked: Asked) -> Result<Outlook, Stop> {
    let lifted: Vec<_> = asked.needs.iter().map(|need| need.rule.as_str()).collect();
    let permit = authorize::granted(call, target, heeded, &lifted)?;
    match permit.is_deferred() {
        true => asks(call, needs(&permit)),
        false => Ok(Outlook::Granted(asked.id)),
    }
}

fn asks(call: &Call, needs: Vec<Need>) -> Result<Outlook, Stop> {
    possible(call, &needs)?;
    Ok(Outlook::Asks(needs))
}
