//! What may change something is on disk before it is sent.

use wardgate_snapshot::OnError;

use super::{record, resolve::Target, validate::CheckedArgs};
use crate::{call::Call, gate::Gate, pipeline::Trail, stop::Stop};

/// That a call may be sent as far as its record is concerned.
pub struct Intent {
    _made_here: (),
}

/// Writes the received record, unless the operator vouches that the tool changes nothing. A client that leaves meanwhile does
/// not stop it: half an intention could not be completed.
///
/// # Errors
/// [`Stop::Internal`] when records cannot be written and the config says to block; nothing was sent.
pub async fn intend(
    gate: &Gate,
    call: &Call,
    target: &Target,
    _args: &CheckedArgs,
    trail: &mut Trail,
) -> Result<Intent, Stop> {
    let Some(ledger) = &gate.ports.ledger else {
        return Ok(Intent { _made_here: () });
    };
    let audit = &call.snapshot.gateway.audit;
    let (written, on_error) = match target.server().traits(target.name()).read_only {
        true => (ledger.is_writable(), audit.on_error_read_only),
        false => {
            let draft = record::received(trail);
            let received = draft.record.clone();
            let written = ledger.intend(draft).await.is_ok();
            trail.received = written.then_some(received);
            (written, audit.on_error)
        }
    };
    match on_error {
        OnError::Block if !written => Err(Stop::Internal {
            reason: "its record cannot be written, so nothing was sent",
        }),
        OnError::Block | OnError::Degrade => Ok(Intent { _made_here: () }),
    }
}
