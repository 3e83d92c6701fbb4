//! sqlx's errors as situations of a store.

use wardgate_store::StoreError;

use crate::dialect;

pub(crate) fn of(error: sqlx::Error) -> StoreError {
    use sqlx::Error;
    let detail = error.to_string();
    match error {
        Error::Database(error) => dialect::situation(error.code().as_deref(), detail),
        Error::PoolTimedOut => StoreError::Busy,
        Error::Io(_) | Error::WorkerCrashed => StoreError::Io { detail },
        // The types of the columns are ours: what does not fit them was not written by us.
        Error::Decode(_) | Error::ColumnDecode { .. } => StoreError::Corrupt { detail },
        _ => StoreError::Internal { detail },
    }
}

/// As [`of`], for the first touch of a file: what else may be wrong with it is that it cannot be opened.
pub(crate) fn on_open(error: sqlx::Error) -> StoreError {
    match of(error) {
        StoreError::Internal { detail } | StoreError::Io { detail } => {
            StoreError::Unopenable { detail }
        }
        situation => situation,
    }
}

/// As [`of`], of an insertion that may have found its place taken.
pub(crate) fn taken(error: sqlx::Error, what: &'static str) -> StoreError {
    match error.as_database_error() {
        Some(known) if known.is_unique_violation() => StoreError::Conflict { what },
        _ => of(error),
    }
}
