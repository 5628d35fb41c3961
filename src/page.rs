//! Keyset pages (AIP-158): page sizes, opaque tokens bound to their query, and
//! the next token. A token carries no authority: the query it continues is the
//! one of the request.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{proto, validate::Violations};

const DEFAULT_SIZE: i32 = 50;
const MAX_SIZE: i32 = 1000;
const DIGEST_LENGTH: usize = 16;

/// A request for a page of a list.
pub trait ListRequest: Message + Clone {
    /// What it can be ordered by, the default first.
    const ORDERS: &'static [&'static str];
    /// The parts that are about the page: size, token and order.
    fn page(&self) -> (i32, &str, &str);
    /// The same request without size and token: what a token is bound to.
    #[must_use]
    fn query(&self) -> Self;
}

macro_rules! list_request {
    ($($request:ident $(, $order_by:ident $([$($order:literal),*])?)?;)*) => {$(
        impl ListRequest for proto::$request {
            const ORDERS: &'static [&'static str] = &["create_time" $($($(, $order)*)?)?];

            fn page(&self) -> (i32, &str, &str) {
                (self.page_size, &self.page_token, { "" $(; &self.$order_by)? })
            }

            fn query(&self) -> Self {
                let mut query = self.clone();
                query.page_size = 0;
                query.page_token.clear();
                query
            }
        }
    )*};
}

list_request! {
    ListLeadsRequest, order_by;
    ListContactsRequest, order_by;
    ListOperatorsRequest, order_by;
    ListSourcesRequest, order_by;
    ListAssignmentsRequest;
    ListOperatorLoadsRequest;
    ListMyOrganizationsRequest;
    ListMembersRequest;
    ListApiKeysRequest;
    ListInvitationsRequest;
    ListAuditEventsRequest;
    ListDealsRequest, order_by ["update_time", "amount"];
    ListTasksRequest, order_by ["due_date"];
    ListActivitiesRequest;
}

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
        }
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

/// A page being answered.
#[derive(Debug)]
pub struct Pager {
    /// What to fetch.
    pub page: Page,
    size: usize,
    query_digest: Vec<u8>,
}

impl Pager {
    /// Reads the page a list request asks for.
    pub fn parse<R: ListRequest>(
        violations: &mut Violations,
        organization_id: Uuid,
        request: &R,
    ) -> Self {
        let (size, token, order_by) = request.page();
        let size = match size {
            0 => DEFAULT_SIZE,
            size => size.min(MAX_SIZE),
        };
        if size < 0 {
            violations.add("page_size", "is negative");
        }
        let (order, ascending) = read_order(order_by, R::ORDERS).unwrap_or_else(|| {
            let orders = R::ORDERS.join("`, `");
            violations.add(
                "order_by",
                format!("is none of `{orders}`, followed by `desc` or `asc`"),
            );
            (R::ORDERS[0], false)
        });
        let query_digest = Sha256::new()
            .chain_update(organization_id)
            .chain_update(std::any::type_name::<R>())
            .chain_update(request.query().encode_to_vec())
            .finalize()
            .to_vec();
        let mut pager = Self {
            page: Page {
                fetch: i64::from(size) + 1,
                after: None,
                after_key: None,
                order,
                ascending,
            },
            size: usize::try_from(size).unwrap_or_default(),
            query_digest,
        };
        if !token.is_empty() {
            match pager.read_token(token) {
                Some((key, id)) => {
                    pager.page.after = Some(id);
                    pager.page.after_key = key;
                }
                None => violations.add("page_token", "is not a token of this query"),
            }
        }
        pager
    }

    /// Cuts the fetched rows to the page and makes the token of the next one.
    pub fn finish<T>(&self, rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> (Vec<T>, String) {
        self.finish_at(rows, id, None)
    }

    /// The same, where the search for rows may have stopped before the page was
    /// full: the next one goes on from there.
    pub fn finish_at<T>(
        &self,
        mut rows: Vec<T>,
        id: impl Fn(&T) -> Uuid,
        stopped_at: Option<Uuid>,
    ) -> (Vec<T>, String) {
        let last = if rows.len() > self.size {
            rows.truncate(self.size);
            rows.last().map(id)
        } else {
            stopped_at
        };
        let token = last.map(|last| self.token(None, last)).unwrap_or_default();
        (rows, token)
    }

    /// The same for rows that are ordered by a key before their id.
    pub fn finish_by_key<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> (i64, Uuid),
    ) -> (Vec<T>, String) {
        if rows.len() <= self.size {
            return (rows, String::new());
        }
        rows.truncate(self.size);
        let last = rows.last().map(key);
        let token = last.map(|(key, id)| self.token(Some(key), id));
        (rows, token.unwrap_or_default())
    }

    fn token(&self, key: Option<i64>, id: Uuid) -> String {
        let mut bytes = place(key, id);
        bytes.extend(self.digest(&bytes));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_token(&self, token: &str) -> Option<(Option<i64>, Uuid)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (place, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_LENGTH)?)?;
        let (key, id) = place.split_at_checked(place.len().checked_sub(size_of::<Uuid>())?)?;
        let key = match key {
            [] => None,
            key => Some(i64::from_be_bytes(key.try_into().ok()?)),
        };
        let id = Uuid::from_slice(id).ok()?;
        (digest == self.digest(place)).then_some((key, id))
    }

    fn digest(&self, place: &[u8]) -> Vec<u8> {
        let digest = Sha256::new()
            .chain_update(&self.query_digest)
            .chain_update(place)
            .finalize();
        digest[..DIGEST_LENGTH].to_vec()
    }
}

/// A row's place in the order, in bytes.
fn place(key: Option<i64>, id: Uuid) -> Vec<u8> {
    let mut bytes = key.map(i64::to_be_bytes).map_or(Vec::new(), Vec::from);
    bytes.extend(id.as_bytes());
    bytes
}

/// What to order by, and whether ascending: newest first unless told otherwise.
fn read_order(order_by: &str, orders: &[&'static str]) -> Option<(&'static str, bool)> {
    let mut words = order_by.split_whitespace();
    let Some(name) = words.next() else {
        return orders.first().map(|first| (*first, false));
    };
    let order = orders.iter().find(|order| **order == name)?;
    let ascending = match words.next() {
        None | Some("asc") => true,
        Some("desc") => false,
        Some(_) => return None,
    };
    words.next().is_none().then_some((*order, ascending))
}
