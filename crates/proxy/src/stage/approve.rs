//! Permit + Reserved → Cleared: a call that a rule defers waits until enough people agree. While it waits it holds what it
//! reserved and no place among the calls under way.
//!
//! What was true before the wait is asked again after it: who calls, what is stopped, what the tool is, what policies say.
//! The grant lifts the rules that asked for it and nothing else, and is used up when the call is sent.

mod as_task;
pub mod outlook;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wardgate_model::{ApprovalId, GroupName, ToolRef};
use wardgate_policy::Decision;
use wardgate_protocol::{
    Lookup, Raw,
    edit::{self, Change},
};
use wardgate_snapshot::AuditLevel;

use super::{
    admit::Slot,
    authorize::{self, Permit},
    heed::heed,
    identify, record,
    reserve::Reserved,
    resolve::{self, Target},
};
use crate::{
    approval::{
        Approvals, Asked, Binding, Fault, Need, Standing, Terms, Wanted, bound, frozen, page,
        state::{self, By},
        told::Held,
    },
    call::Call,
    gate::Gate,
    pipeline::Trail,
    record::Payload,
    stop::Stop,
};

/// Where a caller says how long it would wait for people, in milliseconds; never longer than the config says.
const WAIT: &str = "dev.wardgate/waitMs";
/// How often a request that no longer fits is asked for anew.
const ROUNDS_MAX: usize = 3;

/// That policies allow the call, with the approval it needs if it needs one.
pub struct Cleared {
    permit: Permit,
    grant: Option<Grant>,
}

struct Grant {
    id: ApprovalId,
    binding: Binding,
}

impl Cleared {
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Uses the approval up, at the last moment before the call is sent: what cannot be sent costs none.
    ///
    /// # Errors
    /// [`Stop::Held`] if another call was first or its time is over; [`Stop::Internal`] if that cannot be known.
    pub(super) async fn use_up(self, gate: &Gate, call: &Call) -> Result<(), Stop> {
        let Some(grant) = self.grant else {
            return Ok(());
        };
        let approvals = port(gate)?;
        let used = call.cx.within(approvals.use_up(&grant.binding)).await?;
        if used.map_err(refused)?.as_ref() == Some(&grant.id) {
            return Ok(());
        }
        let looking = call.cx.within(approvals.look(&grant.id)).await?;
        Err(Stop::held(match looking.map_err(refused)? {
            // Of a call that is not what it was when it was kept.
            Some(Standing::Granted(asked)) => Held::Changed(asked),
            _ => Held::Taken(grant.id),
        }))
    }
}

/// What a waiting call holds.
pub struct Holding<'a> {
    slot: &'a mut Slot,
    reserved: &'a mut Reserved,
}

/// Clears the call at once, or once enough people agree.
///
/// # Errors
/// [`Stop::Held`] says why not. Everything that can be said against a call can be said again after it waited.
///
/// # Cancel safety
/// What was asked of people stays asked; the next call with the same arguments finds it.
pub async fn approve(
    gate: &Gate,
    call: &Call,
    target: &Target,
    permit: Permit,
    holding: Holding<'_>,
    trail: &mut Trail,
) -> Result<Cleared, Stop> {
    let awaited = state::awaited(&gate.seal, call);
    if let Some((id, By::Task)) = awaited {
        return Box::pin(as_task::resumed(gate, call, target, &id, trail)).await;
    }
    // A call that goes on was approved when it began.
    if !permit.is_deferred() || gate.parked.awaits(&gate.seal, call) {
        return Ok(Cleared {
            permit,
            grant: None,
        });
    }
    let approvals = port(gate)?;
    if let Some((id, By::Client)) = awaited {
        still_waits(call, approvals, &id).await?;
    }
    Box::pin(deferred(gate, call, target, permit, holding, trail)).await
}

