//! Lists, newest first, a page at a time.

use std::{fmt, str::FromStr};

use crate::Timestamp;

/// The most items one page holds, whatever was asked for.
pub const PAGE_MAX: u32 = 1_000;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<Cursor>,
}

/// The last item of a page. What was added meanwhile moves nothing: the next page begins right behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of a page")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.millis(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Cursor, CursorError> {
        let (at, id) = text.split_once('.').ok_or(CursorError)?;
        Ok(Cursor {
            at: Timestamp::from_millis(at.parse().map_err(|_| CursorError)?),
            id: id.to_owned(),
        })
    }
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` items out of up to one more, which only shows that there is a next page.
    pub fn cut(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> Cursor) -> Page<T> {
        let limit = limit.clamp(1, PAGE_MAX) as usize;
        let next = (items.len() > limit).then(|| place(&items[limit - 1]));
        items.truncate(limit);
        Page { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(n: &i64) -> Cursor {
        Cursor {
            at: Timestamp::from_millis(*n),
            id: format!("x.{n}"),
        }
    }

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let cursor = at(&-7);
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in ["", "7", "x.y", "."] {
            assert_eq!(wrong.parse::<Cursor>(), Err(CursorError), "{wrong}");
        }
    }

    #[test]
    fn only_a_full_page_has_a_next_one() {
        assert_eq!(Page::cut(vec![3, 2], 2, at).next, None);
        let page = Page::cut(vec![3, 2, 1], 2, at);
        assert_eq!((page.items, page.next), (vec![3, 2], Some(at(&2))));
        assert_eq!(Page::cut(vec![3, 2], 0, at).items, vec![3]);
    }
}
