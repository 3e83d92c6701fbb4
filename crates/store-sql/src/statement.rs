//! Statements that answer in situations of a store instead of sqlx's errors.

use wardgate_store::StoreError;

use crate::{
    dialect::{Connection, Query, Row},
    fault,
};

pub(crate) trait Statement: Sized {
    /// Runs it and says how many rows it changed.
    fn run(self, on: &mut Connection) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Runs it where the row may be there already: `Conflict`, with these words.
    fn insert(
        self,
        on: &mut Connection,
        taken: &'static str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    fn one(
        self,
        on: &mut Connection,
    ) -> impl Future<Output = Result<Option<Row>, StoreError>> + Send;

    fn all(self, on: &mut Connection) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

impl Statement for Query<'_> {
    async fn run(self, on: &mut Connection) -> Result<u64, StoreError> {
        let done = self.execute(on).await.map_err(fault::of)?;
        Ok(done.rows_affected())
    }

    async fn insert(self, on: &mut Connection, taken: &'static str) -> Result<(), StoreError> {
        let done = self.execute(on).await;
        done.map_err(|error| fault::taken(error, taken))?;
        Ok(())
    }

    async fn one(self, on: &mut Connection) -> Result<Option<Row>, StoreError> {
        self.fetch_optional(on).await.map_err(fault::of)
    }

    async fn all(self, on: &mut Connection) -> Result<Vec<Row>, StoreError> {
        self.fetch_all(on).await.map_err(fault::of)
    }
}
