//! What a store finds for a page, in work that is bounded.

use uuid::Uuid;

use super::fetch::{MAX_BYTES, MAX_COUNTED, Page};
use crate::{ids::Id, platform::db::search::Walked};

/// How many there are on all pages of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// As far as they were counted.
    pub size: i64,
    /// Whether there may be more.
    pub is_lower_bound: bool,
}

impl From<i64> for Total {
    /// Of what was counted to one more than is told.
    fn from(counted: i64) -> Self {
        Self {
            size: counted.min(MAX_COUNTED),
            is_lower_bound: counted > MAX_COUNTED,
        }
    }
}

impl From<Walked> for Total {
    fn from(walked: Walked) -> Self {
        let total = Self::from(walked.found);
        Self {
            is_lower_bound: total.is_lower_bound || walked.stopped,
            ..total
        }
    }
}

/// Where a row is in the order of its list: what page tokens are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// By id.
    Id(Uuid),
    /// By a number, then by id.
    Key(i64, Uuid),
    /// By two ids.
    Ids(Uuid, Uuid),
}

impl<I: Id> From<I> for Cursor {
    fn from(id: I) -> Self {
        Self::Id(id.into())
    }
}

impl<I: Id> From<(i64, I)> for Cursor {
    fn from((key, id): (i64, I)) -> Self {
        Self::Key(key, id.into())
    }
}

/// What was found for a page.
#[derive(Debug)]
pub struct Found<T> {
    /// The rows: one more than the page holds, if there are more.
    pub rows: Vec<T>,
    /// Where the search for rows stopped before the page was full.
    pub stopped_at: Option<Cursor>,
    /// How many there are on all pages, if that was asked for.
    pub total: Total,
}

impl<T> From<Vec<T>> for Found<T> {
    fn from(rows: Vec<T>) -> Self {
        Self {
            rows,
            stopped_at: None,
            total: Total::default(),
        }
    }
}

impl Page {
    /// The query of a page that sends no more rows than an answer has room for, however
    /// long `texts` (their bytes, in SQL) are: at most one that does not fit.
    /// `columns` are those of `sql`, `order` is its order.
    pub fn bounded(self, sql: &str, columns: &str, texts: &str, order: &str) -> String {
        if self.counts {
            return sql.to_owned();
        }
        // What an answer has of a row besides is more than 64 bytes: what is left out here
        // has no room there.
        format!(
            "SELECT {columns} FROM (
                 SELECT page.*, sum(64 + {texts}) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING)
                            - (64 + {texts}) AS bytes_before
                 FROM ({sql}) AS page) AS page
             WHERE bytes_before <= {MAX_BYTES} ORDER BY {order}"
        )
    }
}

/// Lets a boxed query fetch one page in the order of the ids. (The first page is
/// asked for like the others, so that all are one statement.)
macro_rules! keyset {
    ($query:expr, $page:expr, $id:expr) => {{
        let (low, high) = $page.bounds();
        let query = $query.limit($page.fetch);
        let query = query.filter($id.gt(low)).filter($id.lt(high));
        if $page.ascending {
            query.order($id.asc())
        } else {
            query.order($id.desc())
        }
    }};
}
pub(crate) use keyset;

/// Reads a page by the query that `$query` makes of one, and counts by it what all pages
/// have together, if asked to.
macro_rules! read_page {
    ($conn:expr, $page:expr, $query:expr) => {{
        let (page, query) = ($page, $query);
        let rows = query(page).get_results(&mut &*$conn).await?;
        let total = if page.total {
            let counted = crate::platform::db::Counted(query(page.whole()));
            let counted: i64 = counted.get_result(&mut &*$conn).await?;
            counted.into()
        } else {
            crate::platform::grpc::page::Total::default()
        };
        crate::platform::grpc::page::Found {
            rows,
            stopped_at: None,
            total,
        }
    }};
}
pub(crate) use read_page;
