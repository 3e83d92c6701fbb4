//! Asking the client something in the middle of a call. A handler is written once: to a legacy client
//! the question is a JSON-RPC request, to a modern one a round of `input_required`
//! (MCP 2026-07-28 basic/patterns/mrtr), for which the handler runs again from the start with the
//! answers at hand.

use serde_json::{Map, Value, json};

use super::{
    answer::{INVALID_PARAMS, MISSING_CAPABILITY, RpcError, SERVER_ERROR, Stop},
    call::Call,
};

impl Call {
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

    /// The refusal of a client that did not declare what a call needs.
    pub fn lacks(&self, name: &str, required: Value) -> Stop {
        let message = format!("the client must declare the capability `{name}`");
        if !self.is_modern() {
            return Stop::Invalid(message);
        }
        let data = json!({"requiredCapabilities": required});
        RpcError::new(MISSING_CAPABILITY, message)
            .with_data(data)
            .into()
    }

    /// Says whether the client declared a capability, given as JSON pointer (`/elicitation`).
    pub fn declares(&self, pointer: &str) -> bool {
        self.capabilities
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    }
}
