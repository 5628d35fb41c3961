//! Keyset pages (AIP-158): page sizes, opaque tokens bound to their query, and
//! the next token. A token carries no authority: the query it continues is the
//! one of the request. A page ends where its number is reached, or the size that
//! clients accept.

mod fetch;
mod found;
mod request;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
pub use fetch::{MAX_BYTES, MAX_COUNTED, Page};
pub use found::{Cursor, Found, Total};
pub(crate) use found::{keyset, read_page};
use prost::Message;
pub use request::ListRequest;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::platform::grpc::validate::Violations;

/// Bytes around an item at most: its tag and its length.
const FRAME: usize = 8;
const DIGEST_LENGTH: usize = 16;

/// How much more an answer has room for.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    bytes: usize,
    empty: bool,
}

impl Default for Room {
    /// That of an answer with nothing in it.
    fn default() -> Self {
        Self {
            bytes: MAX_BYTES,
            empty: true,
        }
    }
}

impl Room {
    /// Whether the item fits; then there is less room. The first one always does.
    pub fn takes(&mut self, item: &impl Message) -> bool {
        let length = item.encoded_len() + FRAME;
        let fits = self.empty || length <= self.bytes;
        if fits {
            self.bytes = self.bytes.saturating_sub(length);
            self.empty = false;
        }
        fits
    }
}

/// What a page is answered with.
#[derive(Debug)]
pub struct Answers<M> {
    /// What it lists.
    pub items: Vec<M>,
    /// Token of the next page; empty on the last one.
    pub next_page_token: String,
    /// How many there are on all pages, if that was asked for.
    pub total: Total,
}

/// A page being answered.
#[derive(Debug)]
pub struct Pager {
    /// What to fetch.
    pub page: Page,
    /// Where the page before has ended.
    pub cursor: Option<Cursor>,
    size: usize,
    query_digest: Vec<u8>,
}

impl Pager {
    /// Reads the page a list request asks for, of what belongs to an organization or a user.
    pub fn parse<R: ListRequest>(
        violations: &mut Violations,
        owner: impl Into<Uuid>,
        request: &R,
    ) -> Self {
        let (size, token, order_by) = request.page();
        let (default, most) = R::SIZES;
        let size = match size {
            0 => default,
            size => size.min(most),
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
        // Tokens of the version before count amounts in other units.
        let unit = if order == "amount" { "thousandths" } else { "" };
        let query_digest = Sha256::new()
            .chain_update(owner.into())
            .chain_update(std::any::type_name::<R>())
            .chain_update(unit)
            .chain_update(request.query().encode_to_vec())
            .finalize()
            .to_vec();
        let mut pager = Self {
            page: Page {
                order,
                total: request.include_total(),
                ..Page::first(i64::from(size) + 1, ascending)
            },
            cursor: None,
            size: usize::try_from(size).unwrap_or_default(),
            query_digest,
        };
        if !token.is_empty() {
            pager.cursor = pager.read_token(token);
            match pager.cursor {
                Some(Cursor::Id(id) | Cursor::Ids(_, id)) => pager.page.after = Some(id),
                Some(Cursor::Key(key, id)) => {
                    pager.page.after = Some(id);
                    pager.page.after_key = Some(key);
                }
                None => violations.add("page_token", "is not a token of this query"),
            }
        }
        pager
    }

    /// Answers with what was found, as far as the page goes, and with the token of the
    /// next one.
    pub fn finish<T, P: Into<Cursor>, M: Message>(
        &self,
        found: impl Into<Found<T>>,
        cursor: impl Fn(&T) -> P,
        answer: impl FnMut(T) -> M,
    ) -> Answers<M> {
        self.finish_in(&mut Room::default(), found, cursor, answer)
    }

    /// The same in an answer that may have something else in it.
    pub fn finish_in<T, P: Into<Cursor>, M: Message>(
        &self,
        room: &mut Room,
        found: impl Into<Found<T>>,
        cursor: impl Fn(&T) -> P,
        mut answer: impl FnMut(T) -> M,
    ) -> Answers<M> {
        // There is always room for one: else the next page would be no further.
        room.empty = true;
        let found = found.into();
        let (mut items, mut last, mut more) = (Vec::new(), self.cursor, false);
        for row in found.rows {
            let here = cursor(&row).into();
            let item = answer(row);
            more = items.len() == self.size || !room.takes(&item);
            if more {
                break;
            }
            items.push(item);
            last = Some(here);
        }
        let last = if more { last } else { found.stopped_at };
        Answers {
            items,
            next_page_token: last.map(|last| self.token(last)).unwrap_or_default(),
            total: found.total,
        }
    }

    /// How many items the page holds at most.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The token of the page behind this cursor.
    pub fn token(&self, cursor: Cursor) -> String {
        let mut bytes = cursor.to_bytes();
        bytes.extend(self.digest(&bytes));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_token(&self, token: &str) -> Option<Cursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (cursor, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_LENGTH)?)?;
        let known = digest == self.digest(cursor);
        Cursor::from_bytes(cursor).filter(|_| known)
    }

    fn digest(&self, cursor: &[u8]) -> Vec<u8> {
        let digest = Sha256::new()
            .chain_update(&self.query_digest)
            .chain_update(cursor)
            .finalize();
        digest[..DIGEST_LENGTH].to_vec()
    }
}

impl Cursor {
    fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Id(id) => id.as_bytes().to_vec(),
            Self::Key(key, id) => [&key.to_be_bytes()[..], id.as_bytes()].concat(),
            Self::Ids(first, id) => [first.as_bytes(), &id.as_bytes()[..]].concat(),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, id) = bytes.split_at_checked(bytes.len().checked_sub(size_of::<Uuid>())?)?;
        let id = Uuid::from_slice(id).ok()?;
        match first.len() {
            0 => Some(Self::Id(id)),
            8 => Some(Self::Key(i64::from_be_bytes(first.try_into().ok()?), id)),
            _ => Some(Self::Ids(Uuid::from_slice(first).ok()?, id)),
        }
    }
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
