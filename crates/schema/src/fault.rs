//! Why a schema is refused.

/// Why a schema is not used; its tool is quarantined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    #[error("schema is not a JSON object")]
    NotAnObject,
    #[error("unsupported dialect `{dialect}`")]
    Dialect { dialect: String },
    #[error("reference `{reference}` does not stay in the document")]
    Reference { reference: String },
    #[error("schema expands to more than {max} subschemas")]
    TooLarge { max: usize },
    #[error("schema nests deeper than {max} levels")]
    TooDeep { max: usize },
    #[error("schema is invalid at `{pointer}`")]
    Invalid { pointer: String },
}
