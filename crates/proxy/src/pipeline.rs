//! The way of a call. Each line of [`tool_call`] is a stage, and each stage hands the next a value only it can make,
//! so a stage that is skipped does not compile. The other methods take shorter ways through the same stages ([`crate::way`]).
//!
//! The listener has already judged transport and envelope; what arrives here is one well-formed request.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use wardgate_ledger::Record;
use wardgate_limit::{Spend, Warning};
use wardgate_model::{ApprovalId, Caller, ToolRef};
use wardgate_policy::Decision;
use wardgate_protocol::{Lookup, Method, Raw, Revision, edit, method};

use wardgate_snapshot::{Server, Snapshot, Toolset};

use crate::{
    absence, allowance,
    approval::{task, told},
    call::{Arrival, Call, Hail, Peer},
    cx::Cx,
    exchange::{Exchange, Work},
    gate::Gate,
    outcome::Answer,
    overrides::Rule,
    session::recognise,
    stage::{
        admit::{Slot, admit},
        approve::{Holding, approve},
        authorize::{self, Permit, REASON},
        clean::Findings,
        connect::{Connected, connect},
        forward::forward,
        heed::{self, Heeded, heed},
        identify::{may_use, who},
        intend::intend,
        output,
        record::record,
        reserve::reserve,
        resolve,
        sanitize::{CleanReply, sanitize},
        validate,
    },
    stop::Stop,
    way,
};

/// Serves one request from arrival to answer and writes its record. What is said before the answer goes out through `exchange`.
pub async fn serve(
    gate: Arc<Gate>,
    arrival: Arrival,
    exchange: Exchange,
    cancel: CancellationToken,
) -> Answer {
    let started = Instant::now();
    let id = arrival.frame.id().cloned();
    let method = Method::parse(arrival.frame.method().unwrap_or_default());
    let era = hailed_revision(&arrival.hail).era();
    let mut trail = Trail::new(&arrival, &method);
    let introduced = introduce(&gate, arrival, method.clone(), exchange, cancel, &mut trail).await;
    let (end, era) = match introduced {
        Err(stop) => (Err(stop), era),
        Ok(call) => {
            let end = route(&gate, &call, &mut trail).await;
            trail.waited = call.cx.waited();
            let (end, era) = (end.map_err(|stop| cancelled(&call, stop)), call.peer.era());
            trail.findings = call.findings.into_inner().expect("no panic while held");
            (end, era)
        }
    };
    let end = record(&gate, &trail, started, end, era).await;
    if end.as_ref().is_err_and(absence::is_told) {
        absence::may_be_told(started).await;
    }
    let used = trail.approval.as_ref().filter(|_| end.is_ok());
    let mut answer = end.unwrap_or_else(|stop| Answer::stop(id.as_ref(), &method, era, &stop));
    told::tell(used, &mut answer);
    allowance::tell(&gate, &trail, &mut answer);
    answer
}

/// [`serve`], as something that calls themselves can begin.
pub fn work(
    gate: Arc<Gate>,
    arrival: Arrival,
    exchange: Exchange,
    cancel: CancellationToken,
) -> Work {
    Box::pin(serve(gate, arrival, exchange, cancel))
}

/// Who calls, and as what kind of client.
async fn introduce(
    gate: &Gate,
    arrival: Arrival,
    method: Method,
    exchange: Exchange,
    cancel: CancellationToken,
    trail: &mut Trail,
) -> Result<Call, Stop> {
    // Apart from the client's own: who is stopped by an operator is told so.
    let cancel = cancel.child_token();
    let cx = Cx::new(cancel.clone(), Duration::from_secs(60));
    let peer = peer(gate, &arrival, &cx, trail).await?;
    let (Some(id), Some(caller)) = (arrival.frame.id().cloned(), trail.caller.clone()) else {
        return Err(Stop::Internal {
            reason: "a request without id",
        });
    };
    trail.agent = peer.info.clone();
    let subject = heed::subject(caller.identity(), &arrival.toolset);
    let is_standing = method == Method::SubscriptionsListen;
    Ok(Call {
        ticket: gate.ongoing.enter(subject, is_standing, cancel),
        id,
        method,
        caller,
        peer,
        frame: arrival.frame,
        snapshot: arrival.snapshot,
        toolset: arrival.toolset,
        headers: arrival.headers,
        trace: arrival.trace,
        cx,
        exchange,
        underway: arrival.underway,
        seal: gate.seal.clone(),
        credentials: arrival.credentials,
        findings: Mutex::default(),
    })
}

