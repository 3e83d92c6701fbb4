//! Tools without a world: the answer follows from the arguments.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};

use super::Tool;
use crate::lab::{
    answer::{self, Outcome, Stop},
    call::Call,
    faults::Share,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "echo",
        contract: echo_contract,
        run: |call| Box::pin(echo(call)),
    },
    Tool {
        name: "add",
        contract: add_contract,
        run: |call| Box::pin(add(call)),
    },
    Tool {
        name: "slow",
        contract: slow_contract,
        run: |call| Box::pin(slow(call)),
    },
    Tool {
        name: "flaky",
        contract: flaky_contract,
        run: |call| Box::pin(flaky(call)),
    },
    Tool {
        name: "rug",
        contract: rug_contract,
        run: |call| Box::pin(rug(call)),
    },
];

/// The longest padding that `echo` adds.
const PAD_BYTES_MAX: u64 = 16 * 1024 * 1024;

fn echo_contract() -> Value {
    json!({
        "title": "Echo",
        "description": "Returns the text it is given.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "pad": {"type": "integer", "minimum": 0, "maximum": PAD_BYTES_MAX,
                        "description": "Bytes of text to add."},
            },
            "required": ["text"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn echo(call: &Call) -> Outcome {
    let text = call.args().text("text")?;
    let pad = call.args().count_or("pad", 0)?;
    if pad > PAD_BYTES_MAX {
        return Err(Stop::Invalid(format!(
            "argument `pad` must be at most {PAD_BYTES_MAX}"
        )));
    }
    let padding = usize::try_from(pad).unwrap_or_default();
    let text = format!("{text}{}", ".".repeat(padding));
    Ok(json!({
        "content": [{"type": "text", "text": text}],
        "structuredContent": {"text": text},
    }))
}

fn add_contract() -> Value {
    json!({
        "title": "Add",
        "description": "Adds two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"sum": {"type": "number"}},
            "required": ["sum"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn add(call: &Call) -> Outcome {
    let (a, b) = (call.args().number("a")?, call.args().number("b")?);
    let whole = a
        .as_i64()
        .zip(b.as_i64())
        .and_then(|(a, b)| a.checked_add(b));
    let sum = match whole {
        Some(sum) => json!(sum),
        None => json!(a.as_f64().unwrap_or_default() + b.as_f64().unwrap_or_default()),
    };
    Ok(answer::structured(json!({"sum": sum})))
}

fn slow_contract() -> Value {
    json!({
        "title": "Slow",
        "description": "Answers after the given time.",
        "inputSchema": {
            "type": "object",
            "properties": {"ms": {"type": "integer", "minimum": 0, "description": "Milliseconds to wait."}},
            "required": ["ms"],
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"slept_ms": {"type": "integer"}},
            "required": ["slept_ms"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn slow(call: &Call) -> Outcome {
    let ms = call.args().count("ms")?;
    call.sleep(Duration::from_millis(ms)).await?;
    Ok(answer::structured(json!({"slept_ms": ms})))
}

fn flaky_contract() -> Value {
    json!({
        "title": "Flaky",
        "description": "Fails for a share of its calls; which ones follows from the seed.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "fail_percent": {"type": "integer", "minimum": 0, "maximum": 100, "default": 50},
                "seed": {"type": "integer", "minimum": 0, "description": "Defaults to the seed of the fault plan."},
            },
            "additionalProperties": false,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"attempt": {"type": "integer"}},
            "required": ["attempt"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn flaky(call: &Call) -> Outcome {
    let percent = call.args().count_or("fail_percent", 50)?;
    let seed = call.args().count_or("seed", call.lab.faults().seed)?;
    let attempt = call.lab.flaky_attempts.fetch_add(1, Ordering::Relaxed) + 1;
    let percent = u32::try_from(percent).unwrap_or(100);
    if Share::percent(percent).hits(seed, attempt, u64::from(b'f')) {
        return Ok(answer::failure(format!(
            "attempt {attempt} failed; try again"
        )));
    }
    Ok(answer::structured(json!({"attempt": attempt})))
}

fn rug_contract() -> Value {
    json!({
        "title": "Rug",
        "description": "Returns the text it is given. Its contract may change.",
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string", "description": "Text to return."}},
            "required": ["text"],
        },
        "annotations": {"readOnlyHint": true, "openWorldHint": false},
    })
}

async fn rug(call: &Call) -> Outcome {
    Ok(answer::text(call.args().text("text")?))
}
