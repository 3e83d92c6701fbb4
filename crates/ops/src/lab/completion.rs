//! `completion/complete`: the tones of `review`, and the ids of items.

use serde_json::{Value, json};

use super::{
    answer::{INVALID_PARAMS, Outcome, Stop},
    call::Call,
    prompts,
};

pub fn complete(call: &Call) -> Outcome {
    let (Some(reference), Some(argument)) = (call.params.get("ref"), call.params.get("argument"))
    else {
        return Err(Stop::rpc(
            INVALID_PARAMS,
            "missing parameter `ref` or `argument`",
        ));
    };
    let known = candidates(
        call,
        reference,
        argument["name"].as_str().unwrap_or_default(),
    );
    let typed = argument["value"].as_str().unwrap_or_default();
    let values: Vec<_> = known
        .into_iter()
        .filter(|value| value.starts_with(typed))
        .collect();
    Ok(json!({"completion": {"values": values, "total": values.len(), "hasMore": false}}))
}

fn candidates(call: &Call, reference: &Value, argument: &str) -> Vec<String> {
    let text = |name: &str| reference[name].as_str().unwrap_or_default();
    match (text("type"), text("name"), text("uri"), argument) {
        ("ref/prompt", "review", _, "tone") => prompts::TONES.map(str::to_owned).into(),
        ("ref/prompt", "test_prompt_with_arguments", _, _) => vec!["test".into(), "testing".into()],
        ("ref/resource", _, "lab://item/{id}", "id") => call.lab.shelf.ids(),
        _ => Vec::new(),
    }
}
