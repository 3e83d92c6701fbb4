//! Prompts: one with a required argument, one with a choice that can be completed.

use serde_json::{Value, json};

use super::{
    answer::{INVALID_PARAMS, Outcome, Stop},
    call::Call,
    conformance,
};

pub const TONES: [&str; 3] = ["calm", "cheerful", "curt"];

pub fn list(call: &Call) -> Outcome {
    let mut prompts = vec![
        json!({"name": "greet", "title": "Greet", "description": "Greets somebody.",
               "arguments": [{"name": "name", "description": "Whom to greet.", "required": true}]}),
        json!({"name": "review", "title": "Review", "description": "Asks for a review of a topic.",
               "arguments": [{"name": "topic", "description": "What to review.", "required": true},
                             {"name": "tone", "description": "How to put it."}]}),
    ];
    if call.lab.options.conformance {
        prompts.extend(conformance::prompts::list());
    }
    call.lab.page(call, "prompts", prompts)
}

pub async fn get(call: &Call) -> Outcome {
    match call.param("name")? {
        "greet" => Ok(from_user(format!(
            "Please greet {}.",
            argument(call, "name")?
        ))),
        "review" => {
            let tone = call
                .arguments()
                .get("tone")
                .and_then(Value::as_str)
                .unwrap_or(TONES[0]);
            Ok(from_user(format!(
                "Please review {} in a {tone} tone.",
                argument(call, "topic")?
            )))
        }
        other => {
            if call.lab.options.conformance
                && let Some(prompt) = conformance::prompts::get(call, other).await
            {
                return prompt;
            }
            Err(Stop::rpc(
                INVALID_PARAMS,
                format!("Unknown prompt: {other}"),
            ))
        }
    }
}

/// A prompt of one message of text.
pub fn from_user(text: String) -> Value {
    json!({"messages": [{"role": "user", "content": {"type": "text", "text": text}}]})
}

pub fn argument<'a>(call: &'a Call, name: &str) -> Result<&'a str, Stop> {
    let value = call.arguments().get(name).and_then(Value::as_str);
    value.ok_or_else(|| Stop::rpc(INVALID_PARAMS, format!("argument `{name}` is required")))
}
