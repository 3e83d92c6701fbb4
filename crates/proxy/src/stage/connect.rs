//! Target → Connected: a live link of the line that suits this client, and a slot on the server.

use std::sync::Arc;

use tokio::sync::SemaphorePermit;
use wardgate_protocol::{Era, Method};

use super::{heed, resolve::Target};
use crate::{
    call::Call,
    gate::Gate,
    stop::Stop,
    upstream::{
        ServerState,
        fault::FlightFault,
        line::{Line, open::own_params},
        link::Link,
    },
};

pub struct Connected {
    line: Arc<Line>,
    link: Arc<Link>,
}

impl Connected {
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Puts a fresh link in the place of one that was lost.
    pub(super) fn renew(&mut self, link: Arc<Link>) {
        self.link = link;
    }

    pub fn era(&self) -> Era {
        self.link.era()
    }

    /// Asks the server for a sign of life; any answer is one.
    ///
    /// # Errors
    /// What a call would be told now. A lost session is none: a call opens another.
    pub async fn knock(&self, call: &Call) -> Result<(), Stop> {
        let method = match self.era() {
            Era::Modern => Method::ServerDiscover,
            Era::Legacy => Method::Ping,
        };
        let params = own_params(self.era(), &self.line.key.declared);
        match call.cx.within(self.link.ask(&method, &params)).await? {
            Ok(_) | Err(FlightFault::SessionLost) => Ok(()),
            Err(fault) => Err(fault.to_stop()),
        }
    }
}

/// Connects, or returns the link that is already there.
///
/// # Errors
/// [`Stop::Unavailable`] or [`Stop::Disabled`]; nothing was sent.
pub async fn connect(gate: &Gate, call: &Call, target: &Target) -> Result<Connected, Stop> {
    heed::still(gate, call, target)?;
    let (line, link) = match target
        .line()
        .and_then(|line| Some((line.clone(), line.live()?)))
    {
        Some(live) => live,
        None => Box::pin(reach(gate, call, target)).await?,
    };
    if let Some(level) = &call.peer.log_level {
        Box::pin(call.cx.within(line.want_logs(&link, level))).await?;
    }
    Ok(Connected { line, link })
}

async fn reach(gate: &Gate, call: &Call, target: &Target) -> Result<(Arc<Line>, Arc<Link>), Stop> {
    let (era, declared) = (call.peer.era(), call.peer.declared());
    let reached = gate.upstreams.reach(target.server(), era, &declared);
    call.cx.within(reached).await?.map_err(|fault| {
        tracing::debug!(server = %target.server().alias, %fault, "no connection");
        fault.to_stop()
    })
}

/// Waits for one of the server's slots; bounded concurrency keeps a slow server from taking everything.
///
/// # Errors
/// Deadline or cancellation.
pub async fn slot<'a>(call: &Call, state: &'a ServerState) -> Result<SemaphorePermit<'a>, Stop> {
    let slot = call.cx.within(state.slots.acquire()).await?;
    slot.map_err(|_| Stop::Internal {
        reason: "the server's slots are closed",
    })
}
