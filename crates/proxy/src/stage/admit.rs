//! Caller → Slot: limits that need no tool, asked before anything is looked up.

use wardgate_limit::Facts;
use wardgate_model::ToolRef;
use wardgate_protocol::Method;

use super::heed::Heeded;
use crate::{call::Call, gate::Gate, pipeline::Trail, stop::Stop};

/// A place among the calls under way; given back on drop. Openings have none.
pub struct Slot {
    places: Option<wardgate_limit::Slot>,
}

impl Slot {
    /// Gives the place back while the request waits for people.
    pub(super) fn leave(&mut self) {
        if let Some(places) = &mut self.places {
            places.leave();
        }
    }

    /// Takes a place again.
    ///
    /// # Errors
    /// [`Stop::Limited`].
    pub(super) fn return_to(&mut self) -> Result<(), Stop> {
        match &mut self.places {
            Some(places) => places.return_to().map_err(Stop::limited),
            None => Ok(()),
        }
    }
}

/// Lets the request in if the caller's limits have room.
///
/// # Errors
/// [`Stop::Limited`]; then nothing was taken.
pub fn admit(gate: &Gate, call: &Call, _heeded: &Heeded, trail: &mut Trail) -> Result<Slot, Stop> {
    if is_free(&call.method) {
        return Ok(Slot { places: None });
    }
    let places = gate
        .limits
        .admit(&facts(call, None), &gate.moment())
        .map_err(Stop::limited)?;
    trail.warnings.extend_from_slice(places.warnings());
    Ok(Slot {
        places: Some(places),
    })
}

/// Who calls what, as limits see it.
pub(crate) fn facts<'a>(call: &'a Call, tool: Option<&'a ToolRef>) -> Facts<'a> {
    Facts {
        tenant: &call.caller.tenant,
        principal: &call.caller.principal,
        toolset: &call.toolset.name,
        tool,
        looks: looks(&call.method),
    }
}

/// What opens or ends a conversation, and what no server is asked for.
pub(crate) fn is_free(method: &Method) -> bool {
    matches!(
        method,
        Method::Initialize
            | Method::ServerDiscover
            | Method::Ping
            | Method::LoggingSetLevel
            | Method::ResourcesUnsubscribe
    )
}

/// What only looks around. Tasks belong here: the call that began one was counted, and asking after it must not be refused
/// because the caller has used up its calls.
pub(crate) fn looks(method: &Method) -> bool {
    matches!(
        method,
        Method::ToolsList
            | Method::PromptsList
            | Method::ResourcesList
            | Method::ResourcesTemplatesList
            | Method::ResourcesSubscribe
            | Method::SubscriptionsListen
            | Method::TasksGet
            | Method::TasksUpdate
            | Method::TasksCancel
            | Method::TasksResult
    )
}
