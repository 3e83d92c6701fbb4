//! From a method to its handler. The transports know no methods; `finish.rs` puts the outcome into the
//! shape of the client's revision.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{METHOD_NOT_FOUND, Outcome, Stop},
    call::Call,
    completion,
    conformance::skills,
    finish::finish,
    listen, prompts, resources,
    revision::Revision,
    session::Session,
    state::Lab,
    tasks, tools,
};

/// Runs a call to its end and returns the response, or nothing if the client cancelled it.
pub async fn respond(call: Arc<Call>) -> Option<Value> {
    call.lab.count(&call.method);
    if call.method == "tools/call" {
        call.lab.count(&call.subject());
    }
    let outcome = tokio::select! {
        outcome = dispatch(&call) => outcome,
        () = call.cancel.cancelled() => Err(Stop::Cancelled),
    };
    if outcome == Err(Stop::Cancelled) {
        call.lab.count(&format!("cancelled {}", call.subject()));
    }
    finish(&call, outcome)
}

async fn dispatch(call: &Arc<Call>) -> Outcome {
    match (call.method.as_str(), call.is_modern()) {
        ("initialize", false) => Ok(initialize(call)),
        ("ping", false) => Ok(json!({})),
        ("logging/setLevel", false) => set_level(call),
        ("resources/subscribe", false) => resources::subscribe(call),
        ("resources/unsubscribe", false) => resources::unsubscribe(call),
        ("server/discover", true) => Ok(discover(call)),
        ("subscriptions/listen", true) => listen::listen(call).await,
        ("tools/list", _) => tools::list(call),
        ("tools/call", _) => tools::call(call).await,
        ("resources/list", _) => resources::list(call),
        ("resources/templates/list", _) => resources::list_templates(call),
        ("resources/read", _) => resources::read(call),
        ("prompts/list", _) => prompts::list(call),
        ("prompts/get", _) => prompts::get(call).await,
        ("completion/complete", _) => completion::complete(call),
        ("skills/list", true) => skills::list(call),
        ("skills/get", true) => skills::get(call),
        ("resources/directory/read", true) => skills::read_directory(call),
        ("tasks/get", true) => tasks::get(call),
        ("tasks/update", true) => tasks::update(call),
        ("tasks/cancel", true) => tasks::cancel(call),
        (other, _) => Err(Stop::rpc(
            METHOD_NOT_FOUND,
            format!("method not found: {other}"),
        )),
    }
}

fn initialize(call: &Call) -> Value {
    let revision = call.revision.as_str();
    json!({
        "protocolVersion": revision,
        "capabilities": capabilities(&call.lab, call.revision),
        "serverInfo": call.lab.server_info(),
        "instructions": INSTRUCTIONS,
    })
}

/// Settles a session as `initialize` asks: the client's revision if the lab speaks it, else the
/// newest that has sessions.
pub fn settle(session: &Session, params: &Map<String, Value>) {
    let wanted = params
        .get("protocolVersion")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let revision = Revision::legacy(wanted).unwrap_or(Revision::NEWEST_LEGACY);
    let capabilities = params
        .get("capabilities")
        .cloned()
        .unwrap_or_else(|| json!({}));
    session.settle(revision, capabilities);
}

fn discover(call: &Call) -> Value {
    json!({
        "supportedVersions": supported_versions(&call.lab),
        "capabilities": capabilities(&call.lab, call.revision),
        "instructions": INSTRUCTIONS,
    })
}

pub fn supported_versions(lab: &Lab) -> Vec<&'static str> {
    let mut versions = vec![Revision::MODERN.as_str()];
    if lab.options.era.speaks_legacy() {
        versions.extend(Revision::LEGACY.map(Revision::as_str));
    }
    versions
}

const INSTRUCTIONS: &str = "A test server with known behaviour: nothing here is real.";

fn capabilities(lab: &Lab, revision: Revision) -> Value {
    let mut capabilities = json!({
        "tools": {"listChanged": true},
        "prompts": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true},
        "logging": {},
    });
    if revision >= Revision::V2025_03_26 {
        capabilities["completions"] = json!({});
    }
    if revision.is_modern() && lab.options.conformance {
        capabilities["extensions"] = json!({
            tasks::EXTENSION: {},
            skills::EXTENSION: {"directoryRead": true},
        });
    }
    capabilities
}

fn set_level(call: &Call) -> Outcome {
    let level = call.param("level")?;
    if let Some(session) = &call.session {
        session.set_log_level(level.into());
    }
    Ok(json!({}))
}

/// Runs `call` as a task of the lab, sending its response on its own line. `after` runs last.
pub fn spawn(call: Arc<Call>, after: impl FnOnce() + Send + 'static) {
    let lab = Arc::clone(&call.lab);
    lab.running.spawn(async move {
        let line = call.line.clone();
        if let Some(response) = respond(call).await {
            line.send(response).await;
        }
        after();
    });
}

/// A token that fires with its session or with the lab. A listen has an end of its own: on shutdown
/// it still says goodbye.
pub fn cancellation(lab: &Lab, session: Option<&Session>, method: &str) -> CancellationToken {
    match session {
        Some(session) => session.ended.child_token(),
        None if method == "subscriptions/listen" => CancellationToken::new(),
        None => lab.closing.child_token(),
    }
}
