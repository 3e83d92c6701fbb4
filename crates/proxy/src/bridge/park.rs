//! Upstream calls that wait, alive, between two requests of a modern client: a legacy server asked something, the client
//! was answered `input_required`, and will come back with the answers and the sealed state.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use wardgate_model::Identity;
use wardgate_protocol::{Raw, RpcError, edit, error};

use super::{
    ask::{Answered, Ask},
    dialog::Dialog,
};
use crate::{
    call::Call,
    overrides::{Aim, Rule, Subject},
    seal::{Purpose, Seal, random_bytes},
    stop::Stop,
};

/// Parked calls at one time; each holds an upstream call open.
const PARKED_MAX: usize = 1_000;

struct Waiting {
    dialog: Dialog,
    asks: Vec<Ask>,
    owner: Identity,
    /// As overrides see it.
    subject: Subject,
    aim: Option<Aim>,
    digest: [u8; 32],
    until: Instant,
}

impl Waiting {
    fn awaits(&self, call: &Call) -> bool {
        self.owner == call.caller.identity()
            && self.digest == call_digest(call)
            && self.until > Instant::now()
    }
}

#[derive(Default)]
pub struct Parked(Mutex<HashMap<u128, Waiting>>);

#[derive(Serialize, Deserialize)]
struct State {
    id: u128,
}

impl Parked {
    /// Parks the call and returns the result that tells the client what is wanted.
    ///
    /// # Errors
    /// [`Stop::Busy`] when too many calls wait already.
    pub fn park(
        &self,
        seal: &Seal,
        call: &Call,
        dialog: Dialog,
        asks: Vec<Ask>,
        limit: Duration,
    ) -> Result<Raw, Stop> {
        let mut parked = self.0.lock().expect("no panic while held");
        if parked.len() >= PARKED_MAX {
            return Err(Stop::Busy {
                retry_after: Duration::from_secs(5),
            });
        }
        let id = u128::from_le_bytes(random_bytes());
        let state = seal.close(Purpose::RequestState, &State { id });
        let questions: Vec<_> = asks.iter().map(Ask::to_json).collect();
        let result = format!(
            r#"{{"resultType":"input_required","inputRequests":{{{}}},"requestState":{}}}"#,
            questions.join(","),
            edit::quote(&state)
        );
        parked.insert(
            id,
            Waiting {
                dialog,
                asks,
                owner: call.caller.identity(),
                subject: call.ticket.subject().clone(),
                aim: call.ticket.aim().cloned(),
                digest: call_digest(call),
                until: Instant::now() + limit,
            },
        );
        Ok(Raw::trusted(result))
    }

    /// Takes back the call this request continues. `None` when the request carries no state of ours.
    ///
    /// # Errors
    /// −32602 when the state is forged, used, expired, another caller's, or for another call.
    pub fn resume(&self, seal: &Seal, call: &Call) -> Result<Option<(Dialog, Vec<Ask>)>, Stop> {
        let Some(token) = state_of_ours(call) else {
            return Ok(None);
        };
        let unknown = || {
            Stop::Rpc(RpcError::new(
                error::INVALID_PARAMS,
                "requestState is unknown or has expired; send the request afresh",
            ))
        };
        let state: State = seal
            .open(Purpose::RequestState, &token)
            .ok_or_else(unknown)?;
        let mut parked = self.0.lock().expect("no panic while held");
        if !parked
            .get(&state.id)
            .is_some_and(|waiting| waiting.awaits(call))
        {
            return Err(unknown());
        }
        Ok(parked
            .remove(&state.id)
            .map(|waiting| (waiting.dialog, waiting.asks)))
    }

    /// Says whether this request continues a call that is parked here.
    pub fn awaits(&self, seal: &Seal, call: &Call) -> bool {
        let Some(token) = state_of_ours(call) else {
            return false;
        };
        let state: Option<State> = seal.open(Purpose::RequestState, &token);
        let parked = self.0.lock().expect("no panic while held");
        state
            .and_then(|state| parked.get(&state.id))
            .is_some_and(|waiting| waiting.awaits(call))
    }

    /// Gives up calls whose client has not come back; dropping them cancels them at the server.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.0
            .lock()
            .expect("no panic while held")
            .retain(|_, waiting| waiting.until > now);
    }

    /// Gives up calls that the rule is about. Returns how many.
    pub fn stop(&self, rule: &Rule) -> usize {
        let mut parked = self.0.lock().expect("no panic while held");
        let before = parked.len();
        parked.retain(|_, waiting| !rule.covers(&waiting.subject, waiting.aim.as_ref()));
        before - parked.len()
    }

    pub fn clear(&self) {
        self.0.lock().expect("no panic while held").clear();
    }
}

fn state_of_ours(call: &Call) -> Option<String> {
    call.param_string("requestState")
        .filter(|token| Seal::claims(Purpose::RequestState, token))
}

/// Reads the client's answers to `asks`, and the asks it left unanswered.
pub fn answers(call: &Call, asks: Vec<Ask>) -> (Vec<Answered>, Vec<Ask>) {
    let responses = call.param("inputResponses").and_then(edit::Object::parse);
    let mut answered = Vec::new();
    let mut open = Vec::new();
    for ask in asks {
        match responses
            .as_ref()
            .and_then(|responses| responses.get(&ask.key))
        {
            Some(response) => answered.push((ask.key, Ok(Raw::trusted(response.to_owned())))),
            None => open.push(ask),
        }
    }
    (answered, open)
}

/// Digest of what a call asks for, whatever the order its members are written in.
fn call_digest(call: &Call) -> [u8; 32] {
    let part = |key: &str| call.param(key).map(canonical).unwrap_or_default();
    let text = format!(
        "{}\n{}\n{}\n{}\n{}",
        call.toolset.name,
        call.method.as_str(),
        part("name"),
        part("uri"),
        part("arguments")
    );
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .try_into()
        .expect("SHA-256 is 32 bytes")
}

fn canonical(text: &str) -> String {
    fn sorted(value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(members) => serde_json::Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect::<BTreeMap<_, _>>()
                    .into_iter()
                    .collect(),
            ),
            serde_json::Value::Array(elements) => elements.into_iter().map(sorted).collect(),
            plain => plain,
        }
    }
    serde_json::from_str(text)
        .map(|value| sorted(value).to_string())
        .unwrap_or_default()
}
