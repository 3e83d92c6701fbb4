//! The call at the server: sent, followed to its answer, bridged where the eras differ.

use std::time::Instant;

use http::{HeaderName, HeaderValue};
use wardgate_protocol::{Era, Frame, Method, Raw, RpcError, error, headers};

use super::{
    clean::Filter, connect::Connected, heed, intend::Intent, reserve::Reserved, resolve::Target,
    tokens,
};
use crate::{
    bridge::{
        ask::Ask,
        dialog::{Dialog, Sent, Turn},
        park, request,
        request::Rename,
    },
    call::Call,
    gate::Gate,
    pipeline::Trail,
    stop::Stop,
    upstream::{
        changes::Shelf,
        fault::FlightFault,
        http::Mirrored,
        link::{mirror, mirrored_named},
    },
};

/// What the server answered. Untrusted: only [`super::sanitize`] turns it into something a client can be sent.
pub struct RawReply {
    frame: Frame,
    era: Era,
    /// Made by the gateway out of a legacy server's questions; already in the client's shape.
    own: bool,
    filter: Filter,
}

impl RawReply {
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Bytes of the result or the error.
    pub(super) fn content_bytes(&self) -> usize {
        let content = self.frame.result().or(self.frame.error());
        content.map_or(0, |content| content.len())
    }

    pub(super) fn era(&self) -> Era {
        self.era
    }

    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    /// How it is to be cleaned.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }
}

/// What is sent, besides what the client said, and how is read what comes back.
pub struct Errand<'a> {
    pub rename: Option<Rename<'a>>,
    /// The arguments, where they are not those that the client said.
    pub arguments: Option<Raw>,
    pub filter: Filter,
}

/// Sends a tool call and returns the reply.
///
/// # Errors
/// Every way a call can end without a reply; see [`Stop`].
pub async fn forward(
    gate: &Gate,
    call: &Call,
    target: &Target,
    intent: Intent,
    connected: Connected,
    trail: &mut Trail,
) -> Result<RawReply, Stop> {
    let (cleared, reserved, owed) = intent.into_parts();
    heed::still(gate, call, target)?;
    cleared.use_up(gate, call).await?;
    let errand = Errand {
        rename: Some(Rename {
            path: &["name"],
            to: target.name(),
        }),
        arguments: tokens::restore(call, &owed),
        filter: Filter::of(call, &target.server().alias, Some(target.name()), owed),
    };
    exchange(gate, call, target, connected, errand, reserved, trail).await
}

/// Sends any request that names something at one server.
///
/// # Errors
/// As [`forward`].
pub async fn exchange(
    gate: &Gate,
    call: &Call,
    target: &Target,
    connected: Connected,
    errand: Errand<'_>,
    reserved: Reserved,
    trail: &mut Trail,
) -> Result<RawReply, Stop> {
    let state = connected.line().state.clone();
    let _slot = super::connect::slot(call, &state).await?;
    heed::still(gate, call, target)?;
    let parked = gate.parked.resume(&gate.seal, call)?;
    let (started, waited) = (Instant::now(), call.cx.waited());
    let reply = follow(gate, call, target, connected, parked, &errand).await;
    let took = started.elapsed();
    trail.upstream(took);
    let (charged, warnings) =
        reserved.settle(&reply, took.saturating_sub(call.cx.waited() - waited));
    trail.charged = charged;
    trail.warnings.extend(warnings);
    reply
}

async fn follow(
    gate: &Gate,
    call: &Call,
    target: &Target,
    connected: Connected,
    parked: Option<(Dialog, Vec<Ask>)>,
    errand: &Errand<'_>,
) -> Result<RawReply, Stop> {
    let mut connected = connected;
    let mut dialog = match parked {
        Some((mut dialog, asks)) => {
            let (answers, open) = park::answers(call, asks);
            Box::pin(dialog.answer(call, answers)).await?;
            if !open.is_empty() {
                return park(gate, call, target, dialog, open);
            }
            dialog
        }
        None => start(gate, call, target, &mut connected, errand).await?,
    };
    let mut relisted = false;
    loop {
        match dialog.turn(call).await? {
            Turn::Reply(frame) if !relisted && is_stale_header(call, &frame) => {
                // MCP 2026-07-28 basic/transports: after −32020 for stale parameters, list again and retry.
                relisted = true;
                Box::pin(relist(call, &connected)).await?;
                heed::still(gate, call, target)?;
                dialog = Box::pin(start(gate, call, target, &mut connected, errand)).await?;
            }
            Turn::Reply(frame) => {
                return Ok(RawReply {
                    era: dialog.link().era(),
                    filter: dialog.filter().clone(),
                    frame,
                    own: false,
                });
            }
            Turn::Asks(asks) => match call.peer.era() {
                Era::Legacy => {
                    let limit = target.server().timeouts.interaction;
                    Box::pin(dialog.converse(call, asks, limit)).await?
                }
                Era::Modern => return park(gate, call, target, dialog, asks),
            },
        }
    }
}

