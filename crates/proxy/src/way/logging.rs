//! `logging/setLevel`: remembered for the session, asked of servers as calls reach them.

use wardgate_protocol::{RpcError, error};

use crate::{call::Call, outcome::Answer, stop::Stop, upstream::line::LOG_LEVELS};

/// # Errors
/// −32602 for a level the spec does not know.
pub fn set_level(call: &Call) -> Result<Answer, Stop> {
    let level = call
        .param_string("level")
        .filter(|level| LOG_LEVELS.contains(&level.as_str()));
    let (Some(level), Some(session)) = (level, &call.peer.session) else {
        return Err(Stop::Rpc(RpcError::new(
            error::INVALID_PARAMS,
            "params.level must be a log level",
        )));
    };
    session.set_log_level(level);
    Ok(super::empty(call))
}
