//! Searching leads for a text, in work that is bounded whatever the text and
//! however many leads there are.
//!
//! Text that many leads have is found by walking through them in the order of
//! the page until it is full. Text that few have is looked up in an index of
//! trigrams, which gives what it finds in no order. How many have it shows by
//! trying: walk a little, then look up as far as a limit, then walk on. If the
//! page is not full at the end of the walk, the next page goes on from there.

use diesel::{
    QueryableByName,
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
    sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Untyped, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{COLUMNS, Lead, list::range};
use crate::{
    error::Result,
    ids::LeadId,
    platform::{
        db::{
            Conn, Prepared, TenantTx,
            search::{LOOK_UP, Row, Walked, has_trigrams, pattern},
        },
        grpc::{
            page::{Found, Page, Total, read_page},
            whose::Whose,
        },
    },
};

/// Whether the text is in what `search_leads` looks for. The line breaks keep a
/// search, which has none, from matching across the parts.
const IN_TEXT: &str = r"lower(name || E'\n' || coalesce(email, '') || E'\n' || coalesce(phone, ''))
        LIKE (SELECT lower($4))
        AND (name <> '' OR email IS NOT NULL OR phone IS NOT NULL)";
/// Whether the external id begins with the text.
const BEGINS_ID: &str = "external_id IS NOT NULL
        AND starts_with(lower(external_id), (SELECT lower($8)))";

/// How many leads are walked through at most.
struct Walk {
    /// Before looking up.
    first: i64,
    /// In one call.
    whole: i64,
}

const WALK: Walk = Walk {
    first: 1_000,
    whole: 20_000,
};
/// Those of one owner are not beside each other, and take longer to read.
const WALK_OWNED: Walk = Walk {
    first: 200,
    whole: 2_000,
};

/// A lead that has the text, or that the walk ended at.
#[derive(Debug, QueryableByName)]
struct Hit {
    #[diesel(embed)]
    lead: Lead,
    #[diesel(sql_type = Bool)]
    found: bool,
    /// Its number in the walk, from 1.
    #[diesel(sql_type = BigInt)]
    number: i64,
}

struct Search<'a> {
    tx: &'a TenantTx,
    owner: Whose,
    text: &'a str,
    page: Page,
}

/// A page of the leads that have this text in name, e-mail or phone, or at the
/// beginning of the external id, in any case.
pub async fn search(tx: &TenantTx, text: &str, owner: Whose, page: Page) -> Result<Found<Lead>> {
    let search = Search {
        tx,
        owner,
        text,
        page,
    };
    let walk = match owner {
        Whose::User(_) => WALK_OWNED,
        Whose::Any | Whose::Nobody => WALK,
    };
    if has_trigrams(text) {
        if !page.total {
            let found = search.walk(walk.first).await?;
            if found.stopped_at.is_none() {
                return Ok(found);
            }
        }
        if let Some(found) = search.look_up().await? {
            return Ok(found);
        }
    }
    let mut found = search.walk(walk.whole).await?;
    if page.total {
        found.total = search.count(walk.whole).await?;
    }
    Ok(found)
}

