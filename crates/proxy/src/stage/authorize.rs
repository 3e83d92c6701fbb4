//! Caller + Target + arguments → Permit: what policies say of this call. Lists, reads and prompts are decided by the same
//! rules, so that what is listed and what is callable agree.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;
use wardgate_model::{Alias, Caller};
use wardgate_policy::{
    Authorizer, Circumstances, Decision, Effect, Explanation, Objective, Request, Review, RuleId,
    Target as Asked,
};
use wardgate_protocol::edit;
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{
    heed::{self, Heeded},
    resolve::Target,
};
use crate::{
    call::Call,
    catalog::{
        governed,
        view::{Entry, View},
    },
    gate::Gate,
    overrides::Rule,
    stop::{Missing, Stop},
};

/// What allows a call. Without policies every call of a tool in the toolset is.
#[derive(Default)]
pub struct Permit {
    decision: Option<Decision>,
    break_glass: Option<Arc<Rule>>,
}

impl Permit {
    /// Says whether it is one only once people have agreed.
    pub fn is_deferred(&self) -> bool {
        let decision = self.decision.as_ref();
        decision.is_some_and(|decision| decision.effect == Effect::Defer)
    }

    pub fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// The override without which this would be none.
    pub fn break_glass(&self) -> Option<&Arc<Rule>> {
        self.break_glass.as_ref()
    }
}

/// Where a caller says why it calls.
pub const REASON: &str = "dev.wardgate/reason";

/// Decides a tool call. A tool the caller may not even see is as unknown as one that does not exist, stopped or not.
///
/// # Errors
/// [`Stop::NotFound`], [`Stop::Disabled`] or [`Stop::Denied`].
pub fn call(gate: &Gate, call: &Call, target: &Target, heeded: &Heeded) -> Result<Permit, Stop> {
    let permit = granted(call, target, heeded, &[])?;
    if let Some(authorizer) = target.authorizer() {
        let is_listed = || is_listed(call, target, heeded, authorizer);
        gate.surface.permitted(target.name(), is_listed);
    }
    Ok(permit)
}

/// What policies say of a call, rule by rule; nothing where there are none.
pub fn explained(call: &Call, target: &Target, heeded: &Heeded) -> Option<Explanation> {
    let authorizer = target.authorizer()?;
    let tool = governed::tool_ref(target.server(), target.name());
    let arguments = serde_json::from_str(call.param("arguments").unwrap_or("{}")).ok()?;
    let asked = Asked::Call {
        tool: &tool,
        arguments,
    };
    let reason = reason(call);
    let circumstances = circumstances(call, reason.as_deref());
    let lifts = heeded.break_glass(call, target).is_some();
    Some(authorizer.explain(&request(call, asked, circumstances, lifts)))
}

/// Asks as the caller's list does, which knows neither arguments nor reasons.
fn is_listed(call: &Call, target: &Target, heeded: &Heeded, authorizer: &Authorizer) -> bool {
    let tool = governed::tool_ref(target.server(), target.name());
    let lifts = heeded.break_glass(call, target).is_some();
    let circumstances = circumstances(call, None);
    authorizer.visible(
        &call.caller,
        &call.toolset.name,
        &tool,
        &circumstances,
        lifts,
    )
}

/// As [`call`], with rules that people have lifted for exactly this call.
///
/// # Errors
/// As [`call`].
pub fn granted(
    call: &Call,
    target: &Target,
    heeded: &Heeded,
    lifted: &[&str],
) -> Result<Permit, Stop> {
    let Some(authorizer) = target.authorizer() else {
        heeded.target(call, target)?;
        return Ok(Permit::default());
    };
    let break_glass = heeded.break_glass(call, target);
    let tool = governed::tool_ref(target.server(), target.name());
    let reason = reason(call);
    let circumstances = circumstances(call, reason.as_deref());
    let toolset = &call.toolset.name;
    let lifts = break_glass.is_some();
    let arguments = call.param("arguments").unwrap_or("{}");
    let arguments = serde_json::from_str::<&RawValue>(arguments).map_err(|_| Stop::Internal {
        reason: "the arguments cannot be read",
    })?;
    let asked = Asked::Call {
        tool: &tool,
        arguments,
    };
    let lifted: Vec<_> = lifted.iter().map(RuleId::new).collect();
    let decision = authorizer.decide(&Request {
        grants: &lifted,
        ..request(call, asked, circumstances, lifts)
    });
    // What is not denied can be seen, so only a denial asks.
    let is_visible = decision.effect != Effect::Deny
        || authorizer.visible(&call.caller, toolset, &tool, &circumstances, lifts);
    if !is_visible {
        let exposed = call.param_string("name").unwrap_or_default();
        return Err(Stop::NotFound(Missing::Tool(exposed)));
    }
    heeded.target(call, target)?;
    permit(decision, break_glass)
}

/// Decides reading a resource.
///
/// # Errors
/// As [`call`].
pub fn read(call: &Call, target: &Target, uri: &str, heeded: &Heeded) -> Result<Permit, Stop> {
    let server = governed::server(target.server());
    let asked = Asked::Read {
        server: &server,
        uri,
    };
    let missing = || Missing::Resource(uri.to_owned());
    other(call, target, asked, heeded, missing)
}

/// Says whether news of a resource may be told at this moment, as reading it would be allowed.
pub fn may_hear(
    gate: &Gate,
    snapshot: &Snapshot,
    toolset: &Toolset,
    caller: &Caller,
    server: &Alias,
    uri: &str,
) -> bool {
    let Some(server) = snapshot.servers.get(server) else {
        return false;
    };
    let weighed = heed::weigh(gate, caller, toolset, server, None);
    if weighed.stops || !toolset.servers.contains(&server.alias) {
        return false;
    }
    let Some(authorizer) = &snapshot.authorizer else {
        return true;
    };
    let server = &governed::server(server);
    let decision = authorizer.decide(&Request {
        caller,
        toolset: &toolset.name,
        target: Asked::Read { server, uri },
        circumstances: around(snapshot, None),
        grants: &[],
        break_glass: weighed.lifts,
    });
    decision.effect == Effect::Allow
}

