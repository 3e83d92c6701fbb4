//! `initialize` and `server/discover`: what this toolset, seen as one server, can do.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use wardgate_protocol::{Era, Raw, Revision, edit};
use wardgate_snapshot::Server;

use crate::{
    call::Call,
    gate::Gate,
    outcome::Answer,
    session::token,
    stage::{
        clean::{Clean, Part, Withheld, clean},
        heed::Heeded,
    },
    stop::Stop,
    upstream::{declared::Declared, link::Hello},
};

/// Instructions of all servers together stay below this.
const INSTRUCTIONS_CHARS_MAX: usize = 8_000;

/// An opening waits this long for a server that is still starting; connecting goes on behind it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Answers `initialize`; on HTTP with a session id.
///
/// # Errors
/// Deadline or cancellation while servers are asked.
pub async fn initialize(gate: &Gate, call: &Call, heeded: &Heeded) -> Result<Answer, Stop> {
    let Some(session) = &call.peer.session else {
        return Err(Stop::Internal {
            reason: "an opening without a session",
        });
    };
    let hellos = hellos(gate, call, heeded).await?;
    let mut result = json!({
        "protocolVersion": session.revision.as_str(),
        "capabilities": capabilities(&hellos, session.revision),
        "serverInfo": server_info(),
    });
    if let Some(text) = instructions(call, &hellos) {
        result["instructions"] = text.into();
    }
    let mut answer = Answer::result(&call.id, &Raw::of(&result));
    if call.headers.is_some() {
        answer.session = Some(token::mint(
            &gate.seal,
            &call.caller,
            &call.toolset,
            session,
            call.snapshot.gateway.caps.session_lifetime,
        ));
    }
    Ok(answer)
}

/// Answers `server/discover`.
///
/// # Errors
/// As [`initialize`].
pub async fn discover(gate: &Gate, call: &Call, heeded: &Heeded) -> Result<Answer, Stop> {
    let hellos = hellos(gate, call, heeded).await?;
    let versions: Vec<_> = Revision::ALL
        .iter()
        .rev()
        .map(|revision| revision.as_str())
        .collect();
    let mut capabilities = capabilities(&hellos, Revision::NEWEST);
    let has_tasks = capabilities["extensions"][super::task::EXTENSION].is_object();
    if !has_tasks && asks_people(call) {
        // Calls that wait for people go on as tasks of the gateway's own.
        capabilities["extensions"][super::task::EXTENSION] = json!({});
    }
    let mut result = json!({
        "resultType": "complete",
        "supportedVersions": versions,
        "capabilities": capabilities,
        "ttlMs": 60_000,
        "cacheScope": "private",
        "_meta": {wardgate_protocol::meta::SERVER_INFO: server_info()},
    });
    if let Some(text) = instructions(call, &hellos) {
        result["instructions"] = text.into();
    }
    Ok(Answer::result(&call.id, &Raw::of(&result)))
}

fn asks_people(call: &Call) -> bool {
    let authorizer = call.snapshot.authorizer.as_ref();
    authorizer.is_some_and(|authorizer| {
        let mut rules = authorizer.policies().rules().iter();
        rules.any(|rule| rule.approval.is_some())
    })
}

fn server_info() -> Value {
    json!({"name": "wardgate", "version": env!("CARGO_PKG_VERSION")})
}

/// What each server said of itself, asked side by side; `None` for one that cannot be asked, or is not to be heard.
async fn hellos(gate: &Gate, call: &Call, heeded: &Heeded) -> Result<Vec<Option<Hello>>, Stop> {
    let servers = call
        .toolset
        .servers
        .iter()
        .filter_map(|alias| call.snapshot.servers.get(alias));
    let asking = servers.map(|server| async move {
        if heeded.stops_server(call, server) {
            return None;
        }
        let line = gate
            .upstreams
            .line_for(server, call.peer.era(), &call.peer.declared());
        if let Some(hello) = line.hello() {
            return Some(fit(call, server, hello));
        }
        let reached = tokio::time::timeout(
            server.timeouts.list.min(PATIENCE),
            gate.upstreams
                .reach(server, call.peer.era(), &call.peer.declared()),
        )
        .await;
        match reached {
            Ok(Ok((_, link))) => Some(fit(call, server, link.hello.clone())),
            Ok(Err(fault)) => {
                tracing::warn!(server = %server.alias, %fault, "not reached while opening");
                None
            }
            Err(_) => None,
        }
    });
    Ok(call
        .cx
        .within(futures_util::future::join_all(asking))
        .await?)
}

