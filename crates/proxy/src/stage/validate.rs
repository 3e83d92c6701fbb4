//! Arguments → CheckedArgs: against the headers that mirror them and the tool's input schema, first failure only.

use wardgate_protocol::headers;
use wardgate_schema::Mismatch;

use super::resolve::{Headers, Target};
use crate::{call::Call, stop::Stop};

/// Arguments that fit the tool's schema (or whose server's are not checked, by config).
pub struct CheckedArgs {
    _made_here: (),
}

/// Checks the arguments. Absent arguments are an empty object.
///
/// # Errors
/// −32020 from the header rules, or [`Stop::Arguments`] with the JSON Pointer of the first failure.
pub fn arguments(call: &Call, target: &Target) -> Result<CheckedArgs, Stop> {
    let facts = target.item().and_then(|item| item.tool.as_ref());
    if let (Some(head), Some(facts)) = (&call.headers, facts) {
        headers::check_params(&Headers(head), &call.frame, &facts.headers)
            .map_err(Stop::BadMeta)?;
    }
    let arguments = call.param("arguments").unwrap_or("{}");
    if !arguments.starts_with('{') {
        return Err(Stop::Arguments(Mismatch {
            pointer: String::new(),
            reason: "arguments must be an object".into(),
        }));
    }
    if let Some(schema) = facts.and_then(|facts| facts.schema.as_ref()) {
        schema.check(arguments).map_err(Stop::Arguments)?;
    }
    Ok(CheckedArgs { _made_here: () })
}