async fn peer(gate: &Gate, arrival: &Arrival, cx: &Cx, trail: &mut Trail) -> Result<Peer, Stop> {
    let (snapshot, toolset) = (&arrival.snapshot, &arrival.toolset);
    let proving = who(gate, snapshot, toolset, &arrival.credentials);
    let proven = cx.within(proving).await??;
    trail.caller = Some(proven.caller.clone());
    may_use(snapshot, toolset, &proven)?;
    if gate.draining.is_cancelled() {
        return Err(Stop::Draining);
    }
    recognise::recognise(
        gate,
        &arrival.hail,
        &arrival.frame,
        &proven.caller,
        &arrival.toolset,
    )
}

/// A call that an override has cancelled says so.
fn cancelled(call: &Call, stop: Stop) -> Stop {
    match (&stop, call.ticket.cancelled_by()) {
        (Stop::Cancelled, Some(rule)) => Stop::Disabled {
            rule: rule.clone(),
            under_way: true,
        },
        _ => stop,
    }
}

/// One tool call, stage by stage.
async fn tool_call(gate: &Gate, call: &Call, trail: &mut Trail) -> Result<CleanReply, Stop> {
    let heeded = heed(gate, call)?;
    let mut slot = admit(gate, call, &heeded, trail)?;
    let target = resolve::tool(gate, call, &slot, trail).await?;
    trail.target(&target);
    call.cx.limit(target.server().timeouts.call);
    let permit = trail.decided(authorize::call(gate, call, &target, &heeded))?;
    let arguments = validate::arguments(call, &target)?;
    let mut reserved = reserve(gate, call, &target, arguments, trail)?;
    let holding = Holding::new(&mut slot, &mut reserved);
    let cleared = approve(gate, call, &target, permit, holding, trail).await?;
    let intent = intend(gate, call, &target, cleared, reserved, trail).await?;
    let connected = connect(gate, call, &target).await?;
    trail.connected(&connected);
    let reply = forward(gate, call, &target, intent, connected, trail).await?;
    let reply = sanitize(gate, call, &target, &reply)?;
    output::checked(call, &target, reply, trail).await
}

/// Chooses the way by method.
async fn route(gate: &Arc<Gate>, call: &Call, trail: &mut Trail) -> Result<Answer, Stop> {
    way::opens(call)?;
    let reply = match &call.method {
        Method::ToolsCall => tool_call(gate, call, trail).await?,
        // Boxed, so that a tool call does not carry room for every other way.
        _ => match Box::pin(shorter_way(gate, call, trail)).await? {
            Reached::Answer(answer) => return Ok(answer),
            Reached::Reply(reply) => reply,
        },
    };
    Ok(Answer::frame(reply.into_frame()))
}

/// What a shorter way leads to: the gateway's own answer, or a server's reply.
enum Reached {
    Answer(Answer),
    Reply(CleanReply),
}

async fn shorter_way(gate: &Arc<Gate>, call: &Call, trail: &mut Trail) -> Result<Reached, Stop> {
    let heeded = heed(gate, call)?;
    let slot = admit(gate, call, &heeded, trail)?;
    let answer = match &call.method {
        Method::Initialize => way::hello::initialize(gate, call, &heeded).await?,
        Method::ServerDiscover => way::hello::discover(gate, call, &heeded).await?,
        Method::Ping => way::empty(call),
        Method::LoggingSetLevel => way::logging::set_level(call)?,
        Method::ToolsList
        | Method::PromptsList
        | Method::ResourcesList
        | Method::ResourcesTemplatesList => way::list::list(gate, call, &slot, &heeded).await?,
        Method::ResourcesSubscribe => way::subscribe::subscribe(gate, call, &heeded).await?,
        Method::ResourcesUnsubscribe => way::subscribe::unsubscribe(call)?,
        Method::SubscriptionsListen => way::listen::listen(gate, call, slot, &heeded).await?,
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel if task::is_own(call) => {
            way::waiting::task(gate, call, slot).await?
        }
        _ => {
            return forwarded(gate, call, &slot, &heeded, trail)
                .await
                .map(Reached::Reply);
        }
    };
    Ok(Reached::Answer(answer))
}

