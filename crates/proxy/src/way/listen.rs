//! `subscriptions/listen`: one long answer made of news. MCP 2026-07-28 basic/patterns/subscriptions.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;
use wardgate_protocol::{Frame, Method, Raw, edit, meta};

use crate::{
    call::Call,
    gate::Gate,
    outcome::Answer,
    session::news::{self, Hearer, Interest},
    stage::{admit::Slot, authorize, connect::connect, heed::Heeded, resolve, standing},
    stop::Stop,
    upstream::line::Line,
    way::listen_tasks::TaskNews,
};

/// URIs one stream may ask for.
const URIS_MAX: usize = 256;

/// Streams news until the client leaves or the gateway drains.
///
/// # Errors
/// Malformed filter, or cancellation.
pub async fn listen(gate: &Gate, call: &Call, slot: Slot, heeded: &Heeded) -> Result<Answer, Stop> {
    let streams_max = call.snapshot.gateway.caps.streams_per_caller_max;
    let _stream = gate.streams.open(&call.caller, streams_max)?;
    let (interest, held) = honoured(gate, call, heeded).await?;
    let mut tasks = TaskNews::follow(gate, call, call.param("notifications").unwrap_or("{}")).await;
    let mut changes = gate.upstreams.subscribe();
    // Streams have a cap of their own; a stream is no call under way.
    drop(slot);
    call.exchange
        .notify(acknowledged(call, &interest, &tasks.followed))
        .await;
    let hearer = Hearer {
        gate,
        toolset: &call.toolset.name,
        credentials: &call.credentials,
    };
    let had = call.caller.identity();
    let mut lost = std::pin::pin!(standing::lost(
        gate,
        &call.toolset.name,
        &call.credentials,
        &had
    ));
    loop {
        let changed = tokio::select! {
            () = &mut lost => return Err(Stop::Cancelled),
            () = call.cx.cancel().cancelled() => return Err(Stop::Cancelled),
            () = gate.draining.cancelled() => break,
            news = tasks.next(gate, call) => {
                call.exchange.notify(with_subscription(call, &news)).await;
                continue;
            }
            changed = changes.recv() => changed,
        };
        for frame in news::frames(hearer, &interest, changed, &mut changes).await {
            call.exchange.notify(with_subscription(call, &frame)).await;
        }
    }
    drop(held);
    let result = json!({"resultType": "complete", "_meta": {meta::SUBSCRIPTION_ID: serde_json::from_str::<serde_json::Value>(call.id.as_str()).unwrap_or_default()}});
    Ok(Answer::result(&call.id, &Raw::of(&result)))
}

/// Subscriptions this stream holds; given back when it ends.
struct Held(BTreeMap<String, Arc<Line>>);

impl Drop for Held {
    fn drop(&mut self) {
        for (uri, line) in &self.0 {
            line.unsubscribe(uri);
        }
    }
}

/// What was asked for, less what cannot be had.
async fn honoured(gate: &Gate, call: &Call, heeded: &Heeded) -> Result<(Interest, Held), Stop> {
    let wanted = call.param("notifications").unwrap_or("{}");
    let flag = |key: &str| edit::get(wanted, &[key]) == Some("true");
    let mut interest = Interest {
        tools: flag("toolsListChanged"),
        prompts: flag("promptsListChanged"),
        resources: flag("resourcesListChanged"),
        uris: Default::default(),
    };
    let mut held = Held(BTreeMap::new());
    let uris = edit::get(wanted, &["resourceSubscriptions"])
        .and_then(edit::elements)
        .unwrap_or_default();
    for uri in uris.into_iter().take(URIS_MAX).filter_map(edit::string) {
        if held.0.contains_key(uri.as_ref()) {
            continue;
        }
        let Ok(target) = resolve::resource(gate, call, &uri).await else {
            continue;
        };
        if authorize::read(call, &target, &uri, heeded).is_err() {
            continue;
        }
        let Ok(connected) = connect(gate, call, &target).await else {
            continue;
        };
        let told = call
            .cx
            .within(connected.line().subscribe(connected.link(), &uri))
            .await?;
        if matches!(told, Ok(Ok(()))) {
            held.0
                .insert(uri.clone().into_owned(), connected.line().clone());
            interest.uris.insert(uri.into_owned());
        }
    }
    Ok((interest, held))
}

fn acknowledged(call: &Call, interest: &Interest, tasks: &[String]) -> Frame {
    let mut honoured = serde_json::Map::new();
    for (key, wanted) in [
        ("toolsListChanged", interest.tools),
        ("promptsListChanged", interest.prompts),
        ("resourcesListChanged", interest.resources),
    ] {
        if wanted {
            honoured.insert(key.into(), true.into());
        }
    }
    if !interest.uris.is_empty() {
        honoured.insert("resourceSubscriptions".into(), json!(interest.uris));
    }
    if !tasks.is_empty() {
        honoured.insert("taskIds".into(), json!(tasks));
    }
    let plain = Raw::of(&json!({"notifications": honoured}));
    with_subscription(
        call,
        &Frame::notification(
            Method::NotificationSubscriptionsAcknowledged.as_str(),
            Some(&plain),
        ),
    )
}

/// Every message of the stream carries the id of the request that opened it, in its own JSON type.
fn with_subscription(call: &Call, frame: &Frame) -> Frame {
    let params = frame.params().map_or("{}", Raw::as_str);
    let params = edit::set(params, &["_meta", meta::SUBSCRIPTION_ID], call.id.as_str());
    Frame::notification(
        frame.method().unwrap_or_default(),
        Some(&Raw::trusted(params)),
    )
}
