//! Arguments → CheckedArgs: against the tool's input schema, first failure only.

use wardgate_schema::Mismatch;

use super::resolve::Target;
use crate::{call::Call, stop::Stop};

/// Arguments that fit the tool's schema (or whose server's are not checked, by config).
pub struct CheckedArgs {
    _made_here: (),
}

/// Checks the arguments. Absent arguments are an empty object.
///
/// # Errors
/// [`Stop::Arguments`] with the JSON Pointer of the first failure.
pub fn arguments(call: &Call, target: &Target) -> Result<CheckedArgs, Stop> {
    let arguments = call.param("arguments").unwrap_or("{}");
    if !arguments.starts_with('{') {
        return Err(Stop::Arguments(Mismatch {
            pointer: String::new(),
            reason: "arguments must be an object".into(),
        }));
    }
    if let Some(schema) = target
        .item()
        .and_then(|item| item.tool.as_ref())
        .and_then(|tool| tool.schema.as_ref())
    {
        schema.check(arguments).map_err(Stop::Arguments)?;
    }
    Ok(CheckedArgs { _made_here: () })
}
