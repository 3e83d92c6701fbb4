//! The prompts of the suite.

use serde_json::{Value, json};

use super::{content, elicit::elicitation};
use crate::lab::{
    answer::Outcome,
    call::Call,
    prompts::{argument, from_user},
};

pub fn list() -> Vec<Value> {
    let argument = |name: &str, description: &str| json!({"name": name, "description": description, "required": true});
    vec![
        json!({"name": "test_simple_prompt", "description": "A prompt without arguments."}),
        json!({"name": "test_prompt_with_arguments", "description": "A prompt with two arguments.",
               "arguments": [argument("arg1", "First test argument"), argument("arg2", "Second test argument")]}),
        json!({"name": "test_prompt_with_embedded_resource", "description": "A prompt with a resource.",
               "arguments": [argument("resourceUri", "URI of the resource to embed")]}),
        json!({"name": "test_prompt_with_image", "description": "A prompt with an image."}),
        json!({"name": "test_input_required_result_prompt", "description": "A prompt that asks first."}),
    ]
}

/// Returns the prompt if the suite has one of this name.
pub async fn get(call: &Call, name: &str) -> Option<Outcome> {
    Some(match name {
        "test_simple_prompt" => Ok(from_user("This is a simple prompt for testing.".into())),
        "test_prompt_with_arguments" => with_arguments(call),
        "test_prompt_with_embedded_resource" => with_resource(call),
        "test_prompt_with_image" => Ok(followed_by(
            content::image(),
            "Please analyze the image above.",
        )),
        "test_input_required_result_prompt" => ask_first(call).await,
        _ => return None,
    })
}

fn with_arguments(call: &Call) -> Outcome {
    let (first, second) = (argument(call, "arg1")?, argument(call, "arg2")?);
    Ok(from_user(format!(
        "Prompt with arguments: arg1='{first}', arg2='{second}'"
    )))
}

fn with_resource(call: &Call) -> Outcome {
    let uri = argument(call, "resourceUri")?;
    let resource = content::resource(uri, "text/plain", "Embedded resource content for testing.");
    Ok(followed_by(
        resource,
        "Please process the embedded resource above.",
    ))
}

fn followed_by(content: Value, text: &str) -> Value {
    json!({"messages": [
        {"role": "user", "content": content},
        {"role": "user", "content": {"type": "text", "text": text}},
    ]})
}

async fn ask_first(call: &Call) -> Outcome {
    let schema = json!({"type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]});
    let question = elicitation("What context should the prompt use?", &schema);
    let response = call
        .ask("user_context", "elicitation/create", question)
        .await?;
    let context = response["content"]["context"].as_str().unwrap_or("none");
    Ok(from_user(format!("Use this context: {context}")))
}
