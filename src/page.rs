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
    /// The parts that are about the page: size, token and order.
    fn page(&self) -> (i32, &str, &str);
    /// The same request without size and token: what a token is bound to.
    #[must_use]
    fn query(&self) -> Self;
}

macro_rules! list_request {
    ($($request:ident $(, $order_by:ident)?;)*) => {$(
        impl ListRequest for proto::$request {
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
    ListAuditEventsRequest;
}

/// What a store needs to fetch a page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Rows to fetch: one more than the page holds, to see whether more follow.
    pub fetch: i64,
    /// Id of the last row of the page before.
    pub after: Option<Uuid>,
    /// Whether the oldest come first.
    pub ascending: bool,
}

impl Page {
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
        let ascending = match order_by.split_whitespace().collect::<Vec<_>>()[..] {
            [] | ["create_time", "desc"] => false,
            ["create_time"] | ["create_time", "asc"] => true,
            _ => {
                violations.add(
                    "order_by",
                    "is neither `create_time desc` nor `create_time asc`",
                );
                false
            }
        };
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
                ascending,
            },
            size: usize::try_from(size).unwrap_or_default(),
            query_digest,
        };
        if !token.is_empty() {
            pager.page.after = pager.read_token(token);
            if pager.page.after.is_none() {
                violations.add("page_token", "is not a token of this query");
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
        let token = last.map(|last| self.token(last)).unwrap_or_default();
        (rows, token)
    }

    fn token(&self, last: Uuid) -> String {
        let mut bytes = last.as_bytes().to_vec();
        bytes.extend(self.digest(last));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_token(&self, token: &str) -> Option<Uuid> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, digest) = bytes.split_at_checked(size_of::<Uuid>())?;
        let id = Uuid::from_slice(id).ok()?;
        (digest == self.digest(id)).then_some(id)
    }

    fn digest(&self, last: Uuid) -> Vec<u8> {
        let digest = Sha256::new()
            .chain_update(&self.query_digest)
            .chain_update(last)
            .finalize();
        digest[..DIGEST_LENGTH].to_vec()
    }
}
