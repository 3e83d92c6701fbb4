//! Looking at records: one, or those that match, within reach.

use std::sync::Arc;

use wardgate_model::{Reach, RecordId};
use wardgate_store::{Cursor, Line, Page, RecordFilter, Records, StoreError};

/// The use cases, over what they need.
#[derive(Clone)]
pub struct Reading {
    pub store: Arc<dyn Records>,
}

impl Reading {
    /// Lists records, newest first.
    ///
    /// # Errors
    /// What the store says; `NotFound` for a tenant out of reach.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn list(
        &self,
        reach: &Reach,
        asked: RecordFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Line>, StoreError> {
        let tenant = crate::scope::tenant(reach, asked.tenant.as_ref());
        let tenant = tenant
            .ok_or(StoreError::NotFound { what: "tenant" })?
            .cloned();
        let filter = RecordFilter { tenant, ..asked };
        self.store.page(&filter, after, limit).await
    }

    /// # Errors
    /// What the store says; `NotFound` for one out of reach too.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn get(&self, reach: &Reach, id: &RecordId) -> Result<Line, StoreError> {
        let line = self.store.get(id).await?;
        line.filter(|line| reach.covers(&line.tenant))
            .ok_or(StoreError::NotFound { what: "record" })
    }
}
