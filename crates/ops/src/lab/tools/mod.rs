//! The tools by name, `tools/list` and `tools/call`. What each tool does is in its own file.

mod client;
mod contracts;
mod plain;
mod refunds;
mod shelf;
mod shop;
mod work;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    answer::{self, INTERNAL_ERROR, INVALID_PARAMS, Outcome, Stop},
    call::Call,
    faults::Blow,
    revision::Revision,
};

pub use client::{said, sampling};
pub use contracts::Contracts;
pub use refunds::Refunds;
pub use shelf::Shelf;

/// A tool: its name, its contract, and what it does.
#[derive(Debug)]
pub struct Tool {
    pub name: &'static str,
    /// Everything of a `Tool` object but the name.
    pub contract: fn() -> Value,
    pub run: for<'a> fn(&'a Call) -> BoxFuture<'a, Outcome>,
}

/// The tools that every lab has, in the order of their listing.
pub fn standard() -> impl Iterator<Item = &'static Tool> {
    [
        plain::TOOLS,
        shelf::TOOLS,
        shop::TOOLS,
        refunds::TOOLS,
        work::TOOLS,
        client::TOOLS,
    ]
    .into_iter()
    .flatten()
}

pub fn list(call: &Call) -> Outcome {
    let mut tools = call.lab.contracts.list();
    for tool in &mut tools {
        age(tool, call.revision);
    }
    call.lab.page(call, "tools", tools)
}

pub async fn call(call: &Arc<Call>) -> Outcome {
    let name = call.param("name")?;
    let Some(tool) = call.lab.contracts.tool(name) else {
        return Err(Stop::rpc(INVALID_PARAMS, format!("Unknown tool: {name}")));
    };
    if !call.fate.delay.is_zero() {
        call.sleep(call.fate.delay).await?;
    }
    match call.fate.blow {
        None => {}
        Some(Blow::Error) => return Ok(answer::failure("injected fault: the tool failed")),
        Some(Blow::Fail | Blow::Unavailable) => {
            return Err(Stop::rpc(
                INTERNAL_ERROR,
                "injected fault: the server failed",
            ));
        }
        Some(Blow::Hang) => return Err(call.hang().await),
    }
    let result = (tool.run)(call).await?;
    if call.fate.hang_after_commit {
        return Err(call.hang().await);
    }
    Ok(result)
}

/// Takes away what a revision does not know yet.
fn age(tool: &mut Value, revision: Revision) {
    let Some(fields) = tool.as_object_mut() else {
        return;
    };
    if revision < Revision::V2025_06_18 {
        fields.shift_remove("outputSchema");
        fields.shift_remove("title");
    }
    if revision < Revision::V2025_03_26 {
        fields.shift_remove("annotations");
    }
}
