//! Tools that ask the client one thing, in either era.

use serde_json::{Value, json};

use super::bare;
use crate::lab::{
    answer::{self, Outcome},
    call::Call,
    tools::{Tool, said, sampling},
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "test_sampling",
        contract: sampling_contract,
        run: |call| Box::pin(sample(call)),
    },
    Tool {
        name: "test_elicitation",
        contract: elicitation_contract,
        run: |call| Box::pin(elicit(call)),
    },
    Tool {
        name: "test_elicitation_sep1034_defaults",
        contract: || bare("Asks with a default for each primitive type."),
        run: |call| {
            Box::pin(elicit_schema(
                call,
                "Please review the defaults",
                defaults(),
            ))
        },
    },
    Tool {
        name: "test_elicitation_sep1330_enums",
        contract: || bare("Asks with each kind of choice."),
        run: |call| Box::pin(elicit_schema(call, "Please choose", choices())),
    },
    Tool {
        name: "test_streaming_elicitation",
        contract: || bare("Asks while it streams."),
        run: |call| Box::pin(elicit_schema(call, "Please confirm", confirmation())),
    },
    Tool {
        name: "test_missing_capability",
        contract: || bare("Needs the client to sample."),
        run: |call| {
            Box::pin(async {
                call.require("sampling")
                    .map(|()| answer::text("The client can sample"))
            })
        },
    },
];

fn sampling_contract() -> Value {
    json!({
        "description": "Has the client's model answer a prompt.",
        "inputSchema": {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]},
    })
}

async fn sample(call: &Call) -> Outcome {
    let prompt = call.args().text("prompt")?;
    let response = call
        .ask("sample", "sampling/createMessage", sampling(prompt, 100))
        .await?;
    Ok(answer::text(format!("LLM response: {}", said(&response))))
}

fn elicitation_contract() -> Value {
    json!({
        "description": "Asks the user for a name and an address.",
        "inputSchema": {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]},
    })
}

async fn elicit(call: &Call) -> Outcome {
    let schema = json!({
        "type": "object",
        "properties": {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
        "required": ["username", "email"],
    });
    let question = elicitation(call.args().text("message")?, &schema);
    let response = call.ask("user", "elicitation/create", question).await?;
    Ok(answer::text(format!("User response: {response}")))
}

async fn elicit_schema(call: &Call, message: &str, schema: Value) -> Outcome {
    let response = call
        .ask("form", "elicitation/create", elicitation(message, &schema))
        .await?;
    let (action, content) = (&response["action"], &response["content"]);
    Ok(answer::text(format!(
        "Elicitation completed: action={action}, content={content}"
    )))
}

/// The parameters of a form to fill in.
pub fn elicitation(message: &str, schema: &Value) -> Value {
    json!({"message": message, "requestedSchema": schema})
}

pub fn confirmation() -> Value {
    json!({"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]})
}

fn defaults() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Name", "default": "John Doe"},
            "age": {"type": "integer", "description": "Age", "default": 30},
            "score": {"type": "number", "description": "Score", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "description": "Verified", "default": true},
        },
    })
}

fn choices() -> Value {
    let titled = |values: [(&str, &str); 3]| {
        values
            .map(|(value, title)| json!({"const": value, "title": title}))
            .to_vec()
    };
    let options = ["option1", "option2", "option3"];
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {"type": "string", "oneOf": titled([
                ("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option"),
            ])},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                           "enumNames": ["Option One", "Option Two", "Option Three"]},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled([
                ("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice"),
            ])}},
        },
    })
}
