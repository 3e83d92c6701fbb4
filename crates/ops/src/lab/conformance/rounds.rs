//! Tools that need several rounds of questions (SEP-2322).

use serde_json::{Map, Value, json};

use super::{
    bare,
    elicit::{confirmation, elicitation},
};
use crate::lab::{
    answer::{self, Outcome, Stop},
    call::Call,
    tools::{Tool, said, sampling},
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "test_input_required_result_elicitation",
        contract: || bare("Asks for a name."),
        run: |call| Box::pin(greet(call)),
    },
    Tool {
        name: "test_input_required_result_sampling",
        contract: || bare("Asks the model for a capital."),
        run: |call| Box::pin(sample_capital(call)),
    },
    Tool {
        name: "test_input_required_result_list_roots",
        contract: || bare("Asks for the roots."),
        run: |call| Box::pin(list_roots(call)),
    },
    Tool {
        name: "test_input_required_result_request_state",
        contract: || bare("Asks, and wants its state back."),
        run: |call| Box::pin(check_state(call)),
    },
    Tool {
        name: "test_input_required_result_tampered_state",
        contract: || bare("Asks, and refuses a changed state."),
        run: |call| Box::pin(check_state(call)),
    },
    Tool {
        name: "test_input_required_result_multiple_inputs",
        contract: || bare("Asks three things at once."),
        run: |call| Box::pin(ask_three(call)),
    },
    Tool {
        name: "test_input_required_result_multi_round",
        contract: || bare("Asks two things one after the other."),
        run: |call| Box::pin(ask_twice(call)),
    },
    Tool {
        name: "test_input_required_result_capabilities",
        contract: || bare("Asks only what the client can answer."),
        run: |call| Box::pin(ask_what_can_be_answered(call)),
    },
];

fn name_question(message: &str) -> Value {
    let schema =
        json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
    json!({"method": "elicitation/create", "params": elicitation(message, &schema)})
}

fn sampling_question(prompt: &str, tokens_max: u64) -> Value {
    json!({"method": "sampling/createMessage", "params": sampling(prompt, tokens_max)})
}

fn roots_question() -> Value {
    json!({"method": "roots/list", "params": {}})
}

/// Asks for a name under the key `user_name` and returns it.
pub async fn ask_name(call: &Call) -> Result<String, Stop> {
    let answers = call
        .ask_all(
            json!({"user_name": name_question("What is your name?")}),
            None,
        )
        .await?;
    Ok(field(&answers, "user_name", "name"))
}

fn field(answers: &Value, key: &str, field: &str) -> String {
    answers[key]["content"][field]
        .as_str()
        .unwrap_or("nobody")
        .to_owned()
}

async fn greet(call: &Call) -> Outcome {
    Ok(answer::text(format!("Hello, {}!", ask_name(call).await?)))
}

async fn sample_capital(call: &Call) -> Outcome {
    let question = sampling_question("What is the capital of France?", 100);
    let answers = call
        .ask_all(json!({"capital_question": question}), None)
        .await?;
    Ok(answer::text(said(&answers["capital_question"])))
}

async fn list_roots(call: &Call) -> Outcome {
    let answers = call
        .ask_all(json!({"client_roots": roots_question()}), None)
        .await?;
    Ok(answer::text(format!(
        "Roots: {}",
        answers["client_roots"]["roots"]
    )))
}

async fn check_state(call: &Call) -> Outcome {
    let state = call.state()?;
    let question = json!({"method": "elicitation/create", "params": elicitation("Please confirm", &confirmation())});
    call.ask_all(json!({"confirm": question}), Some(json!({"tool": "state"})))
        .await?;
    if call.is_modern() && state.is_none() {
        return Err(Stop::Invalid("`requestState` is missing".into()));
    }
    Ok(answer::text("state-ok"))
}

async fn ask_three(call: &Call) -> Outcome {
    call.state()?;
    let questions = json!({
        "user_name": name_question("What is your name?"),
        "greeting": sampling_question("Generate a greeting", 50),
        "client_roots": roots_question(),
    });
    let answers = call
        .ask_all(questions, Some(json!({"tool": "three"})))
        .await?;
    let (name, greeting) = (
        field(&answers, "user_name", "name"),
        said(&answers["greeting"]),
    );
    Ok(answer::text(format!(
        "{greeting} {name}, roots: {}",
        answers["client_roots"]["roots"]
    )))
}

async fn ask_twice(call: &Call) -> Outcome {
    let state = call.state()?.unwrap_or_default();
    let name = match state["name"].as_str() {
        Some(name) => name.to_owned(),
        None => {
            let question = json!({"step1": name_question("Step 1: What is your name?")});
            let answers = call.ask_all(question, Some(json!({"step": 1}))).await?;
            field(&answers, "step1", "name")
        }
    };
    let schema = json!({"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]});
    let question = elicitation("Step 2: What is your favorite color?", &schema);
    let question = json!({"step2": {"method": "elicitation/create", "params": question}});
    let answers = call
        .ask_all(question, Some(json!({"step": 2, "name": name})))
        .await?;
    Ok(answer::text(format!(
        "{name} likes {}",
        field(&answers, "step2", "color")
    )))
}

async fn ask_what_can_be_answered(call: &Call) -> Outcome {
    let known = [
        ("elicitation", name_question("What is your name?")),
        ("sampling", sampling_question("Say hello", 50)),
        ("roots", roots_question()),
    ];
    let able = known
        .into_iter()
        .filter(|(capability, _)| call.declares(&format!("/{capability}")));
    let questions: Map<String, Value> = able
        .map(|(capability, question)| (capability.into(), question))
        .collect();
    let asked = questions.len();
    call.ask_all(questions.into(), None).await?;
    Ok(answer::text(format!(
        "The client answered {asked} questions"
    )))
}
