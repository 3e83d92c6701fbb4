//! Columns of a row as the domain's types. What does not fit was not written by this crate and counts as damage.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Decode, Row as _, Type};
use wardgate_model::{Identity, PrincipalId, TenantId};
use wardgate_store::{StoreError, Timestamp};

use crate::{
    dialect::{Db, Row},
    fault,
};

pub(crate) trait Columns {
    /// The column as it is: a text, a number, bytes, or an option of these.
    fn get<'r, T: Decode<'r, Db> + Type<Db>>(&'r self, column: &str) -> Result<T, StoreError>;

    fn id<T>(&self, column: &str, make: impl FnOnce(String) -> T) -> Result<T, StoreError> {
        Ok(make(self.get(column)?))
    }

    fn maybe_id<T>(
        &self,
        column: &str,
        make: impl FnOnce(String) -> T,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.get::<Option<_>>(column)?.map(make))
    }

    fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.get(column)?))
    }

    fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<_>>(column)?.map(Timestamp::from_millis))
    }

    fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| damaged(column))
    }

    fn hash(&self, column: &str) -> Result<[u8; 32], StoreError> {
        let bytes: Vec<u8> = self.get(column)?;
        <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| damaged(column))
    }

    fn word<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let word: String = self.get(column)?;
        parse(&word).ok_or_else(|| damaged(column))
    }

    fn maybe_word<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let word: Option<String> = self.get(column)?;
        word.map(|word| parse(&word).ok_or_else(|| damaged(column)))
            .transpose()
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.word(column, |text| serde_json::from_str(text).ok())
    }

    fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        self.maybe_word(column, |text| serde_json::from_str(text).ok())
    }
}

impl Columns for Row {
    fn get<'r, T: Decode<'r, Db> + Type<Db>>(&'r self, column: &str) -> Result<T, StoreError> {
        self.try_get(column).map_err(fault::of)
    }
}

/// Somebody in the tenant of the row.
pub(crate) fn identity(row: &Row, principal: &str) -> Result<Identity, StoreError> {
    Ok(Identity {
        tenant: row.id("tenant", TenantId::new)?,
        principal: row.id(principal, PrincipalId::new)?,
    })
}

fn damaged(column: &str) -> StoreError {
    StoreError::Corrupt {
        detail: format!("column `{column}` holds what was never written there"),
    }
}

/// A list, as one column keeps it.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal {
        detail: error.to_string(),
    })
}

/// A count, as one column keeps it.
pub(crate) fn to_int(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| StoreError::Internal {
        detail: format!("{count} does not fit a column"),
    })
}
