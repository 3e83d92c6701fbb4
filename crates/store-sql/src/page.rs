//! Lists that are filtered, ordered and cut the same way.

use sqlx::{Encode, QueryBuilder, Type};
use wardgate_store::{Cursor, PAGE_MAX};

use crate::dialect::Db;

/// A `SELECT` that grows by conditions.
pub(crate) struct Select {
    query: QueryBuilder<Db>,
    joint: &'static str,
}

impl Select {
    /// `start` is the statement up to its conditions.
    pub(crate) fn new(start: &'static str) -> Select {
        Select {
            query: QueryBuilder::new(start),
            joint: " WHERE ",
        }
    }

    pub(crate) fn push(mut self, sql: &'static str) -> Select {
        self.query.push(sql);
        self
    }

    pub(crate) fn bind<'t, T: Encode<'t, Db> + Type<Db>>(mut self, value: T) -> Select {
        self.query.push_bind(value);
        self
    }

    /// Adds a condition, or the start of one.
    pub(crate) fn only(mut self, condition: &'static str) -> Select {
        self.query.push(self.joint).push(condition);
        self.joint = " AND ";
        self
    }

    /// Adds a condition such as `tenant = ` and its value, if there is a value.
    pub(crate) fn with<'t, T>(self, condition: &'static str, value: Option<T>) -> Select
    where
        T: Encode<'t, Db> + Type<Db>,
    {
        match value {
            Some(value) => self.only(condition).bind(value),
            None => self,
        }
    }

    /// Newest first by `created_at` and `id`, behind the cursor; one more than the limit, for [`wardgate_store::Page::cut`].
    pub(crate) fn newest_first(self, after: Option<&Cursor>, limit: u32) -> QueryBuilder<Db> {
        let behind = match after {
            Some(after) => self
                .only("(created_at, id) < (")
                .bind(after.at.millis())
                .push(", ")
                .bind(after.id.as_str())
                .push(")"),
            None => self,
        };
        behind.ordered(" ORDER BY created_at DESC, id DESC LIMIT ", one_more(limit))
    }

    pub(crate) fn ordered(self, order: &'static str, limit: i64) -> QueryBuilder<Db> {
        self.push(order).bind(limit).query
    }

    pub(crate) fn end(self, end: &'static str) -> QueryBuilder<Db> {
        self.push(end).query
    }
}

/// What a page's query asks for.
pub(crate) fn one_more(limit: u32) -> i64 {
    at_most(limit) + 1
}

pub(crate) fn at_most(limit: u32) -> i64 {
    i64::from(limit.clamp(1, PAGE_MAX))
}

/// A statement with a list of texts in its middle; none if the list is empty.
pub(crate) fn in_list<'t>(
    start: &'static str,
    texts: impl IntoIterator<Item = &'t str>,
    end: &'static str,
) -> Option<QueryBuilder<Db>> {
    let mut texts = texts.into_iter().peekable();
    texts.peek()?;
    let mut query = QueryBuilder::new(start);
    let mut list = query.separated(", ");
    for text in texts {
        list.push_bind(text);
    }
    query.push(end);
    Some(query)
}
