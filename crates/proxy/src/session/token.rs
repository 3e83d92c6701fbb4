//! What a session id holds: everything needed to serve the session, bound to who opened it and where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use wardgate_model::Caller;
use wardgate_protocol::{Raw, Revision, capabilities::ClientCapabilities};
use wardgate_snapshot::Toolset;

use super::SessionKey;
use crate::seal::{Purpose, Seal};

#[derive(Serialize, Deserialize)]
struct Sealed {
    tenant: String,
    principal: String,
    toolset: String,
    revision: String,
    capabilities: String,
    info: Option<String>,
    key: SessionKey,
    /// Seconds since 1970.
    expires: u64,
}

/// Client names are for display; one that would bloat every request is not carried.
const INFO_BYTES_MAX: usize = 1024;
const CAPABILITIES_BYTES_MAX: usize = 4096;

/// The opened content of a session id.
pub struct Opened {
    pub key: SessionKey,
    pub revision: Revision,
    pub capabilities: Raw,
    pub info: Option<Raw>,
    pub expires: u64,
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub fn mint(
    seal: &Seal,
    caller: &Caller,
    toolset: &Toolset,
    session: &super::Session,
    lifetime: Duration,
) -> String {
    let capabilities = session.capabilities_raw.as_str();
    let sealed = Sealed {
        tenant: caller.tenant.to_string(),
        principal: caller.principal.to_string(),
        toolset: toolset.name.to_string(),
        revision: session.revision.as_str().to_owned(),
        capabilities: if capabilities.len() <= CAPABILITIES_BYTES_MAX {
            capabilities.to_owned()
        } else {
            let core = ClientCapabilities {
                extra: None,
                ..session.capabilities.clone()
            };
            core.to_legacy().as_str().to_owned()
        },
        info: session
            .info
            .as_ref()
            .map(|info| info.as_str().to_owned())
            .filter(|info| info.len() <= INFO_BYTES_MAX),
        key: *session.key(),
        expires: now() + lifetime.as_secs(),
    };
    seal.close(Purpose::Session, &sealed)
}

/// Opens a session id if it is ours, unexpired, and was given to this caller for this toolset.
pub fn open(seal: &Seal, token: &str, caller: &Caller, toolset: &Toolset) -> Option<Opened> {
    let sealed: Sealed = seal.open(Purpose::Session, token)?;
    let same = sealed.tenant == caller.tenant.as_str()
        && sealed.principal == caller.principal.as_str()
        && sealed.toolset == toolset.name.as_str();
    if !same || sealed.expires <= now() {
        return None;
    }
    Some(Opened {
        key: sealed.key,
        revision: Revision::parse(&sealed.revision)?,
        capabilities: Raw::trusted(sealed.capabilities),
        info: sealed.info.map(Raw::trusted),
        expires: sealed.expires,
    })
}
