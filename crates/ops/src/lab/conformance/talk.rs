//! Tools that say something before they answer, or announce a change, or drop the connection.

use std::time::Duration;

use serde_json::json;

use super::bare;
use crate::lab::{
    answer::{self, Outcome},
    call::Call,
    state::Change,
    tools::Tool,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "test_tool_with_logging",
        contract: || bare("Logs three times."),
        run: |call| Box::pin(log_thrice(call)),
    },
    Tool {
        name: "test_logging_tool",
        contract: || bare("Logs three times."),
        run: |call| Box::pin(log_thrice(call)),
    },
    Tool {
        name: "test_tool_with_progress",
        contract: || bare("Reports progress three times."),
        run: |call| Box::pin(progress_thrice(call)),
    },
    Tool {
        name: "test_reconnection",
        contract: || bare("Closes the stream and answers on the next one."),
        run: |call| Box::pin(reconnect(call)),
    },
    Tool {
        name: "test_trigger_tool_change",
        contract: || bare("Announces that the tools have changed."),
        run: |call| Box::pin(announce(call, Change::Tools)),
    },
    Tool {
        name: "test_trigger_prompt_change",
        contract: || bare("Announces that the prompts have changed."),
        run: |call| Box::pin(announce(call, Change::Prompts)),
    },
];

const PAUSE: Duration = Duration::from_millis(50);
const AWAY: Duration = Duration::from_millis(100);

async fn log_thrice(call: &Call) -> Outcome {
    call.log("info", json!("Tool execution started")).await;
    call.sleep(PAUSE).await?;
    call.log("info", json!("Tool processing data")).await;
    call.sleep(PAUSE).await?;
    call.log("info", json!("Tool execution completed")).await;
    Ok(answer::text("Logged three messages"))
}

async fn progress_thrice(call: &Call) -> Outcome {
    for done in [0, 50, 100] {
        call.progress(json!(done), json!(100), &format!("{done} of 100"))
            .await;
        call.sleep(PAUSE).await?;
    }
    Ok(answer::text("Reported progress three times"))
}

async fn reconnect(call: &Call) -> Outcome {
    call.line.hang_up();
    call.sleep(AWAY).await?;
    Ok(answer::text("Reconnection test completed"))
}

async fn announce(call: &Call, change: Change) -> Outcome {
    call.lab.publish(change).await;
    Ok(answer::text("Announced"))
}
