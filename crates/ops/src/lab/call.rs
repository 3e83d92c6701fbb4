//! One request from a client, and what its handler may do meanwhile: report progress, log, and ask
//! the client. A handler is written once; asking is a JSON-RPC request to a legacy client and a round
//! of `input_required` to a modern one (MCP 2026-07-28 basic/patterns/mrtr), for which the handler
//! runs again from the start with the answers at hand.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{INVALID_PARAMS, MISSING_CAPABILITY, RpcError, SERVER_ERROR, Stop},
    args::Args,
    faults::Misfortune,
    line::Line,
    revision::Revision,
    session::Session,
    state::Lab,
};

#[derive(Debug)]
pub struct Call {
    pub lab: Arc<Lab>,
    pub id: Value,
    pub method: String,
    pub params: Map<String, Value>,
    pub revision: Revision,
    /// What the client declared: per request if modern, at `initialize` if legacy.
    pub capabilities: Value,
    pub line: Line,
    /// The legacy session; modern and session-less calls have none.
    pub session: Option<Arc<Session>>,
    pub cancel: CancellationToken,
    /// What befalls this call by the fault plan.
    pub fate: Misfortune,
}

/// From whom a request came and where its answers go.
#[derive(Debug)]
pub struct Origin {
    pub revision: Revision,
    pub capabilities: Value,
    pub line: Line,
    pub session: Option<Arc<Session>>,
    pub cancel: CancellationToken,
}

/// Severity of a log message, as in RFC 5424 §6.2.1, least first.
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

impl Call {
    /// Opens a call for a request message.
    pub fn open(lab: &Arc<Lab>, message: &Value, origin: Origin) -> Arc<Self> {
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let params = message["params"].as_object().cloned().unwrap_or_default();
        let fate = if method == "tools/call" {
            lab.next_fate()
        } else {
            Misfortune::default()
        };
        let Origin {
            revision,
            capabilities,
            line,
            session,
            cancel,
        } = origin;
        Arc::new(Self {
            lab: Arc::clone(lab),
            id: message["id"].clone(),
            method,
            params,
            revision,
            capabilities,
            line,
            session,
            cancel,
            fate,
        })
    }

    /// The method, and of a tool call the tool: `tools/call echo`.
    pub fn subject(&self) -> String {
        let tool = self
            .params
            .get("name")
            .and_then(Value::as_str)
            .filter(|_| self.method == "tools/call");
        tool.map_or_else(
            || self.method.clone(),
            |tool| format!("{} {tool}", self.method),
        )
    }

