//! The four lists. A list never waits longer than its servers' deadlines and never loses a server silently.

use serde_json::json;
use wardgate_protocol::{Method, Raw, RpcError, edit, error};

use crate::{
    call::Call,
    catalog::{
        Freshness,
        view::{self, Lens, Part, View},
    },
    gate::Gate,
    outcome::Answer,
    stage::{admit::Slot, authorize, heed::Heeded},
    stop::Stop,
    upstream::changes::Shelf,
};

/// Answers a list with everything there is; the gateway hands out no cursors, so it knows none.
///
/// # Errors
/// −32602 for a cursor, else deadline or cancellation.
pub async fn list(gate: &Gate, call: &Call, _slot: &Slot, heeded: &Heeded) -> Result<Answer, Stop> {
    if call.param("cursor").is_some_and(|cursor| cursor != "null") {
        return Err(Stop::Rpc(RpcError::new(
            error::INVALID_PARAMS,
            "Invalid cursor",
        )));
    }
    let shelf = shelf(&call.method);
    let lens = Lens::of(&call.peer);
    let (upstreams, toolset) = (&gate.upstreams, &call.toolset);
    let fresh = Freshness::Listed;
    if let Some(view) = gate.views.current(upstreams, toolset, shelf, &lens, fresh) {
        return Ok(Answer::result(&call.id, &shown(call, &view, heeded)));
    }
    let parts = view::gather(upstreams, &call.snapshot, toolset, shelf, &lens, fresh);
    let parts = call.cx.within(parts).await?;
    let missing = missing(&parts);
    let view = gate.views.view(upstreams, toolset, shelf, &lens, parts);
    Ok(Answer::result(
        &call.id,
        &with_missing(&shown(call, &view, heeded), missing),
    ))
}

/// What of a view this caller sees. Without policies and overrides that is the same for all, and ready as bytes.
fn shown(call: &Call, view: &View, heeded: &Heeded) -> Raw {
    if !authorize::governs(call, heeded) {
        return view.result.clone();
    }
    let shown = view.for_caller(|entry| authorize::sees(call, view, entry, heeded));
    match heeded.is_about_lists() {
        // What is stopped for the moment is not to be missed for longer.
        true => Raw::trusted(uncached(shown.as_str().to_owned())),
        false => shown,
    }
}

fn shelf(method: &Method) -> Shelf {
    match method {
        Method::PromptsList => Shelf::Prompts,
        Method::ResourcesList => Shelf::Resources,
        Method::ResourcesTemplatesList => Shelf::Templates,
        _ => Shelf::Tools,
    }
}

/// Names the servers whose part is absent or old, and why.
fn missing(parts: &[Part]) -> Vec<serde_json::Value> {
    parts
        .iter()
        .filter_map(|part| {
            let reason = part.fault?;
            let mut row = json!({"server": part.server.alias.as_str(), "reason": reason});
            if let Some(listing) = &part.listing {
                row["ageMs"] = (listing.age().as_millis() as u64).into();
            }
            Some(row)
        })
        .collect()
}

/// A list that lacks something says so, and is not to be cached.
fn with_missing(result: &Raw, missing: Vec<serde_json::Value>) -> Raw {
    if missing.is_empty() {
        return result.clone();
    }
    let text = edit::set(
        result.as_str(),
        &["_meta", "dev.wardgate/missing"],
        &json!(missing).to_string(),
    );
    Raw::trusted(uncached(text))
}

fn uncached(list: String) -> String {
    match edit::get(&list, &["ttlMs"]) {
        Some(_) => edit::set(&list, &["ttlMs"], "0"),
        None => list,
    }
}
