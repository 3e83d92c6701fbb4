//! Tools that become tasks (SEP-2663), and one that never does.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{bare, elicit::elicitation, rounds};
use crate::lab::{
    answer::{self, INTERNAL_ERROR, Outcome, Stop},
    call::Call,
    tasks::{self, EXTENSION, Task},
    tools::Tool,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "greet",
        contract: greet_contract,
        run: |call| Box::pin(greet(call)),
    },
    Tool {
        name: "slow_compute",
        contract: slow_contract,
        run: |call| Box::pin(slow_compute(call)),
    },
    Tool {
        name: "failing_job",
        contract: || bare("Fails, as a task."),
        run: |call| {
            Box::pin(async {
                must_start(call, |_| async { Ok(answer::failure("The job failed")) })
            })
        },
    },
    Tool {
        name: "protocol_error_job",
        contract: || bare("Ends in a protocol error, as a task."),
        run: |call| {
            let failed = || Stop::rpc(INTERNAL_ERROR, "The job broke down");
            Box::pin(async move { must_start(call, |_| async move { Err(failed()) }) })
        },
    },
    Tool {
        name: "confirm_delete",
        contract: confirm_contract,
        run: |call| Box::pin(async { must_start(call, confirm_delete) }),
    },
    Tool {
        name: "multi_input",
        contract: || bare("Asks two things at once, as a task."),
        run: |call| Box::pin(async { must_start(call, multi_input) }),
    },
    Tool {
        name: "test_tool_with_task",
        contract: || bare("Asks for a name, then goes on as a task."),
        run: |call| Box::pin(ask_then_start(call)),
    },
];

fn greet_contract() -> Value {
    json!({
        "description": "Greets at once.",
        "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    })
}

async fn greet(call: &Call) -> Outcome {
    Ok(answer::text(format!(
        "Hello, {}!",
        call.args().text("name")?
    )))
}

fn slow_contract() -> Value {
    json!({
        "description": "Computes for some seconds, as a task if the client knows tasks.",
        "inputSchema": {
            "type": "object",
            "properties": {"seconds": {"type": "number"}, "label": {"type": "string"}},
        },
    })
}

async fn slow_compute(call: &Call) -> Outcome {
    let time = Duration::from_secs_f64(call.args().seconds_or("seconds", 1.0)?);
    let done = answer::text(format!("Computed {}", call.args().text_or("label", "it")?));
    if time.is_zero() || !call.has_extension(EXTENSION) {
        call.sleep(time).await?;
        return Ok(done);
    }
    Ok(tasks::start(call, |_| async move {
        tokio::time::sleep(time).await;
        Ok(done)
    }))
}

/// Starts a task, or refuses a client that does not know tasks.
fn must_start<W, F>(call: &Call, work: W) -> Outcome
where
    W: FnOnce(Arc<Task>) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    call.require_extension(EXTENSION)?;
    Ok(tasks::start(call, work))
}

fn confirm_contract() -> Value {
    json!({
        "description": "Asks for confirmation, as a task.",
        "inputSchema": {"type": "object", "properties": {"filename": {"type": "string"}}},
    })
}

fn question(message: &str, field: &str, kind: &str) -> Value {
    let schema =
        json!({"type": "object", "properties": {field: {"type": kind}}, "required": [field]});
    json!({"method": "elicitation/create", "params": elicitation(message, &schema)})
}

async fn confirm_delete(task: Arc<Task>) -> Outcome {
    let answers = task
        .ask_all(vec![question("Delete the file?", "confirm", "boolean")])
        .await?;
    let confirmed = answers
        .iter()
        .all(|answer| answer["content"]["confirm"] == true);
    Ok(answer::text(if confirmed { "Deleted" } else { "Kept" }))
}

async fn multi_input(task: Arc<Task>) -> Outcome {
    let questions = vec![
        question("What is your name?", "name", "string"),
        question("Are you sure?", "confirm", "boolean"),
    ];
    let answers = task.ask_all(questions).await?;
    Ok(answer::text(format!("Answers: {}", Value::from(answers))))
}

async fn ask_then_start(call: &Call) -> Outcome {
    call.require_extension(EXTENSION)?;
    let name = rounds::ask_name(call).await?;
    Ok(tasks::start(call, |_| async move {
        Ok(answer::text(format!("Hello, {name}!")))
    }))
}