async fn relist(call: &Call, connected: &Connected) -> Result<(), Stop> {
    let catalog = &connected.line().catalog;
    catalog.invalidate(Shelf::Tools);
    let refreshed = catalog.refresh(connected.line(), connected.link(), Shelf::Tools);
    let listing = call.cx.within(refreshed).await?;
    listing.map(drop).map_err(|fault| fault.to_stop())
}

fn park(
    gate: &Gate,
    call: &Call,
    target: &Target,
    dialog: Dialog,
    asks: Vec<Ask>,
) -> Result<RawReply, Stop> {
    let filter = dialog.filter().clone();
    let result = gate.parked.park(
        &gate.seal,
        call,
        dialog,
        asks,
        target.server().timeouts.interaction,
    )?;
    Ok(RawReply {
        frame: Frame::success(&call.id, &result),
        era: Era::Modern,
        own: true,
        filter,
    })
}

/// Sends the request; once more on a fresh link when the first provably did nothing.
async fn start(
    gate: &Gate,
    call: &Call,
    target: &Target,
    connected: &mut Connected,
    errand: &Errand<'_>,
) -> Result<Dialog, Stop> {
    match call
        .cx
        .within(send(gate, call, target, connected, errand))
        .await?
    {
        Ok(dialog) => Ok(dialog),
        Err(fault)
            if fault.is_safe_to_repeat()
                || (may_run_twice(&call.method) && matches!(fault, FlightFault::Lost { .. })) =>
        {
            tracing::debug!(server = %target.server().alias, %fault, "sending again on a fresh link");
            Box::pin(again(gate, call, target, connected, errand)).await
        }
        Err(fault) => Err(fault.to_stop()),
    }
}

async fn again(
    gate: &Gate,
    call: &Call,
    target: &Target,
    connected: &mut Connected,
    errand: &Errand<'_>,
) -> Result<Dialog, Stop> {
    let link = call.cx.within(connected.line().link()).await?;
    connected.renew(link.map_err(|fault| fault.to_stop())?);
    heed::still(gate, call, target)?;
    let sent = call
        .cx
        .within(send(gate, call, target, connected, errand))
        .await?;
    sent.map_err(|fault| fault.to_stop())
}

/// MCP calls these reads; running one twice changes nothing.
fn may_run_twice(method: &Method) -> bool {
    matches!(
        method,
        Method::ResourcesRead | Method::PromptsGet | Method::CompletionComplete | Method::TasksGet
    )
}

async fn send(
    gate: &Gate,
    call: &Call,
    target: &Target,
    connected: &Connected,
    errand: &Errand<'_>,
) -> Result<Dialog, FlightFault> {
    let link = connected.link();
    let flight = link.flight(Some(call.owner()));
    let frame = request::request(&gate.seal, call, link, &flight.id(), errand);
    let mut headers = match link.era() {
        Era::Modern => modern_headers(call, target, errand),
        Era::Legacy => Vec::new(),
    };
    headers.extend(call.trace.headers().filter_map(|(name, value)| {
        Some((
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        ))
    }));
    let sent = Sent { frame, headers };
    let server = target.server().clone();
    Dialog::start(flight, sent, server, errand.filter.clone()).await
}

/// Rebuilt from the body that goes out and the server's own schema, never copied from the client.
/// What the body says under the server's name is known without reading it again.
fn modern_headers(call: &Call, target: &Target, errand: &Errand<'_>) -> Vec<Mirrored> {
    let named = call.method.name_key().and_then(|key| match errand.rename {
        Some(rename) if rename.path == [key] => Some(rename.to.to_owned()),
        _ => call.param_string(key),
    });
    let mut all = mirrored_named(&call.method, named.as_deref());
    let declared = target
        .item()
        .and_then(|item| item.tool.as_ref())
        .map(|tool| tool.headers.as_slice())
        .unwrap_or_default();
    if !declared.is_empty() {
        let restored = errand.arguments.as_ref().map(Raw::as_str);
        let arguments = restored.or(call.param("arguments")).unwrap_or("{}");
        all.extend(declared.iter().filter_map(|header| {
            let name = format!("{}{}", headers::PARAM_PREFIX, header.name);
            mirror(HeaderName::try_from(name).ok()?, &header.value(arguments)?)
        }));
    }
    all
}

fn is_stale_header(call: &Call, frame: &Frame) -> bool {
    let code = frame
        .error()
        .and_then(RpcError::read)
        .map(|error| error.code);
    call.method == Method::ToolsCall && code == Some(error::HEADER_MISMATCH)
}
