//! `subscriptions/listen` (MCP 2026-07-28 basic/patterns/subscriptions): an acknowledgement, then
//! each change the client asked for, tagged with the id of its request, until one side ends it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::{
    answer::{Outcome, Stop},
    call::Call,
    state::Change,
};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// What one client asked to hear of.
#[derive(Debug, Default)]
struct Filter {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: BTreeSet<String>,
    tasks: BTreeSet<String>,
}

pub async fn listen(call: &Call) -> Outcome {
    let mut changes = call.lab.changes.subscribe();
    let filter = Filter::read(call.params.get("notifications"));
    notify(
        call,
        "notifications/subscriptions/acknowledged",
        json!({"notifications": filter.honoured()}),
    )
    .await;
    loop {
        let change = tokio::select! {
            () = call.cancel.cancelled() => return Err(Stop::Cancelled),
            () = call.lab.closing.cancelled() => break,
            change = changes.recv() => change,
        };
        match change {
            Ok(change) if filter.wants(&change) => {
                notify(call, change.method(), change.params()).await
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    Ok(json!({"_meta": {SUBSCRIPTION_ID: call.id}}))
}

async fn notify(call: &Call, method: &str, mut params: Value) {
    params["_meta"] = json!({SUBSCRIPTION_ID: call.id});
    call.notify(method, params).await;
}

impl Filter {
    fn read(asked: Option<&Value>) -> Self {
        let Some(asked) = asked else {
            return Self::default();
        };
        let flag = |name: &str| asked[name].as_bool().unwrap_or(false);
        let texts = |name: &str| -> BTreeSet<String> {
            let texts = asked[name].as_array().into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            tools: flag("toolsListChanged"),
            prompts: flag("promptsListChanged"),
            resources: flag("resourcesListChanged"),
            uris: texts("resourceSubscriptions"),
            tasks: texts("taskIds"),
        }
    }

    /// The subset that the lab will send: only what was asked for appears.
    fn honoured(&self) -> Value {
        let mut honoured = Map::new();
        let flags = [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ];
        for (name, _) in flags.into_iter().filter(|(_, asked)| *asked) {
            honoured.insert(name.into(), true.into());
        }
        for (name, set) in [
            ("resourceSubscriptions", &self.uris),
            ("taskIds", &self.tasks),
        ] {
            if !set.is_empty() {
                honoured.insert(name.into(), json!(set));
            }
        }
        honoured.into()
    }

    fn wants(&self, change: &Change) -> bool {
        match change {
            Change::Tools => self.tools,
            Change::Prompts => self.prompts,
            Change::Resources => self.resources,
            Change::Resource(uri) => self.uris.contains(uri),
            Change::Task(task) => task["taskId"]
                .as_str()
                .is_some_and(|id| self.tasks.contains(id)),
        }
    }
}
