//! What is SQLite about the store: types, settings, codes, and statements that PostgreSQL spells differently.

use std::{
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Executor,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use wardgate_store::StoreError;

use crate::{db::Database, fault};

pub(crate) type Db = sqlx::Sqlite;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type Row = sqlx::sqlite::SqliteRow;
pub(crate) type Query<'q> = sqlx::query::Query<'q, Db, sqlx::sqlite::SqliteArguments>;

/// Takes the write lock at once: a transaction that reads first and locks later would fail where it could have waited.
pub(crate) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Earlier ones can lose a committed transaction when a WAL is reset while another connection checkpoints
/// (sqlite.org/wal.html, "WAL-reset bug").
const ENGINE_MIN: (u32, u32, u32) = (3, 51, 3);
const ENGINE_MIN_TEXT: &str = "3.51.3";

/// How long a lock of another process is waited for.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// A WAL that grew larger than this in a burst is cut back to it.
const WAL_KEPT_BYTES: &str = "67108864";
const PAGE_BYTES: u64 = 4096;
/// The largest `max_page_count` there is (sqlite.org/limits.html).
const PAGES_MAX: u64 = 4_294_967_294;

pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .page_size(PAGE_BYTES as u32)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
        // Statements would show what is stored to whoever reads the log.
        .disable_statement_logging()
}

pub(crate) fn reading(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.pragma("query_only", "ON")
}

/// Makes sure that the file is there and that nobody but its owner reads it. SQLite gives the WAL the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let open = || -> std::io::Result<()> {
        let mut how = OpenOptions::new();
        let file = how
            .read(true)
            .write(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(())
    };
    open().map_err(|error| StoreError::Unopenable {
        detail: format!("{}: {error}", path.display()),
    })
}

pub(crate) async fn check_engine(writer: &sqlx::Pool<Db>) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(writer)
        .await
        .map_err(fault::on_open)?;
    if is_new_enough(&found) {
        return Ok(());
    }
    Err(StoreError::OldEngine {
        found: format!("SQLite {found}"),
        needed: ENGINE_MIN_TEXT,
    })
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= ENGINE_MIN
}

/// Whether the database holds no table at all.
pub(crate) async fn is_empty(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(connection)
        .await?;
    Ok(tables == 0)
}

/// Makes the connection refuse to grow the file beyond so many bytes, or what it has.
pub(crate) async fn cap_size(connection: &mut Connection, bytes: u64) -> Result<(), sqlx::Error> {
    let pages = (bytes / PAGE_BYTES).clamp(1, PAGES_MAX);
    // A pragma takes no parameters, and the text holds nothing but a number.
    let statement = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    connection.execute(statement).await?;
    Ok(())
}

pub(crate) async fn check_integrity(db: &Database) -> Result<(), StoreError> {
    let mut read = db.read().await?;
    let finding: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *read)
        .await
        .map_err(fault::of)?;
    match finding.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Corrupt { detail: finding }),
    }
}

/// What a result code of SQLite means (sqlite.org/rescode.html); only its low byte counts.
pub(crate) fn situation(code: Option<&str>, detail: String) -> StoreError {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const IO: u32 = 10;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const NOT_A_DATABASE: u32 = 26;
    const PERMISSION: u32 = 3;
    const READ_ONLY: u32 = 8;
    const CANNOT_OPEN: u32 = 14;
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    match code.map(|code| code & 0xff) {
        Some(BUSY | LOCKED) => StoreError::Busy,
        Some(FULL) => StoreError::Full,
        Some(IO) => StoreError::Io { detail },
        Some(CORRUPT | NOT_A_DATABASE) => StoreError::Corrupt { detail },
        Some(PERMISSION | READ_ONLY | CANNOT_OPEN) => StoreError::Unopenable { detail },
        _ => StoreError::Internal { detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_that_can_lose_a_commit_are_too_old() {
        for old in ["3.51.2", "3.9.9", "2.99.99", "", "x.y.z"] {
            assert!(!is_new_enough(old), "{old}");
        }
        for fine in ["3.51.3", "3.52.0", "3.54.1", "4.0.0"] {
            assert!(is_new_enough(fine), "{fine}");
        }
    }

    #[test]
    fn extended_codes_mean_what_their_low_byte_says() {
        let of = |code| situation(Some(code), "why".to_owned());
        let detail = || "why".to_owned();
        assert_eq!(of("5"), StoreError::Busy);
        assert_eq!(of("517"), StoreError::Busy);
        assert_eq!(of("13"), StoreError::Full);
        assert_eq!(of("1034"), StoreError::Io { detail: detail() });
        assert_eq!(of("779"), StoreError::Corrupt { detail: detail() });
        assert_eq!(of("1032"), StoreError::Unopenable { detail: detail() });
        assert_eq!(of("1"), StoreError::Internal { detail: detail() });
        assert_eq!(
            situation(None, detail()),
            StoreError::Internal { detail: detail() }
        );
    }
}
