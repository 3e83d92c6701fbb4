//! `resources/subscribe` and its opposite, for legacy sessions.

use crate::{
    call::Call,
    gate::Gate,
    outcome::Answer,
    stage::{
        authorize,
        clean::{Filter, Part},
        connect::connect,
        heed::Heeded,
        resolve,
    },
    stop::Stop,
};

/// Subscribes the session; the server is told once for all sessions.
///
/// # Errors
/// As a read of the resource would end.
pub async fn subscribe(gate: &Gate, call: &Call, heeded: &Heeded) -> Result<Answer, Stop> {
    let uri = resolve::named(call, "uri")?;
    let target = resolve::resource(gate, call, &uri).await?;
    authorize::read(call, &target, &uri, heeded)?;
    let Some(session) = &call.peer.session else {
        return Err(Stop::Internal {
            reason: "a subscription without a session",
        });
    };
    let connected = connect(gate, call, &target).await?;
    if session.is_subscribed(&uri) {
        return Ok(super::empty(call));
    }
    let told = call
        .cx
        .within(connected.line().subscribe(connected.link(), &uri))
        .await?;
    if let Err(error) = told.map_err(|fault| fault.to_stop())? {
        let filter = Filter::of(call, &target.server().alias, None, Vec::new());
        return Err(Stop::Upstream(filter.clean(call, &error, Part::Error)?));
    }
    if !session.subscribe(&uri, connected.line().clone()) {
        connected.line().unsubscribe(&uri);
    }
    Ok(super::empty(call))
}

/// # Errors
/// −32602 without a URI.
pub fn unsubscribe(call: &Call) -> Result<Answer, Stop> {
    let uri = resolve::named(call, "uri")?;
    if let Some(line) = call
        .peer
        .session
        .as_ref()
        .and_then(|session| session.unsubscribe(&uri))
    {
        line.unsubscribe(&uri);
    }
    Ok(super::empty(call))
}