async fn deferred(
    gate: &Gate,
    call: &Call,
    target: &Target,
    permit: Permit,
    mut holding: Holding<'_>,
    trail: &mut Trail,
) -> Result<Cleared, Stop> {
    let approvals = port(gate)?;
    let binding = bound::binding(call, target)?;
    let mut needs = needs(&permit);
    for _ in 0..ROUNDS_MAX {
        possible(call, &needs)?;
        let wanted = wanted(gate, call, target, &binding, (&needs, permit.decision()));
        let asking = call.cx.within(approvals.ask(wanted)).await?;
        let asked = match asking.map_err(refused)? {
            Standing::Granted(asked) => asked,
            Standing::Pending(asked) if is_enough(&asked, &needs) => {
                trail.approval = Some(asked.id.clone());
                as_task::begin(gate, call, approvals, &asked).await?;
                let asked = wait(gate, call, approvals, asked, &mut holding).await?;
                if !is_unchanged(gate, call, &binding, holding.slot, trail).await? {
                    return Err(Stop::held(Held::Changed(asked)));
                }
                asked
            }
            Standing::Pending(asked) => {
                withdraw(call, approvals, &asked).await?;
                continue;
            }
            over => return Err(Stop::held(held(over))),
        };
        trail.approval = Some(asked.id.clone());
        let lifted: Vec<_> = asked.needs.iter().map(|need| need.rule.as_str()).collect();
        let permit = trail.decided(authorize::granted(
            call,
            target,
            &heed(gate, call)?,
            &lifted,
        ))?;
        if !permit.is_deferred() {
            let grant = Some(Grant {
                id: asked.id,
                binding,
            });
            return Ok(Cleared { permit, grant });
        }
        // Another rule asks for people by now.
        needs = self::needs(&permit);
        withdraw(call, approvals, &asked).await?;
    }
    Err(Stop::Internal {
        reason: "what its approval needs keeps changing",
    })
}

/// Waits until people have decided, or as long as the call may be held.
async fn wait(
    gate: &Gate,
    call: &Call,
    approvals: &dyn Approvals,
    asked: Asked,
    holding: &mut Holding<'_>,
) -> Result<Asked, Stop> {
    let patience = patience(call);
    let began = Instant::now();
    holding.leave();
    // What people take is not the call's time.
    call.cx.extend(patience);
    let deciding = tokio::time::timeout(patience, approvals.decided(&asked.id));
    let decided = call.cx.within(deciding).await;
    call.cx.unextend(patience.saturating_sub(began.elapsed()));
    let Ok(decided) = decided? else {
        let result = (!patience.is_zero())
            .then(|| page::ask(&gate.seal, call, &asked))
            .flatten();
        return Err(Stop::held(match result {
            Some(result) => Held::Waiting(asked, result),
            None => Held::Pending(asked),
        }));
    };
    decided.map_err(refused)?;
    if gate.draining.is_cancelled() {
        return Err(Stop::Draining);
    }
    holding.return_to()?;
    let looking = call.cx.within(approvals.look(&asked.id)).await?;
    match looking.map_err(refused)? {
        Some(Standing::Granted(granted)) => Ok(granted),
        Some(standing) => Err(Stop::held(held(standing))),
        None => Err(refused(Fault::Unknown)),
    }
}

/// A client that waits for an approval which is over is told so: asking for another would never end.
async fn still_waits(call: &Call, approvals: &dyn Approvals, id: &ApprovalId) -> Result<(), Stop> {
    let looking = call.cx.within(approvals.look(id)).await?;
    match looking.map_err(refused)? {
        Some(over @ (Standing::Denied { .. } | Standing::Over { .. })) => {
            Err(Stop::held(held(over)))
        }
        Some(Standing::Pending(_) | Standing::Granted(_)) | None => Ok(()),
    }
}

impl<'a> Holding<'a> {
    pub fn new(slot: &'a mut Slot, reserved: &'a mut Reserved) -> Holding<'a> {
        Holding { slot, reserved }
    }

    fn leave(&mut self) {
        self.slot.leave();
        self.reserved.leave();
    }

    fn return_to(&mut self) -> Result<(), Stop> {
        self.slot.return_to()?;
        self.reserved.return_to()
    }
}

/// Says whether the call is still what people agreed to, and its caller still who they were.
async fn is_unchanged(
    gate: &Gate,
    call: &Call,
    binding: &Binding,
    slot: &Slot,
    trail: &mut Trail,
) -> Result<bool, Stop> {
    if gate.snapshot().revision != call.snapshot.revision {
        return Ok(false);
    }
    let proving = identify::identify(gate, &call.snapshot, &call.toolset, &call.credentials);
    if call.cx.within(proving).await??.identity() != binding.requester {
        return Err(Stop::Forbidden);
    }
    let current = resolve::tool(gate, call, slot, trail).await?;
    Ok(bound::binding(call, &current)? == *binding)
}

/// Refuses what nobody could ever approve.
fn possible(call: &Call, needs: &[Need]) -> Result<(), Stop> {
    let tenants = &call.snapshot.tenants;
    let (tenant, person) = (&call.caller.tenant, tenants.person(&call.caller));
    let could = |need: &&Need| {
        tenants.could_approve(tenant, &need.group, need.count as usize, Some(&person))
    };
    match needs.iter().find(|need| !could(need)) {
        None => Ok(()),
        Some(need) => Err(Stop::held(Held::Nobody {
            rule: need.rule.clone(),
            group: need.group.clone(),
        })),
    }
}

