//! `tasks/*` about calls that wait for people. Once the call is granted, whoever asks after it has it sent: the request that was
//! kept goes the whole way of a call by itself, for the caller who proves to be the same at that moment, and uses the approval up
//! like any other. So a gateway that was started again needs to know nothing of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use wardgate_protocol::{Era, Frame, Method, Raw, RpcError, Trace, error};

use crate::{
    approval::{
        Approvals, Asked, Standing, frozen,
        runs::{Ended, Ending},
        task::{self, Stands, Task},
    },
    call::{Arrival, Call, Hail},
    exchange::{Exchange, Out},
    gate::Gate,
    outcome::{self, Answer},
    pipeline,
    stage::{admit::Slot, approve},
    stop::Stop,
    way,
};

/// How long who asks is held while the call runs.
const HOLD: Duration = Duration::from_secs(5);

/// # Errors
/// As [`way::task::task`], and what cannot be looked up is no answer.
pub async fn task(gate: &Arc<Gate>, call: &Call, slot: Slot) -> Result<Answer, Stop> {
    way::task::needs_extension(call)?;
    // The call that runs takes a place of its own.
    drop(slot);
    let task = task::open(&gate.seal, call).ok_or_else(unknown)?;
    let approvals = approve::port(gate)?;
    match &call.method {
        Method::TasksCancel => {
            let withdrawing = call.cx.within(approvals.withdraw(&task.approval)).await?;
            withdrawing.map_err(approve::refused)?;
            Ok(way::empty(call))
        }
        Method::TasksGet => {
            let told = get(gate, call, approvals, &task).await?;
            Ok(Answer::result(&call.id, &told))
        }
        // It never asks for anything.
        _ => Ok(way::empty(call)),
    }
}

async fn get(
    gate: &Arc<Gate>,
    call: &Call,
    approvals: &dyn Approvals,
    task: &Task,
) -> Result<Raw, Stop> {
    if let Some(ending) = gate.runs.of(&task.approval) {
        return followed(call, task, ending).await;
    }
    let looking = call.cx.within(approvals.look(&task.approval)).await?;
    let standing = looking.map_err(approve::refused)?.ok_or_else(unknown)?;
    let now = Timestamp::now();
    match standing {
        Standing::Pending(_) => Ok(task.told(&Stands::Working(&task.waiting()), task.created())),
        Standing::Granted(asked) => granted(gate, call, approvals, task, asked).await,
        Standing::Over {
            state: "cancelled", ..
        } => Ok(task.told(&Stands::Cancelled, now)),
        Standing::Over { state: "used", .. } => Ok(task.told(&Stands::Failed(&not_kept()), now)),
        over @ (Standing::Denied { .. } | Standing::Over { .. }) => {
            let stop = Stop::held(approve::held(over));
            let error = outcome::rpc_error(&stop, Era::Modern);
            Ok(task.told(&Stands::Failed(&error), now))
        }
    }
}

async fn granted(
    gate: &Arc<Gate>,
    call: &Call,
    approvals: &dyn Approvals,
    task: &Task,
    asked: Asked,
) -> Result<Raw, Stop> {
    let kept = call.cx.within(approvals.frozen(&asked.id)).await?;
    let kept = kept.map_err(approve::refused)?;
    let frame = kept.and_then(|sealed| frozen::thaw(&gate.seal, call, &asked.id, &sealed));
    let Some(frame) = frame else {
        // It was used or withdrawn this moment; who asks again is told which.
        return Ok(task.told(&Stands::Working("granted; ending"), Timestamp::now()));
    };
    let usable = asked.until.duration_since(Timestamp::now());
    if let Some(end) = gate.runs.begin(&asked.id, usable.unsigned_abs()) {
        run(gate, call, frame, end);
    }
    match gate.runs.of(&asked.id) {
        Some(ending) => followed(call, task, ending).await,
        None => {
            let full = Stands::Working("granted; waiting for room to run");
            Ok(task.told(&full, Timestamp::now()))
        }
    }
}

/// Sends what was kept. Nobody's leaving ends it.
fn run(gate: &Arc<Gate>, call: &Call, frame: Frame, end: watch::Sender<Option<Ended>>) {
    let arrival = Arrival {
        snapshot: call.snapshot.clone(),
        toolset: call.toolset.clone(),
        credentials: call.credentials.clone(),
        hail: Hail::Modern,
        trace: Trace::read(frame.lookup(), None),
        frame,
        headers: None,
        underway: None,
    };
    let (exchange, hearing) = Exchange::new();
    let work = pipeline::work(gate.clone(), arrival, exchange, CancellationToken::new());
    let (out, tell) = hearing.follow(work);
    gate.tasks.spawn(tell);
    gate.tasks
        .spawn(async move { end.send_replace(last(out).await) });
}

/// Passes over what is said before the answer: nobody listens.
async fn last(mut out: mpsc::Receiver<Out>) -> Option<Ended> {
    while let Some(said) = out.recv().await {
        if let Out::Answer(Answer { frame, .. }) = said {
            let error = || frame.error().cloned().unwrap_or_else(not_kept);
            return Some(Ended {
                answer: frame.result().cloned().ok_or_else(error),
                at: Timestamp::now(),
            });
        }
    }
    None
}

async fn followed(call: &Call, task: &Task, mut ending: Ending) -> Result<Raw, Stop> {
    let ended = tokio::time::timeout(HOLD, ending.wait_for(Option::is_some));
    let ended = call.cx.within(ended).await?;
    let now = Timestamp::now();
    Ok(
        match ended.map(|ended| ended.ok().and_then(|ended| ended.clone())) {
            Err(_) => task.told(&Stands::Working("granted; running"), now),
            Ok(None) => task.told(&Stands::Failed(&not_kept()), now),
            Ok(Some(Ended { answer, at })) => match &answer {
                Ok(result) => task.told(&Stands::Completed(result), at),
                Err(error) => task.told(&Stands::Failed(error), at),
            },
        },
    )
}

fn unknown() -> Stop {
    Stop::Rpc(RpcError::new(error::INVALID_PARAMS, "Unknown task"))
}

/// The approval is used, but not by a call whose end is known here.
fn not_kept() -> Raw {
    let stop = Stop::OutcomeUnknown;
    let text = "The approval is used and the result is not kept here. The call may have run; check before calling again.";
    let data = Raw::trusted(r#"{"class":"outcome_unknown"}"#);
    RpcError::new(outcome::code(&stop, Era::Modern), text)
        .with_data(data)
        .to_raw()
}
