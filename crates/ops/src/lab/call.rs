//! One request from a client, and what its handler may do meanwhile: wait, report progress, log. How it
//! asks the client something is in `ask.rs`.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    answer::{INVALID_PARAMS, Stop},
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
}