fn wanted(
    gate: &Gate,
    call: &Call,
    target: &Target,
    binding: &Binding,
    (needs, decision): (&[Need], Option<&Decision>),
) -> Wanted {
    let (gateway, server) = (&call.snapshot.gateway, target.server());
    let (args, under) = shown(call);
    let of_tool = server.traits_of(target.name()).sensitive.as_deref();
    let terms = &gateway.approvals;
    Wanted {
        binding: binding.clone(),
        tool: ToolRef {
            alias: server.alias.clone(),
            name: target.name().to_owned(),
        },
        person: call.snapshot.tenants.person(&call.caller),
        payload: Arc::new(Payload {
            level: AuditLevel::Request,
            args,
            sensitive: below(under, &gateway.audit.sensitive),
            sensitive_of_tool: of_tool.map(|pointers| below(under, pointers)),
            pii: record::hides_pii(&call.toolset, server, target.name(), decision),
            ..Payload::default()
        }),
        frozen: as_task::is_possible(call)
            .then(|| frozen::freeze(&gate.seal, call))
            .flatten(),
        needs: needs.to_vec(),
        reason: authorize::reason(call),
        terms: Terms {
            decide_within: terms.decide_within,
            use_within: terms.use_within,
            pending_max: terms.pending_max,
        },
    }
}

/// What people are shown, and under which pointer the arguments stand in it: the answers to the server's questions that a call
/// brings along stand beside them.
fn shown(call: &Call) -> (Option<Raw>, &'static str) {
    let said = call.frame.lookup();
    let arguments = said.and_then(|params| Some(params.share(params.find(&["arguments"])?)));
    let Some(answers) = bound::answers(call) else {
        return (arguments, "");
    };
    let arguments = arguments.as_ref().map_or("{}", Raw::as_str);
    let both = [
        Change::Set("arguments", arguments),
        Change::Set("inputResponses", answers),
    ];
    (Some(Raw::trusted(edit::apply("{}", &both))), "/arguments")
}

fn below(under: &str, pointers: &[String]) -> Arc<[String]> {
    let pointers = pointers.iter().map(|pointer| format!("{under}{pointer}"));
    pointers.collect()
}

fn needs(permit: &Permit) -> Vec<Need> {
    let need = |need: &wardgate_policy::Need| Need {
        rule: need.rule.as_str().to_owned(),
        group: GroupName::new(&need.group),
        count: need.count.into(),
    };
    let decision = permit.decision();
    decision.map_or_else(Vec::new, |decision| {
        decision.approvals.iter().map(need).collect()
    })
}

/// Says whether what was asked of people covers every rule that asks now.
fn is_enough(asked: &Asked, needs: &[Need]) -> bool {
    needs.iter().all(|need| asked.needs.contains(need))
}

async fn withdraw(call: &Call, approvals: &dyn Approvals, asked: &Asked) -> Result<(), Stop> {
    let withdrawing = call.cx.within(approvals.withdraw(&asked.id)).await?;
    withdrawing.map_err(refused)
}

/// How long this call may be held.
fn patience(call: &Call) -> Duration {
    let most = call.snapshot.gateway.approvals.wait;
    let said = call.frame.lookup();
    let said = said.and_then(|params| params.find(&["_meta", WAIT]));
    let said = said.and_then(|millis| millis.parse().ok());
    said.map_or(most, |millis| most.min(Duration::from_millis(millis)))
}

pub(crate) fn port(gate: &Gate) -> Result<&dyn Approvals, Stop> {
    gate.ports.approvals.as_deref().ok_or(Stop::Internal {
        reason: "nothing is remembered here, so nothing can be approved",
    })
}

pub(crate) fn held(standing: Standing) -> Held {
    match standing {
        Standing::Pending(asked) => Held::Pending(asked),
        Standing::Granted(asked) => Held::Changed(asked),
        Standing::Denied { id, reason } => Held::Denied { id, reason },
        Standing::Over { id, state } => Held::Over { id, state },
    }
}

pub(crate) fn refused(fault: Fault) -> Stop {
    match fault {
        Fault::TooMany { pending } => Stop::held(Held::TooMany { pending }),
        Fault::TooLong => Stop::held(Held::TooLong),
        Fault::Unknown => Stop::Internal {
            reason: "approvals cannot be looked up, so nothing was sent",
        },
    }
}
