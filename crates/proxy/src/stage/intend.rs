//! Cleared + Reserved → Intent: what may change something is on disk before it is sent.

use wardgate_policy::Redaction;
use wardgate_snapshot::OnError;

use super::{approve::Cleared, clean, record, reserve::Reserved, resolve::Target};
use crate::{call::Call, gate::Gate, pipeline::Trail, stop::Stop};

/// That a call is allowed and paid for, and as far as its record is concerned may be sent.
pub struct Intent {
    cleared: Cleared,
    reserved: Reserved,
    owed: Vec<Redaction>,
}

impl Intent {
    /// What lets it through, what is reserved, and what the permit asks to be taken out of the reply.
    pub(super) fn into_parts(self) -> (Cleared, Reserved, Vec<Redaction>) {
        (self.cleared, self.reserved, self.owed)
    }
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
    cleared: Cleared,
    reserved: Reserved,
    trail: &mut Trail,
) -> Result<Intent, Stop> {
    let owed = clean::owed(cleared.permit());
    let Some(ledger) = &gate.ports.ledger else {
        return Ok(Intent {
            cleared,
            reserved,
            owed,
        });
    };
    let audit = &call.snapshot.gateway.audit;
    let (written, on_error) = match target.server().traits_of(target.name()).read_only {
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
        OnError::Block | OnError::Degrade => Ok(Intent {
            cleared,
            reserved,
            owed,
        }),
    }
}
