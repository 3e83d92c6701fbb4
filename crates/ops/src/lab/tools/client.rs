//! Tools that turn to the client: they ask the person, the model or the host, or announce a change.

use serde_json::{Value, json};

use super::Tool;
use crate::lab::{
    answer::{self, Outcome, Stop},
    call::Call,
    state::Change,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "ask",
        contract: ask_contract,
        run: |call| Box::pin(ask(call)),
    },
    Tool {
        name: "sample",
        contract: sample_contract,
        run: |call| Box::pin(sample(call)),
    },
    Tool {
        name: "roots",
        contract: roots_contract,
        run: |call| Box::pin(roots(call)),
    },
    Tool {
        name: "touch",
        contract: touch_contract,
        run: |call| Box::pin(touch(call)),
    },
];

fn ask_contract() -> Value {
    json!({
        "title": "Ask",
        "description": "Asks the user for a name and returns a greeting, or sends the user to a page.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "default": "What is your name?"},
                "mode": {"type": "string", "enum": ["form", "url"], "default": "form"},
            },
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn ask(call: &Call) -> Outcome {
    let message = call.args().text_or("message", "What is your name?")?;
    let question = match call.args().text_or("mode", "form")? {
        "form" => json!({"message": message, "requestedSchema": name_schema()}),
        "url" => page(call, message)?,
        other => {
            return Err(Stop::Invalid(format!(
                "argument `mode` cannot be `{other}`"
            )));
        }
    };
    let response = call.ask("name", "elicitation/create", question).await?;
    let action = response["action"].as_str().unwrap_or("cancel");
    if action != "accept" {
        return Ok(answer::text(format!("The user chose to {action}.")));
    }
    match response.pointer("/content/name").and_then(Value::as_str) {
        Some(name) => Ok(answer::text(format!("Hello, {name}!"))),
        None => Ok(answer::text("Hello!")),
    }
}

fn name_schema() -> Value {
    json!({
        "type": "object",
        "properties": {"name": {"type": "string", "title": "Name"}},
        "required": ["name"],
    })
}

/// The parameters that send the user to a page. 2025-11-25 gave each visit an id.
fn page(call: &Call, message: &str) -> Result<Value, Stop> {
    if !call.declares("/elicitation/url") {
        return Err(call.lacks("elicitation.url", json!({"elicitation": {"url": {}}})));
    }
    let mut params = json!({"mode": "url", "message": message, "url": "https://lab.test/name"});
    if !call.is_modern() {
        params["elicitationId"] = call.lab.seal.id("elicitation", call.lab.next_id()).into();
    }
    Ok(params)
}

fn sample_contract() -> Value {
    json!({
        "title": "Sample",
        "description": "Has the client's model answer a prompt.",
        "inputSchema": {
            "type": "object",
            "properties": {"prompt": {"type": "string"}},
            "required": ["prompt"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": true},
    })
}

async fn sample(call: &Call) -> Outcome {
    let prompt = call.args().text("prompt")?;
    let response = call
        .ask("sample", "sampling/createMessage", sampling(prompt, 100))
        .await?;
    Ok(answer::text(format!("LLM response: {}", said(&response))))
}

/// The parameters of a sampling request with one message.
pub fn sampling(prompt: &str, tokens_max: u64) -> Value {
    json!({
        "messages": [{"role": "user", "content": {"type": "text", "text": prompt}}],
        "maxTokens": tokens_max,
    })
}

/// The text that a model said, whether its content is one block or several.
pub fn said(response: &Value) -> String {
    let content = &response["content"];
    let blocks = content
        .as_array()
        .map_or(std::slice::from_ref(content), Vec::as_slice);
    let texts: Vec<_> = blocks
        .iter()
        .filter_map(|block| block["text"].as_str())
        .collect();
    texts.join("\n")
}

fn roots_contract() -> Value {
    json!({
        "title": "Roots",
        "description": "Returns the roots of the client.",
        "inputSchema": {"type": "object", "additionalProperties": false},
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn roots(call: &Call) -> Outcome {
    let response = call.ask("roots", "roots/list", json!({})).await?;
    let roots = response["roots"].as_array().cloned().unwrap_or_default();
    Ok(answer::structured(json!({"roots": roots})))
}

fn touch_contract() -> Value {
    json!({
        "title": "Touch",
        "description": "Announces that a list or a resource has changed.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "what": {"type": "string", "enum": ["tools", "prompts", "resources", "resource"]},
                "uri": {"type": "string", "default": "lab://items", "description": "The resource that has changed."},
            },
            "required": ["what"],
            "additionalProperties": false,
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false},
    })
}

async fn touch(call: &Call) -> Outcome {
    let what = call.args().text("what")?;
    let change = match what {
        "tools" => Change::Tools,
        "prompts" => Change::Prompts,
        "resources" => Change::Resources,
        "resource" => Change::Resource(call.args().text_or("uri", "lab://items")?.into()),
        other => {
            return Err(Stop::Invalid(format!(
                "argument `what` cannot be `{other}`"
            )));
        }
    };
    call.lab.publish(change).await;
    Ok(answer::text(format!("touched {what}")))
}
