//! Call → Heeded: what operators' overrides stop and lift. Asked before anything is looked up, again once it is known where
//! the request goes, and for the last time at the moment it is sent: a kill switch does not wait for calls that wait.

use std::sync::Arc;

use jiff::Timestamp;
use wardgate_model::{Caller, Identity};
use wardgate_protocol::Method;
use wardgate_snapshot::{Server, Toolset};

use super::resolve::Target;
use crate::{
    call::Call,
    catalog::view::Entry,
    gate::Gate,
    overrides::{Aim, Overrides, Rule, Subject},
    stop::Stop,
};

/// That overrides were asked about the caller, and what they say of everything else.
pub struct Heeded {
    overrides: Arc<Overrides>,
    now: Timestamp,
}

/// Stops callers that an operator has stopped.
///
/// # Errors
/// [`Stop::Disabled`].
pub fn heed(gate: &Gate, call: &Call) -> Result<Heeded, Stop> {
    let heeded = Heeded {
        overrides: gate.overrides.now(),
        now: Timestamp::now(),
    };
    let stopped = heeded.stops(call, None);
    stopped.map_or(Ok(()), |rule| Err(Stop::disabled(rule)))?;
    Ok(heeded)
}

/// As [`heed`], for what comes with a session and is no call.
///
/// # Errors
/// [`Stop::Disabled`].
pub fn caller(gate: &Gate, subject: &Subject) -> Result<(), Stop> {
    let overrides = gate.overrides.now();
    let stopped = overrides.stops(subject, None, Timestamp::now());
    stopped.map_or(Ok(()), |rule| Err(Stop::disabled(rule)))
}

impl Heeded {
    /// Judges where the request goes. To be asked only of what the caller may know of.
    ///
    /// # Errors
    /// [`Stop::Disabled`].
    pub fn target(&self, call: &Call, target: &Target) -> Result<(), Stop> {
        announce(call, target);
        judge(&self.overrides, call, target, self.now)
    }

    /// Returns what lifts soft rules of policies for the request.
    pub fn break_glass(&self, call: &Call, target: &Target) -> Option<Arc<Rule>> {
        if self.overrides.is_empty() {
            return None;
        }
        let (subject, aim) = (call.ticket.subject(), aim(call, target));
        self.overrides.lifts(subject, &aim, self.now).cloned()
    }

    /// Says whether lists may differ from what the toolset shows.
    pub fn is_about_lists(&self) -> bool {
        let mut rules = self.overrides.rules().iter();
        rules.any(|rule| rule.is_in_force(self.now) && rule.concerns_lists())
    }

    /// Says whether an entry of a list is stopped.
    pub fn hides(&self, call: &Call, entry: &Entry) -> bool {
        self.stops(call, Some(&aim_of_entry(call, entry))).is_some()
    }

    /// As [`Heeded::break_glass`], of an entry of a list.
    pub fn breaks_glass_for(&self, call: &Call, entry: &Entry) -> bool {
        let (subject, aim) = (call.ticket.subject(), aim_of_entry(call, entry));
        self.overrides.lifts(subject, &aim, self.now).is_some()
    }

    /// Says whether everything of a server is stopped.
    pub fn stops_server(&self, call: &Call, server: &Server) -> bool {
        let aim = aim_of(server, None, false);
        self.stops(call, Some(&aim)).is_some()
    }

    fn stops(&self, call: &Call, aim: Option<&Aim>) -> Option<&Arc<Rule>> {
        self.overrides.stops(call.ticket.subject(), aim, self.now)
    }
}

/// What overrides say of something that is no request of its own: a task that goes on, news of a resource.
pub struct Weighed {
    pub stops: bool,
    pub lifts: bool,
}

pub fn weigh(
    gate: &Gate,
    caller: &Caller,
    toolset: &Toolset,
    server: &Server,
    tool: Option<&str>,
) -> Weighed {
    let (overrides, now) = (gate.overrides.now(), Timestamp::now());
    let subject = subject(caller.identity(), toolset);
    let aim = aim_of(server, tool.map(str::to_owned), false);
    Weighed {
        stops: overrides.stops(&subject, Some(&aim), now).is_some(),
        lifts: overrides.lifts(&subject, &aim, now).is_some(),
    }
}

/// Judges the request by what is in force at this moment, whatever was in force when it came.
///
/// # Errors
/// [`Stop::Disabled`].
pub fn still(gate: &Gate, call: &Call, target: &Target) -> Result<(), Stop> {
    // First this, then the question: a rule that comes into force in between finds the request here.
    announce(call, target);
    judge(&gate.overrides.now(), call, target, Timestamp::now())
}

fn judge(overrides: &Overrides, call: &Call, target: &Target, now: Timestamp) -> Result<(), Stop> {
    if overrides.is_empty() {
        return Ok(());
    }
    let stopped = overrides.stops(call.ticket.subject(), Some(&aim(call, target)), now);
    stopped.map_or(Ok(()), |rule| Err(Stop::disabled(rule)))
}

/// Tells the registry of what is under way where the request goes. A stream of news goes to many places, and is in none.
fn announce(call: &Call, target: &Target) {
    if call.method != Method::SubscriptionsListen {
        call.ticket.aims(|| aim(call, target));
    }
}

/// Who calls through what, as overrides see it.
pub fn subject(caller: Identity, toolset: &wardgate_snapshot::Toolset) -> Subject {
    Subject {
        caller,
        toolset: toolset.name.clone(),
    }
}

fn aim(call: &Call, target: &Target) -> Aim {
    match call.method {
        Method::ToolsCall => aim_of_tool(target.server(), target.name()),
        _ => aim_of(target.server(), None, may_write(&call.method)),
    }
}

fn aim_of_entry(call: &Call, entry: &Entry) -> Aim {
    match call.method {
        Method::ToolsList => aim_of_tool(&entry.server, &entry.item.key),
        _ => aim_of(&entry.server, None, false),
    }
}

/// A tool as overrides see it.
pub(crate) fn aim_of_tool(server: &Server, name: &str) -> Aim {
    let may_write = !server.traits_of(name).read_only;
    aim_of(server, Some(name.to_owned()), may_write)
}

fn aim_of(server: &Server, tool: Option<String>, may_write: bool) -> Aim {
    Aim {
        server: server.name.clone(),
        alias: server.alias.clone(),
        tool,
        may_write,
    }
}

/// What MCP calls reading changes nothing; what goes on with a task, and what the gateway does not know, may.
fn may_write(method: &Method) -> bool {
    !matches!(
        method,
        Method::PromptsGet
            | Method::ResourcesRead
            | Method::ResourcesSubscribe
            | Method::ResourcesUnsubscribe
            | Method::CompletionComplete
            | Method::SubscriptionsListen
            | Method::TasksGet
            | Method::TasksResult
            | Method::TasksCancel
    )
}
