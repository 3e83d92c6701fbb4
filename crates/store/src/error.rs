//! What can go wrong with a store, whose fault it is, and whether trying again helps.

/// A store did not do what it was asked. `Display` is safe to show to anybody; [`StoreError::detail`] is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("no such {what}")]
    NotFound { what: &'static str },
    /// Somebody else was first: the id is taken, or the chain has moved on.
    #[error("{what}")]
    Conflict { what: &'static str },
    #[error("the store is busy")]
    Busy,
    #[error("the store has no room left")]
    Full,
    #[error("the store cannot be read or written")]
    Io { detail: String },
    /// A write failed in a way that leaves unknown what reached the disk: this handle acknowledges nothing any more.
    #[error("the store failed while writing and must be opened again")]
    Poisoned,
    #[error("the store is damaged")]
    Corrupt { detail: String },
    #[error("the store cannot be opened")]
    Unopenable { detail: String },
    #[error(
        "the store was written by a later version (schema {found}, this version knows {known})"
    )]
    FutureSchema { found: i64, known: i64 },
    #[error("the database engine is too old ({found}, needed is {needed})")]
    OldEngine { found: String, needed: &'static str },
    #[error("this is the store of another installation ({found}, expected was {expected})")]
    ForeignStore { expected: String, found: String },
    /// The adapter and its database disagree: a bug of Wardgate.
    #[error("the store failed")]
    Internal { detail: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Who asked: another request may fare better.
    Caller,
    /// The machine or its keeper: space, permissions, disks, versions.
    Operator,
    Us,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request may work in a moment.
    Soon,
    /// It may work after somebody has mended the cause; the handle stays good.
    AfterRepair,
    /// It may work on a store that was opened again.
    AfterReopen,
    Never,
}

impl StoreError {
    pub fn fault(&self) -> Fault {
        match self {
            StoreError::NotFound { .. } | StoreError::Conflict { .. } => Fault::Caller,
            StoreError::Internal { .. } => Fault::Us,
            StoreError::Busy
            | StoreError::Full
            | StoreError::Io { .. }
            | StoreError::Poisoned
            | StoreError::Corrupt { .. }
            | StoreError::Unopenable { .. }
            | StoreError::FutureSchema { .. }
            | StoreError::OldEngine { .. }
            | StoreError::ForeignStore { .. } => Fault::Operator,
        }
    }

    pub fn retry(&self) -> Retry {
        match self {
            StoreError::Busy => Retry::Soon,
            StoreError::Full | StoreError::Unopenable { .. } => Retry::AfterRepair,
            StoreError::Io { .. } | StoreError::Poisoned => Retry::AfterReopen,
            StoreError::NotFound { .. }
            | StoreError::Conflict { .. }
            | StoreError::Corrupt { .. }
            | StoreError::FutureSchema { .. }
            | StoreError::OldEngine { .. }
            | StoreError::ForeignStore { .. }
            | StoreError::Internal { .. } => Retry::Never,
        }
    }

    /// What the log should say besides the sentence.
    pub fn detail(&self) -> Option<&str> {
        match self {
            StoreError::Io { detail }
            | StoreError::Corrupt { detail }
            | StoreError::Unopenable { detail }
            | StoreError::Internal { detail } => Some(detail),
            StoreError::NotFound { .. }
            | StoreError::Conflict { .. }
            | StoreError::Busy
            | StoreError::Full
            | StoreError::Poisoned
            | StoreError::FutureSchema { .. }
            | StoreError::OldEngine { .. }
            | StoreError::ForeignStore { .. } => None,
        }
    }
}
