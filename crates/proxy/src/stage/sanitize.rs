//! RawReply → CleanReply, the only thing a client can be sent: cleaned as the rules for its tool and its caller say, right for
//! the client's era, the client's own id. A reply that needs no change is passed on byte for byte.

use memchr::memmem;
use wardgate_protocol::{
    Era, Frame, Method, Raw, RpcError, edit, error,
    finish::{self, ResultType},
};
use wardgate_snapshot::Server;

use super::{clean::Part, forward::RawReply, resolve::Target};
use crate::{
    bridge::{ask::Ask, task_ids},
    call::Call,
    gate::Gate,
    seal::Purpose,
    stop::Stop,
};

pub struct CleanReply {
    frame: Frame,
    /// The result as the server said it, if it was changed.
    said: Option<Raw>,
}

impl CleanReply {
    pub fn into_frame(self) -> Frame {
        self.frame
    }

    pub(super) fn result(&self) -> Option<&Raw> {
        self.frame.result()
    }

    /// Returns the reply with something added to its result by the gateway.
    pub(super) fn with_result(self, call: &Call, result: &Raw) -> CleanReply {
        CleanReply {
            frame: self.frame.with_result(&call.id, Some(result)),
            said: self.said,
        }
    }

    /// The result before it was cleaned; for judging what the server did, not for sending.
    pub(super) fn said(&self) -> Option<&Raw> {
        self.said.as_ref()
    }
}

/// Cleans the reply.
///
/// # Errors
/// The server's own error, as [`Stop::Upstream`], cleaned too; [`Stop::Withheld`].
pub fn sanitize(
    gate: &Gate,
    call: &Call,
    target: &Target,
    reply: &RawReply,
) -> Result<CleanReply, Stop> {
    let server = target.server();
    let Some(said) = reply.frame().result() else {
        return Err(upstream_error(call, reply));
    };
    if !said.as_str().starts_with('{') {
        return Err(Stop::UpstreamFault {
            reason: "its result is not an object",
        });
    }
    // Made here, of questions that were cleaned when they came.
    if reply.is_own() {
        return Ok(CleanReply {
            frame: reply.frame().with_result(&call.id, Some(said)),
            said: None,
        });
    }
    let clean = reply.filter().clean(call, said, Part::Body)?;
    let was_cleaned = !std::ptr::eq(clean.as_str(), said.as_str());
    let clean = match was_cleaned {
        true => with_state(gate, said, clean),
        false => clean,
    };
    let clean = match (call.peer.era(), reply.era()) {
        (Era::Modern, Era::Modern) => questions(call, server, clean)?,
        _ => clean,
    };
    let mut result = match (call.peer.era(), reply.era()) {
        (Era::Modern, _) => finish::for_modern(&call.method, &clean),
        (Era::Legacy, _) => finish::for_legacy(&call.method, &clean),
    };
    if speaks_of_tasks(&call.method, &result) {
        result = task_ids::seal_in(&gate.seal, call, reply.filter(), &result);
    }
    let is_as_said = std::ptr::eq(result.as_str(), said.as_str());
    let changed = (!is_as_said).then_some(&result);
    Ok(CleanReply {
        frame: reply.frame().with_result(&call.id, changed),
        said: was_cleaned.then(|| said.clone()),
    })
}

/// A server's state is for the server alone: where something was found in it, it travels sealed.
fn with_state(gate: &Gate, said: &Raw, clean: Raw) -> Raw {
    let state = |result: &Raw| edit::get(result.as_str(), &["requestState"]).map(str::to_owned);
    match state(said) {
        Some(state_said) if state(&clean).as_ref() != Some(&state_said) => {
            let sealed = gate.seal.close(Purpose::ServerState, &state_said);
            let sealed = edit::quote(&sealed);
            Raw::trusted(edit::set(clean.as_str(), &["requestState"], &sealed))
        }
        _ => clean,
    }
}

/// Judges the questions that a modern server puts to a modern client, as the client will read them: hidden characters are out,
/// and no member that decides comes twice.
fn questions(call: &Call, server: &Server, result: Raw) -> Result<Raw, Stop> {
    if edit::repeats(result.as_str(), &["resultType", "inputRequests"]) {
        return Err(Stop::UpstreamFault {
            reason: "its result can be read in two ways",
        });
    }
    if finish::result_type(&result) != ResultType::InputRequired {
        return Ok(result);
    }
    let asks = Ask::read_all(call, &server.alias, &result)?;
    let is_as_said = |ask: &Ask| {
        let said = edit::get(result.as_str(), &["inputRequests", &ask.key, "params"]);
        said == ask.params.as_ref().map(Raw::as_str)
    };
    if asks.iter().all(is_as_said) {
        return Ok(result);
    }
    let requests: Vec<_> = asks.iter().map(Ask::to_json).collect();
    let requests = format!("{{{}}}", requests.join(","));
    Ok(Raw::trusted(edit::set(
        result.as_str(),
        &["inputRequests"],
        &requests,
    )))
}

/// A tool result may be a task's handle; other results speak of tasks only in the tasks methods.
fn speaks_of_tasks(method: &Method, result: &Raw) -> bool {
    match method {
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel | Method::TasksResult => true,
        Method::ToolsCall => {
            result.len() < 64 << 10
                && memmem::find(result.as_str().as_bytes(), b"\"taskId\"").is_some()
        }
        _ => false,
    }
}

fn upstream_error(call: &Call, reply: &RawReply) -> Stop {
    let Some(raw) = reply.frame().error() else {
        return Stop::UpstreamFault {
            reason: "its answer is neither result nor error",
        };
    };
    let code = RpcError::read(raw).map(|error| error.code);
    match code {
        // A legacy client has no word for this: it cannot declare more in mid-session.
        Some(error::MISSING_CLIENT_CAPABILITY) if call.peer.era() == Era::Legacy => {
            Stop::UpstreamFault {
                reason: "it needs a capability this client did not declare",
            }
        }
        // 2026-07-28 has no such error: its servers ask by `input_required`.
        Some(error::URL_ELICITATION_REQUIRED) if call.peer.era() == Era::Modern => {
            Stop::UpstreamFault {
                reason: "it wants a page to be visited first, which this revision cannot say",
            }
        }
        // The mirrored headers between us and the server are ours to get right.
        Some(error::HEADER_MISMATCH) => Stop::UpstreamFault {
            reason: "it refused the gateway's headers",
        },
        _ => match reply.filter().clean(call, raw, Part::Error) {
            Ok(clean) => Stop::Upstream(clean),
            Err(withheld) => withheld,
        },
    }
}