/// What a server says of itself, as its lists are cleaned; what may not be passed on was not said.
fn fit(call: &Call, server: &Server, hello: Hello) -> Hello {
    let clean = |said: &Raw| {
        let cleaned = clean(
            server.metadata.of(None),
            server.alias.as_str(),
            said,
            Part::Bare,
        );
        let (clean, findings) = match cleaned {
            Ok(Clean { raw, findings }) => (Some(raw), findings),
            Err(Withheld { findings, .. }) => (None, findings),
        };
        call.note(findings);
        clean
    };
    let instructions = hello.instructions.as_ref().and_then(|text| {
        let clean = clean(&Raw::trusted(edit::quote(text)))?;
        edit::string(clean.as_str()).map(|text| text.into_owned())
    });
    Hello {
        capabilities: clean(&hello.capabilities).unwrap_or_else(|| Raw::trusted("{}")),
        instructions,
        ..hello
    }
}

/// The union of what can be routed. A server that is away may have anything, so it is not what takes a capability away.
fn capabilities(hellos: &[Option<Hello>], revision: Revision) -> Value {
    let era = revision.era();
    let has = |path: &[&str]| {
        hellos
            .iter()
            .any(|hello| hello.as_ref().is_none_or(|hello| hello.has(path)))
    };
    let said = |path: &[&str]| hellos.iter().flatten().any(|hello| hello.has(path));
    let mut all = Map::new();
    for list in ["tools", "prompts"] {
        if has(&[list]) {
            all.insert(list.into(), json!({"listChanged": true}));
        }
    }
    if has(&["resources"]) {
        let mut resources = json!({"listChanged": true});
        if said(&["resources", "subscribe"]) || era == Era::Modern && said(&["resources"]) {
            resources["subscribe"] = true.into();
        }
        all.insert("resources".into(), resources);
    }
    for plain in ["completions", "logging"] {
        if said(&[plain]) {
            all.insert(plain.into(), json!({}));
        }
    }
    if let Some(tasks) = core_tasks(hellos).filter(|_| revision == Revision::NEWEST_LEGACY) {
        all.insert("tasks".into(), tasks);
    }
    let extensions = extensions(hellos, era);
    if !extensions.is_empty() {
        all.insert("extensions".into(), Value::Object(extensions));
    }
    Value::Object(all)
}

/// The tasks of 2025-11-25, the only revision that has them in its core. There is no `list`: callers share sessions at servers,
/// and nothing says whose the tasks of such a list are.
fn core_tasks(hellos: &[Option<Hello>]) -> Option<Value> {
    let said = |path: &[&str]| {
        let mut legacy = hellos
            .iter()
            .flatten()
            .filter(|hello| hello.revision.era() == Era::Legacy);
        legacy.any(|hello| hello.has(path))
    };
    if !said(&["tasks", "requests", "tools", "call"]) {
        return None;
    }
    let mut tasks = json!({"requests": {"tools": {"call": {}}}});
    if said(&["tasks", "cancel"]) {
        tasks["cancel"] = json!({});
    }
    Some(tasks)
}

/// Extensions pass through, except that tasks need a server of the client's own era.
fn extensions(hellos: &[Option<Hello>], era: Era) -> Map<String, Value> {
    let mut all = Map::new();
    for hello in hellos.iter().flatten() {
        let said: Value = serde_json::from_str(hello.capabilities.as_str()).unwrap_or_default();
        let Some(extensions) = said.get("extensions").and_then(Value::as_object) else {
            continue;
        };
        for (id, settings) in extensions {
            let is_tasks = id == super::task::EXTENSION;
            if !is_tasks || (era == Era::Modern && hello.revision.era() == Era::Modern) {
                all.entry(id.clone()).or_insert_with(|| settings.clone());
            }
        }
    }
    all
}

fn instructions(call: &Call, hellos: &[Option<Hello>]) -> Option<String> {
    let several = call.toolset.servers.len() > 1;
    let parts: Vec<String> = call
        .toolset
        .servers
        .iter()
        .zip(hellos)
        .filter_map(|(alias, hello)| {
            let text = hello.as_ref()?.instructions.as_ref()?;
            Some(match several {
                true => format!("{alias}: {text}"),
                false => text.clone(),
            })
        })
        .collect();
    let joined: String = parts
        .join("\n\n")
        .chars()
        .take(INSTRUCTIONS_CHARS_MAX)
        .collect();
    (!joined.is_empty()).then_some(joined)
}

/// Connects every server that is to be warm, so that the first client does not wait.
pub async fn warm_up(gate: Arc<Gate>) {
    let snapshot = gate.snapshot();
    let nobody = Declared::default();
    let warming = snapshot
        .servers
        .values()
        .filter(|server| server.warm)
        .map(|server| gate.upstreams.reach(server, Era::Legacy, &nobody));
    futures_util::future::join_all(warming).await;
}
