//! Work that takes its time and talks meanwhile: progress, log messages, and a build with an effect.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Tool, shelf::not_written};
use crate::lab::{
    answer::{self, Outcome, Stop},
    call::Call,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "build",
        contract: build_contract,
        run: |call| Box::pin(build(call)),
    },
    Tool {
        name: "notify",
        contract: notify_contract,
        run: |call| Box::pin(notify(call)),
    },
];

const STEPS_MAX: u64 = 1000;

fn build_contract() -> Value {
    json!({
        "title": "Build a report",
        "description": "Builds a report step by step, reporting progress.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "secs": {"type": "number", "minimum": 0, "default": 2, "description": "How long it takes in all."},
                "steps": {"type": "integer", "minimum": 1, "maximum": STEPS_MAX, "default": 5},
            },
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"report": {"type": "string"}, "steps": {"type": "integer"}},
            "required": ["report", "steps"],
        },
        "annotations": {"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false},
    })
}

async fn build(call: &Call) -> Outcome {
    let secs = call.args().seconds_or("secs", 2.0)?;
    let steps = steps(call, "steps", 5)?;
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand steps")]
    let pause = Duration::from_secs_f64(secs / steps as f64);
    for step in 1..=steps {
        call.sleep(pause).await?;
        call.progress(
            step.into(),
            steps.into(),
            &format!("step {step} of {steps}"),
        )
        .await;
    }
    call.lab
        .effects
        .append(call, "build", "insert", "reports")
        .map_err(not_written)?;
    Ok(answer::structured(
        json!({"report": "report-1", "steps": steps}),
    ))
}

fn notify_contract() -> Value {
    json!({
        "title": "Notify",
        "description": "Sends progress and log notifications, then answers.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "count": {"type": "integer", "minimum": 1, "maximum": STEPS_MAX, "default": 3},
                "level": {"type": "string", "default": "info"},
                "pause_ms": {"type": "integer", "minimum": 0, "default": 0},
            },
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"count": {"type": "integer"}},
            "required": ["count"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn notify(call: &Call) -> Outcome {
    let count = steps(call, "count", 3)?;
    let level = call.args().text_or("level", "info")?;
    let pause = Duration::from_millis(call.args().count_or("pause_ms", 0)?);
    for number in 1..=count {
        call.progress(number.into(), count.into(), &format!("{number} of {count}"))
            .await;
        call.log(level, json!({"number": number})).await;
        if !pause.is_zero() {
            call.sleep(pause).await?;
        }
    }
    Ok(answer::structured(json!({"count": count})))
}

fn steps(call: &Call, name: &str, default: u64) -> Result<u64, Stop> {
    let steps = call.args().count_or(name, default)?;
    if (1..=STEPS_MAX).contains(&steps) {
        return Ok(steps);
    }
    Err(Stop::Invalid(format!(
        "argument `{name}` must be from 1 to {STEPS_MAX}"
    )))
}
