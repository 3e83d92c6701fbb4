//! Decisions about records: what they keep, and what happens when they cannot be written.

use std::sync::Arc;

use wardgate_config as config;

#[derive(Clone, Debug, Default)]
pub struct Audit {
    pub level: AuditLevel,
    /// For calls that may change something.
    pub on_error: OnError,
    /// For calls of tools that are trusted to change nothing.
    pub on_error_read_only: OnError,
    /// JSON Pointers into any tool's arguments whose values no record keeps.
    pub sensitive: Arc<[String]>,
    /// Bytes the database may grow to.
    pub file_bytes_max: Option<u64>,
}

/// How much of a call its record keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditLevel {
    /// Neither arguments nor result.
    #[default]
    Metadata,
    /// The redacted arguments.
    Request,
    /// The redacted arguments and result.
    Full,
}

/// What happens to a call whose record cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is refused before anything is sent.
    #[default]
    Block,
    /// It is served without a record.
    Degrade,
}

impl Audit {
    pub(crate) fn compile(audit: &config::Audit) -> Audit {
        Audit {
            level: match audit.level {
                config::AuditLevel::Metadata => AuditLevel::Metadata,
                config::AuditLevel::Request => AuditLevel::Request,
                config::AuditLevel::Full => AuditLevel::Full,
            },
            on_error: on_error(audit.on_error),
            on_error_read_only: on_error(audit.on_error_read_only.unwrap_or(audit.on_error)),
            sensitive: audit.sensitive.clone().into(),
            file_bytes_max: audit.file_max.map(|size| size.0 as u64),
        }
    }
}

fn on_error(choice: config::OnError) -> OnError {
    match choice {
        config::OnError::Block => OnError::Block,
        config::OnError::Degrade => OnError::Degrade,
    }
}
