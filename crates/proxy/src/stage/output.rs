//! CleanReply → CleanReply: the structured result of a tool against its output schema, as the server's config wants it.
//! What does not fit is told under `_meta["dev.wardgate/output"]` and in the record, or is the server's failure.

use std::sync::Arc;

use wardgate_protocol::{Raw, edit};
use wardgate_schema::{Mismatch, Schema};
use wardgate_snapshot::ValidateOutput;

use super::{resolve::Target, sanitize::CleanReply};
use crate::{call::Call, catalog::Item, pipeline::Trail, stop::Stop};

/// Larger results are checked on a thread of their own, so that other calls do not wait.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// Checks a tool's result. Errors of the tool, results without structure, and tools without an output schema pass.
///
/// # Errors
/// [`Stop::UpstreamFault`] where misfits are blocked.
pub async fn checked(
    call: &Call,
    target: &Target,
    reply: CleanReply,
    trail: &mut Trail,
) -> Result<CleanReply, Stop> {
    let Some((item, result)) = target
        .item()
        .filter(|item| schema(item).is_some())
        .zip(reply.result())
    else {
        return Ok(reply);
    };
    if edit::get(result.as_str(), &["isError"]) == Some("true") {
        return Ok(reply);
    }
    let Some(said) = edit::get(result.as_str(), &["structuredContent"]) else {
        return Ok(reply);
    };
    let Err(mismatch) = fits(item.clone(), result.slice_of(said)).await? else {
        return Ok(reply);
    };
    // A server is not to blame for what was redacted.
    if let Some(said) = reply.said()
        && let Some(structured) = edit::get(said.as_str(), &["structuredContent"])
        && fits(item.clone(), said.slice_of(structured)).await?.is_ok()
    {
        return Ok(reply);
    }
    if target.server().validate_output == ValidateOutput::Block {
        trail.output = Some("blocked");
        return Err(Stop::UpstreamFault {
            reason: "its structured result does not fit its own output schema",
        });
    }
    trail.output = Some("flagged");
    let note = serde_json::json!({"pointer": mismatch.pointer, "reason": mismatch.reason});
    let noted = edit::set(
        result.as_str(),
        &["_meta", "dev.wardgate/output"],
        &note.to_string(),
    );
    Ok(reply.with_result(call, &Raw::trusted(noted)))
}

fn schema(item: &Item) -> Option<&Schema> {
    item.tool.as_ref()?.output.as_ref()
}

async fn fits(item: Arc<Item>, said: Raw) -> Result<Result<(), Mismatch>, Stop> {
    let is_small = said.len() <= INLINE_BYTES_MAX;
    let check = move || schema(&item).map_or(Ok(()), |schema| schema.check(said.as_str()));
    if is_small {
        return Ok(check());
    }
    tokio::task::spawn_blocking(check)
        .await
        .map_err(|_| Stop::Internal {
            reason: "a result could not be checked",
        })
}
