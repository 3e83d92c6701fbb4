//! Requests that name a prompt or a resource, and those whose method the gateway does not know.

use wardgate_policy::Redaction;
use wardgate_protocol::{Era, RpcError, error};

use crate::{
    bridge::request::Rename,
    call::Call,
    gate::Gate,
    pipeline::Trail,
    stage::{
        admit::Slot,
        authorize,
        clean::{self, Filter},
        connect::connect,
        forward::{Errand, exchange},
        heed::Heeded,
        reserve,
        resolve::{self, Target},
        sanitize::{CleanReply, sanitize},
    },
    stop::{Missing, Stop},
};

/// # Errors
/// As every call; see [`Stop`].
pub async fn prompt(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    heeded: &Heeded,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    let name = resolve::named(call, "name")?;
    let target = resolve::prompt(gate, call, &name).await?;
    let permit = trail.decided(authorize::prompt(call, &target, &name, heeded))?;
    let errand = errand(call, &target, Some(&["name"]), clean::owed(&permit));
    send(gate, call, &target, errand, slot, trail).await
}

/// # Errors
/// As every call; see [`Stop`].
pub async fn resource(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    heeded: &Heeded,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    let uri = resolve::named(call, "uri")?;
    let target = resolve::resource(gate, call, &uri).await?;
    let permit = trail.decided(authorize::read(call, &target, &uri, heeded))?;
    let errand = errand(call, &target, None, clean::owed(&permit));
    let sent = send(gate, call, &target, errand, slot, trail).await;
    match sent {
        // Legacy servers say −32002 or, in the field, other codes; the client's era decides how it is told.
        Err(Stop::Upstream(raw))
            if RpcError::read(&raw).is_some_and(|said| said.code == error::RESOURCE_NOT_FOUND)
                && call.peer.era() == Era::Modern =>
        {
            Err(Stop::NotFound(Missing::Resource(uri)))
        }
        other => other,
    }
}

/// # Errors
/// As every call; see [`Stop`].
pub async fn completion(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    heeded: &Heeded,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    let member = |key: &str| {
        let params = call.frame.params()?;
        wardgate_protocol::edit::get(params.as_str(), &["ref", key])
            .and_then(wardgate_protocol::edit::string)
            .map(|text| text.into_owned())
    };
    match (member("name"), member("uri")) {
        (Some(name), None) => {
            let target = resolve::prompt(gate, call, &name).await?;
            let permit = trail.decided(authorize::prompt(call, &target, &name, heeded))?;
            let errand = errand(call, &target, Some(&["ref", "name"]), clean::owed(&permit));
            send(gate, call, &target, errand, slot, trail).await
        }
        (None, Some(uri)) => {
            let target = resolve::resource(gate, call, &uri).await?;
            let permit = trail.decided(authorize::read(call, &target, &uri, heeded))?;
            let errand = errand(call, &target, None, clean::owed(&permit));
            send(gate, call, &target, errand, slot, trail).await
        }
        _ => Err(Stop::Rpc(RpcError::new(
            error::INVALID_PARAMS,
            "params.ref must name a prompt or a resource",
        ))),
    }
}

/// Passes a method the gateway does not know to the only server it can be meant for. Nobody can say what it would do there, so
/// where anything bounds what callers may do, it is not passed.
///
/// # Errors
/// −32601 when it is not, else as every call.
pub async fn unknown(
    gate: &Gate,
    call: &Call,
    slot: &Slot,
    heeded: &Heeded,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    let [alias] = call.toolset.servers.as_slice() else {
        return Err(super::not_found(call));
    };
    let is_governed = call.toolset.policies.is_some() || authorize::governs(call, heeded);
    if is_governed || call.toolset.is_bounded {
        return Err(super::not_found(call));
    }
    let Some(server) = call.snapshot.servers.get(alias) else {
        return Err(super::not_found(call));
    };
    let target = Target::on(server.clone(), call.method.label().to_owned());
    let errand = errand(call, &target, None, Vec::new());
    send(gate, call, &target, errand, slot, trail).await
}

fn errand<'t>(
    call: &Call,
    target: &'t Target,
    rename: Option<&'t [&'t str]>,
    owed: Vec<Redaction>,
) -> Errand<'t> {
    let to = target.name();
    Errand {
        rename: rename.map(|path| Rename { path, to }),
        arguments: None,
        filter: Filter::of(call, &target.server().alias, None, owed),
    }
}

async fn send(
    gate: &Gate,
    call: &Call,
    target: &Target,
    errand: Errand<'_>,
    slot: &Slot,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    trail.target(target);
    call.cx.limit(target.server().timeouts.call);
    let reserved = reserve::plain(gate, call, slot, trail)?;
    let connected = connect(gate, call, target).await?;
    trail.connected(&connected);
    let reply = exchange(gate, call, target, connected, errand, reserved, trail).await?;
    sanitize(gate, call, target, &reply)
}
