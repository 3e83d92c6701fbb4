//! `x-mcp-header` annotations in a tool's input schema.

/// One declared header: `Mcp-Param-{name}` mirrors the argument at `path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamHeader {
    pub name: String,
    pub path: Vec<String>,
    pub integer: bool,
}

/// Why a tool's annotations are invalid; a client on HTTP must drop such a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamHeaderFault {
    #[error("x-mcp-header at `{pointer}` is not a header token")]
    BadName { pointer: String },
    #[error("x-mcp-header `{name}` is declared twice")]
    Duplicate { name: String },
    #[error("x-mcp-header at `{pointer}` is on a type that cannot be a header")]
    BadType { pointer: String },
    #[error("x-mcp-header at `{pointer}` is not reachable through properties alone")]
    BadPlace { pointer: String },
    #[error("more than {max} x-mcp-header annotations")]
    TooMany { max: usize },
}

/// Collects the annotations of an input schema (at most 64), judging name (RFC 9110 token), uniqueness (case-insensitive),
/// type (string, integer or boolean) and place (a chain of `properties` only; anywhere else in the schema is a fault).
///
/// # Errors
/// The first fault met.
pub fn declared(input_schema: &str) -> Result<Vec<ParamHeader>, ParamHeaderFault> {
    todo!("{input_schema}")
}

impl ParamHeader {
    /// Returns the decoded header value these arguments call for; `None` when the argument is absent or null.
    pub fn value(&self, arguments: &str) -> Option<String> {
        todo!("{arguments}")
    }
}