    pub fn args(&self) -> Args<'_> {
        Args(self.arguments())
    }

    /// The `arguments` of a tool or prompt, empty if absent.
    pub fn arguments(&self) -> &Map<String, Value> {
        static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.params
            .get("arguments")
            .and_then(Value::as_object)
            .unwrap_or(&NONE)
    }

    /// A text parameter of the request itself.
    pub fn param(&self, name: &str) -> Result<&str, Stop> {
        let text = self.params.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Stop::rpc(INVALID_PARAMS, format!("missing parameter `{name}`")))
    }

    pub fn meta(&self, key: &str) -> Option<&Value> {
        self.params.get("_meta")?.get(key)
    }

    pub fn is_modern(&self) -> bool {
        self.revision.is_modern()
    }

    /// Says whether the client declared a capability, given as JSON pointer (`/elicitation`).
    pub fn declares(&self, pointer: &str) -> bool {
        self.capabilities
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    }

    /// Waits, or stops when the client cancels.
    pub async fn sleep(&self, duration: std::time::Duration) -> Result<(), Stop> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    /// Never returns but by cancellation.
    pub async fn hang(&self) -> Stop {
        self.cancel.cancelled().await;
        Stop::Cancelled
    }

    pub async fn notify(&self, method: &str, params: Value) {
        self.line
            .send(json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    /// Reports progress if the client asked for it with a token.
    pub async fn progress(&self, progress: Value, total: Value, message: &str) {
        let Some(token) = self.meta("progressToken").cloned() else {
            return;
        };
        let mut params = json!({"progressToken": token, "progress": progress, "total": total});
        if self.revision >= Revision::V2025_03_26 {
            params["message"] = message.into();
        }
        self.notify("notifications/progress", params).await;
    }

    /// Logs to the client if it asked for this level: per request if modern, per session if legacy.
    pub async fn log(&self, level: &str, data: Value) {
        if !self.hears(level) {
            return;
        }
        let params = json!({"level": level, "logger": "lab", "data": data});
        self.notify("notifications/message", params).await;
    }

    fn hears(&self, level: &str) -> bool {
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        let least = if self.is_modern() {
            let Some(least) = self.meta("io.modelcontextprotocol/logLevel") else {
                return false;
            };
            least.as_str().and_then(rank)
        } else {
            self.session
                .as_ref()
                .and_then(|session| session.log_level())
                .and_then(|level| rank(&level))
        };
        rank(level) >= least
    }

    /// Asks the client one thing and returns its answer. `key` names the question among those of
    /// this call. Runs the handler again from the start when the client is modern.
    pub async fn ask(&self, key: &str, method: &str, params: Value) -> Result<Value, Stop> {
        let question = json!({key: {"method": method, "params": params}});
        let Value::Object(answers) = self.ask_all(question, None).await? else {
            return Err(Stop::Invalid("the client sent no answers".into()));
        };
        answers
            .get(key)
            .cloned()
            .ok_or_else(|| Stop::Invalid(format!("no answer to `{key}`")))
    }

    /// Asks several things at once: `questions` is a map of key to `{method, params}`. A modern
    /// client also carries `state`, which the lab seals.
    pub async fn ask_all(&self, questions: Value, state: Option<Value>) -> Result<Value, Stop> {
        let Some(asked) = questions.as_object() else {
            return Ok(json!({}));
        };
        for question in asked.values() {
            self.require_capability_for(question["method"].as_str().unwrap_or_default())?;
        }
        if self.is_modern() {
            return self.collect_answers(asked, state);
        }
        let Some(session) = &self.session else {
            return Err(Stop::rpc(
                SERVER_ERROR,
                "the lab cannot ask a client without a session",
            ));
        };
        let mut answers = Map::new();
        for (key, question) in asked {
            let method = question["method"].as_str().unwrap_or_default();
            let answer = session
                .ask(&self.line, method, &question["params"], &self.cancel)
                .await?;
            answers.insert(key.clone(), answer);
        }
        Ok(answers.into())
    }

    /// The state that the lab gave with its last question, if the client brought it back unchanged.
    pub fn state(&self) -> Result<Option<Value>, Stop> {
        let Some(sealed) = self.params.get("requestState") else {
            return Ok(None);
        };
        let state = sealed
            .as_str()
            .and_then(|sealed| self.lab.seal.open(sealed));
        match state {
            Some(state) => Ok(Some(state)),
            None => Err(Stop::rpc(
                INVALID_PARAMS,
                "`requestState` is not one that this server gave",
            )),
        }
    }

    fn collect_answers(
        &self,
        asked: &Map<String, Value>,
        state: Option<Value>,
    ) -> Result<Value, Stop> {
        let given = self.params.get("inputResponses").and_then(Value::as_object);
        let unanswered: Map<_, _> = asked
            .iter()
            .filter(|(key, _)| {
                !given.is_some_and(|given| given.get(*key).is_some_and(Value::is_object))
            })
            .map(|(key, question)| (key.clone(), question.clone()))
            .collect();
        if unanswered.is_empty() {
            return Ok(given.cloned().unwrap_or_default().into());
        }
        let mut result = json!({"resultType": "input_required", "inputRequests": unanswered});
        if let Some(state) = state {
            result["requestState"] = self.lab.seal.close(&state).into();
        }
        Err(Stop::InputRequired(result))
    }

    fn require_capability_for(&self, method: &str) -> Result<(), Stop> {
        let capability = match method {
            "elicitation/create" => "elicitation",
            "sampling/createMessage" => "sampling",
            "roots/list" => "roots",
            _ => return Ok(()),
        };
        self.require(capability)
    }

    /// Stops the call unless the client declared `capability`.
    pub fn require(&self, capability: &str) -> Result<(), Stop> {
        if self.declares(&format!("/{capability}")) {
            return Ok(());
        }
        Err(self.lacks(capability, json!({capability: {}})))
    }

    /// Stops the call unless the client declared the extension `id`.
    pub fn require_extension(&self, id: &str) -> Result<(), Stop> {
        if self.has_extension(id) {
            return Ok(());
        }
        Err(self.lacks(id, json!({"extensions": {id: {}}})))
    }

    pub fn has_extension(&self, id: &str) -> bool {
        self.capabilities["extensions"].get(id).is_some()
    }

    fn lacks(&self, name: &str, required: Value) -> Stop {
        let message = format!("the client must declare the capability `{name}`");
        if !self.is_modern() {
            return Stop::Invalid(message);
        }
        let data = json!({"requiredCapabilities": required});
        RpcError::new(MISSING_CAPABILITY, message)
            .with_data(data)
            .into()
    }
}