/// The ways that end at a server.
async fn forwarded(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    heeded: &Heeded,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    match &call.method {
        Method::PromptsGet => way::named::prompt(gate, call, slot, heeded, trail).await,
        Method::ResourcesRead => way::named::resource(gate, call, slot, heeded, trail).await,
        Method::CompletionComplete => way::named::completion(gate, call, slot, heeded, trail).await,
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel | Method::TasksResult => {
            way::task::task(gate, call, slot, trail).await
        }
        _ => way::named::unknown(gate, call, slot, heeded, trail).await,
    }
}

fn hailed_revision(hail: &Hail) -> Revision {
    match hail {
        Hail::Modern => Revision::NEWEST,
        Hail::Held(session) => session.revision,
        Hail::Opening | Hail::Token(_) => Revision::NEWEST_LEGACY,
    }
}

/// What the record will say, collected on the way.
pub struct Trail {
    pub snapshot: Arc<Snapshot>,
    pub toolset: Arc<Toolset>,
    pub method: method::Method,
    pub caller: Option<Caller>,
    /// What the client says it is: `Implementation`, as JSON.
    pub agent: Option<Raw>,
    /// Why the caller says it calls.
    pub reason: Option<String>,
    /// The arguments of a tool call.
    pub args: Option<Raw>,
    pub server: Option<Arc<Server>>,
    pub tool: Option<String>,
    pub upstream_protocol: Option<&'static str>,
    pub upstream_us: u64,
    /// The record that is on disk already; what it says must be completed.
    pub received: Option<Record>,
    /// What was found in what servers said.
    pub findings: Findings,
    pub decision: Option<Decision>,
    /// The approval the call waits for, or was let through by.
    pub approval: Option<ApprovalId>,
    /// Time that people took.
    pub waited: Duration,
    /// The override without which policies would have denied the call.
    pub break_glass: Option<Arc<Rule>>,
    /// What became of a structured result that does not fit.
    pub output: Option<&'static str>,
    /// The `traceparent`.
    pub trace: Option<String>,
    /// The tool, as limits name it.
    pub limited_as: Option<ToolRef>,
    /// What was charged in the end, if the request may have reached a server.
    pub charged: Option<Spend>,
    /// Limits that this call brought near their end.
    pub warnings: Vec<Warning>,
}

impl Trail {
    fn new(arrival: &Arrival, method: &method::Method) -> Trail {
        let params = arrival.frame.lookup();
        let args = || params.and_then(|params| Some(params.share(params.find(&["arguments"])?)));
        let reason = || edit::string(params?.find(&["_meta", REASON])?);
        Trail {
            snapshot: arrival.snapshot.clone(),
            toolset: arrival.toolset.clone(),
            method: method.clone(),
            caller: None,
            agent: None,
            reason: reason().map(|reason| reason.into_owned()),
            args: (*method == Method::ToolsCall).then(args).flatten(),
            server: None,
            tool: None,
            upstream_protocol: None,
            upstream_us: 0,
            received: None,
            findings: Findings::default(),
            limited_as: None,
            charged: None,
            warnings: Vec::new(),
            decision: None,
            approval: None,
            waited: Duration::ZERO,
            break_glass: None,
            output: None,
            trace: arrival.trace.parent().map(str::to_owned),
        }
    }

    pub fn target(&mut self, target: &resolve::Target) {
        self.server = Some(target.server().clone());
        // Of other methods the name is the client's to choose, a URI for one.
        self.tool = (self.method == Method::ToolsCall).then(|| target.name().to_owned());
    }

    /// Keeps what was decided, whichever way.
    pub fn decided(&mut self, permit: Result<Permit, Stop>) -> Result<Permit, Stop> {
        let permitted = permit.as_ref().ok();
        self.break_glass = permitted.and_then(|permit| permit.break_glass().cloned());
        self.decision = match &permit {
            Ok(permit) => permit.decision().cloned(),
            Err(Stop::Denied(decision)) => Some(Decision::clone(decision)),
            Err(_) => None,
        };
        permit
    }

    pub fn connected(&mut self, connected: &Connected) {
        self.upstream_protocol = Some(connected.link().hello.revision.as_str());
    }

    pub fn upstream(&mut self, took: Duration) {
        self.upstream_us += took.as_micros() as u64;
    }
}