/// Says whether the caller may still see a tool that it has called, and what came of it. A tool that is in no list for now
/// is not held against it.
pub fn still_sees(
    gate: &Gate,
    call: &Call,
    authorizer: &Authorizer,
    server: &Server,
    tool: &str,
) -> bool {
    let weighed = heed::weigh(gate, &call.caller, &call.toolset, server, Some(tool));
    let tool = governed::tool_ref(server, tool);
    let (toolset, circumstances) = (&call.toolset.name, circumstances(call, None));
    !authorizer.knows(&tool)
        || authorizer.visible(&call.caller, toolset, &tool, &circumstances, weighed.lifts)
}

/// Decides getting a prompt; `exposed` is its name as the caller knows it.
///
/// # Errors
/// As [`call`].
pub fn prompt(
    call: &Call,
    target: &Target,
    exposed: &str,
    heeded: &Heeded,
) -> Result<Permit, Stop> {
    let server = governed::server(target.server());
    let asked = Asked::Prompt {
        server: &server,
        name: target.name(),
    };
    let missing = || Missing::Prompt(exposed.to_owned());
    other(call, target, asked, heeded, missing)
}

/// Says whether anything decides over what this toolset lists.
pub fn governs(call: &Call, heeded: &Heeded) -> bool {
    call.snapshot.authorizer.is_some() || heeded.is_about_lists()
}

/// Says whether the caller sees an entry of a list.
pub fn sees(call: &Call, view: &View, entry: &Entry, heeded: &Heeded) -> bool {
    !heeded.hides(call, entry) && allows_to_see(call, view, entry, heeded)
}

fn allows_to_see(call: &Call, view: &View, entry: &Entry, heeded: &Heeded) -> bool {
    let circumstances = circumstances(call, None);
    let lifts = heeded.breaks_glass_for(call, entry);
    if let Some(authorizer) = &view.authorizer {
        let tool = governed::tool_ref(&entry.server, &entry.item.key);
        let toolset = &call.toolset.name;
        return authorizer.visible(&call.caller, toolset, &tool, &circumstances, lifts);
    }
    let Some(authorizer) = &call.snapshot.authorizer else {
        return true;
    };
    let server = governed::server(&entry.server);
    let key = entry.item.key.as_str();
    let asked = match call.method {
        wardgate_protocol::Method::PromptsList => Asked::Prompt {
            server: &server,
            name: key,
        },
        _ => Asked::Read {
            server: &server,
            uri: key,
        },
    };
    decide(authorizer, call, asked, circumstances, lifts).effect == Effect::Allow
}

/// What is no tool has no arguments to look at, so to be denied is to be hidden.
fn other(
    call: &Call,
    target: &Target,
    asked: Asked<'_>,
    heeded: &Heeded,
    missing: impl FnOnce() -> Missing,
) -> Result<Permit, Stop> {
    let permitted = match &call.snapshot.authorizer {
        None => Permit::default(),
        Some(authorizer) => {
            let (reason, break_glass) = (reason(call), heeded.break_glass(call, target));
            let circumstances = circumstances(call, reason.as_deref());
            let lifts = break_glass.is_some();
            let decision = decide(authorizer, call, asked, circumstances, lifts);
            let permit = permit(decision, break_glass).ok();
            // There is no way to ask people for these, so what needs an approval is denied.
            let permit = permit.filter(|permit| !permit.is_deferred());
            permit.ok_or_else(|| Stop::NotFound(missing()))?
        }
    };
    heeded.target(call, target)?;
    Ok(permitted)
}

fn decide(
    authorizer: &Authorizer,
    call: &Call,
    target: Asked<'_>,
    circumstances: Circumstances<'_>,
    break_glass: bool,
) -> Decision {
    authorizer.decide(&request(call, target, circumstances, break_glass))
}

fn request<'a>(
    call: &'a Call,
    target: Asked<'a>,
    circumstances: Circumstances<'a>,
    break_glass: bool,
) -> Request<'a> {
    Request {
        caller: &call.caller,
        toolset: &call.toolset.name,
        target,
        circumstances,
        grants: &[],
        break_glass,
    }
}

fn permit(decision: Decision, break_glass: Option<Arc<Rule>>) -> Result<Permit, Stop> {
    for failure in &decision.failures {
        tracing::warn!(rule = ?failure.rule, detail = failure.detail, "policy cannot be evaluated");
    }
    match decision.effect {
        Effect::Allow | Effect::Defer => Ok(Permit {
            break_glass: break_glass.filter(|_| !decision.lifted.is_empty()),
            decision: Some(decision),
        }),
        Effect::Deny => Err(Stop::Denied(Box::new(decision))),
    }
}

fn circumstances<'a>(call: &'a Call, reason: Option<&'a str>) -> Circumstances<'a> {
    around(&call.snapshot, reason)
}

fn around<'a>(snapshot: &'a Snapshot, reason: Option<&'a str>) -> Circumstances<'a> {
    Circumstances {
        environment: &snapshot.gateway.environment,
        now_ms: Timestamp::now().as_millisecond(),
        reason,
        slo: Objective::default(),
        review: Review::default(),
    }
}

/// Why the caller says it calls.
pub fn reason(call: &Call) -> Option<String> {
    let said = call.frame.lookup()?;
    let said = wardgate_protocol::Lookup::find(said, &["_meta", REASON])?;
    edit::string(said).map(|reason| reason.into_owned())
}
