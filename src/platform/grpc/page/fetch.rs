//! What of a list to fetch.

use uuid::Uuid;

/// How many bytes an answer has of what it lists. Clients accept 4 MiB unless told
/// otherwise: there is room for one item more, and for the rest of the answer.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// How many of a list are counted at most.
pub const MAX_COUNTED: i64 = 10_000;

/// What a store needs to fetch a page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Rows to fetch: one more than the page holds, to see whether more follow.
    pub fetch: i64,
    /// Id of the last row of the page before.
    pub after: Option<Uuid>,
    /// What that row is ordered by before its id, as a number, if by anything.
    pub after_key: Option<i64>,
    /// What to order by.
    pub order: &'static str,
    /// Whether the oldest, or least, come first.
    pub ascending: bool,
    /// Whether to count what is on all pages.
    pub total: bool,
    /// Whether its rows are only counted.
    pub counts: bool,
}

impl Page {
    /// The first rows, this many.
    pub fn first(fetch: i64, ascending: bool) -> Self {
        Self {
            fetch,
            after: None,
            after_key: None,
            order: "create_time",
            ascending,
            total: false,
            counts: false,
        }
    }

    /// All pages as one, as far as they are counted.
    #[must_use]
    pub fn whole(self) -> Self {
        Self {
            order: self.order,
            counts: true,
            ..Self::first(MAX_COUNTED + 1, self.ascending)
        }
    }

    /// Its direction, in SQL.
    pub fn direction(&self) -> &'static str {
        if self.ascending { "ASC" } else { "DESC" }
    }

    /// The ids that its rows lie between.
    pub fn bounds(&self) -> (Uuid, Uuid) {
        match self.after {
            Some(after) if self.ascending => (after, Uuid::max()),
            Some(after) => (Uuid::nil(), after),
            None => (Uuid::nil(), Uuid::max()),
        }
    }
}