impl Search<'_> {
    /// Walks through at most so many leads.
    async fn walk(&self, most: i64) -> Result<Found<Lead>> {
        let (_, order) = range(self.owner, self.page.direction());
        let sql = format!(
            "SELECT {COLUMNS}, found, number FROM ({}) AS walked
             WHERE found OR number = $6 ORDER BY {order} LIMIT $7",
            self.walked()
        );
        let query = self.bind(sql, self.page, most, Vec::new());
        let hits: Vec<Hit> = query.get_results(&mut self.tx.conn()).await?;
        let end = hits.last().filter(|hit| hit.number == most);
        let end = end.map(|hit| hit.lead.id);
        let hits = hits.into_iter().filter(|hit| hit.found);
        let rows: Vec<_> = hits.map(|hit| hit.lead).collect();
        let full = i64::try_from(rows.len()).is_ok_and(|found| found == self.page.fetch);
        Ok(Found {
            rows,
            stopped_at: end.filter(|_| !full).map(Into::into),
            total: Total::default(),
        })
    }

    /// How many there are on all pages, as far as a walk goes.
    async fn count(&self, most: i64) -> Result<Total> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE found) AS found,
                    coalesce(bool_or(number = $6), false) AS stopped
             FROM ({}) AS walked",
            self.walked()
        );
        let query = self.bind(sql, self.page.whole(), most, Vec::new());
        let walked: Walked = query.get_result(&mut self.tx.conn()).await?;
        Ok(walked.into())
    }

    /// The first $6 leads, each with whether it has the text.
    fn walked(&self) -> String {
        let (range, order) = range(self.owner, self.page.direction());
        format!(
            "SELECT {COLUMNS}, ({IN_TEXT}) OR ({BEGINS_ID}) AS found,
                    row_number() OVER (ORDER BY {order}) AS number
             FROM (SELECT {COLUMNS} FROM leads
                   WHERE organization_id = $1 AND {range}
                   ORDER BY {order} LIMIT $6) AS walked"
        )
    }

    /// Looks the text up; none if too many leads have it. Only their ids are
    /// looked up past row-level security: the leads are read under it.
    async fn look_up(&self) -> Result<Option<Found<Lead>>> {
        let found: Vec<Row<_>> = Prepared(
            sql_query("SELECT id FROM search_leads($1, $2, $3) AS s (id)")
                .bind::<Text, _>(pattern(self.text))
                .bind::<Text, _>(self.text)
                .bind::<BigInt, _>(LOOK_UP),
        )
        .get_results(&mut self.tx.conn())
        .await?;
        if i64::try_from(found.len()).is_ok_and(|found| found >= LOOK_UP) {
            return Ok(None);
        }
        let ids: Vec<_> = found.iter().map(|row| row.id).collect();
        let direction = self.page.direction();
        let nobodys = match self.owner {
            Whose::Nobody => "owner_user_id IS NULL",
            Whose::Any | Whose::User(_) => "true",
        };
        let sql = format!(
            "SELECT l.* FROM (
                 SELECT id FROM unnest($9) AS f (id) WHERE id > $2 AND id < $3
                 ORDER BY id {direction}) AS f, LATERAL (
                     SELECT {COLUMNS} FROM leads
                     WHERE organization_id = $1 AND id = f.id
                       AND ($5 IS NULL OR owner_user_id = $5) AND {nobodys}
                     LIMIT 1) AS l
             ORDER BY f.id {direction} LIMIT $7"
        );
        let query = |page: Page| self.bind(sql.clone(), page, LOOK_UP, ids.clone());
        Ok(Some(read_page!(self.tx.conn(), self.page, query)))
    }

    /// The query, with all that it may refer to.
    fn bind(
        &self,
        sql: String,
        page: Page,
        most: i64,
        ids: Vec<LeadId>,
    ) -> impl Query<SqlType = Untyped> + QueryFragment<Pg> + QueryId + Send {
        let (low, high) = page.bounds();
        Prepared(
            sql_query(sql)
                .bind::<SqlUuid, _>(self.tx.organization_id())
                .bind::<SqlUuid, _>(low)
                .bind::<SqlUuid, _>(high)
                .bind::<Text, _>(pattern(self.text))
                .bind::<Nullable<SqlUuid>, _>(self.owner.user())
                .bind::<BigInt, _>(most)
                .bind::<BigInt, _>(page.fetch)
                .bind::<Text, _>(self.text.to_owned())
                .bind::<Array<SqlUuid>, _>(ids),
        )
    }
}

/// Sorts the texts that have come since the last time into the index; else some
/// intake would have to, every few thousand leads, and make others wait.
pub async fn index_new_texts(conn: &Conn) -> Result<()> {
    Prepared(sql_query("SELECT index_new_texts()"))
        .execute(&mut &*conn)
        .await?;
    Ok(())
}
