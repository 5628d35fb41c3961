//! Searching leads for a text, in work that is bounded whatever the text and
//! however many leads there are.
//!
//! Text that many leads have is found by walking through them in the order of
//! the page until it is full. Text that few have is looked up in an index of
//! trigrams, which gives what it finds in no order. How many have it shows by
//! trying: walk a little, then look up as far as a limit, then walk on. If the
//! page is not full at the end of the walk, the next page goes on from there.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Lead;
use crate::{
    db::{Conn, Prepared},
    error::Result,
    page::Page,
};

const COLUMNS: &str = "id, external_id, phone, email, name, owner_user_id, revision, create_time, \
     update_time";
/// Whether the text is in what `search_leads` looks for. The line breaks keep a
/// search, which has none, from matching across the parts.
const IN_TEXT: &str = r"lower(name || E'\n' || coalesce(email, '') || E'\n' || coalesce(phone, ''))
        LIKE (SELECT lower($4))
        AND (name <> '' OR email IS NOT NULL OR phone IS NOT NULL)";
/// Whether the external id begins with the text.
const BEGINS_ID: &str = "external_id IS NOT NULL
        AND starts_with(lower(external_id), (SELECT lower($8)))";
/// How many leads with the text are looked up at most.
const LOOK_UP: i64 = 1000;

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

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The leads, in the order of the page.
    pub leads: Vec<Lead>,
    /// The lead where the search stopped before the page was full.
    pub stopped_at: Option<Uuid>,
}

/// A lead that has the text, or that the walk ended at.
#[derive(Debug, QueryableByName)]
struct Hit {
    #[diesel(embed)]
    lead: Lead,
    #[diesel(sql_type = Bool)]
    found: bool,
    /// Its place in the walk, from 1.
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The id of a lead that has the text.
#[derive(Debug, QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// A search for a page.
struct Search<'a> {
    conn: &'a Conn,
    organization_id: Uuid,
    owner_user_id: Option<Uuid>,
    text: &'a str,
    pattern: String,
    page: Page,
}

/// A page of the leads that have this text in name, e-mail or phone, or at the
/// beginning of the external id, in any case.
pub async fn search(
    conn: &Conn,
    organization_id: Uuid,
    text: &str,
    owner_user_id: Option<Uuid>,
    page: Page,
) -> Result<Found> {
    let search = Search {
        conn,
        organization_id,
        owner_user_id,
        text,
        pattern: format!("%{}%", escape_like(text)),
        page,
    };
    let walk = match owner_user_id {
        Some(_) => WALK_OWNED,
        None => WALK,
    };
    if has_trigrams(text) {
        let found = search.walk(walk.first).await?;
        if found.stopped_at.is_none() {
            return Ok(found);
        }
        if let Some(leads) = search.look_up().await? {
            return Ok(Found {
                leads,
                stopped_at: None,
            });
        }
    }
    search.walk(walk.whole).await
}

impl Search<'_> {
    /// Walks through at most so many leads.
    async fn walk(&self, most: i64) -> Result<Found> {
        let direction = self.direction();
        // Rows are compared, so that only the index of the owners fits.
        let (range, order) = match self.owner_user_id {
            Some(_) => (
                "owner_user_id IS NOT NULL AND (owner_user_id, id) > ($5, $2)
                 AND (owner_user_id, id) < ($5, $3)",
                format!("owner_user_id {direction}, id {direction}"),
            ),
            None => ("id > $2 AND id < $3", format!("id {direction}")),
        };
        let sql = format!(
            "SELECT {COLUMNS}, found, number FROM (
                 SELECT {COLUMNS}, ({IN_TEXT}) OR ({BEGINS_ID}) AS found,
                        row_number() OVER (ORDER BY {order}) AS number
                 FROM (SELECT {COLUMNS} FROM leads
                       WHERE organization_id = $1 AND {range}
                       ORDER BY {order} LIMIT $6) AS walked) AS walked
             WHERE found OR number = $6 ORDER BY {order} LIMIT $7"
        );
        let (low, high) = self.page.bounds();
        let hits: Vec<Hit> = Prepared(
            sql_query(sql)
                .bind::<SqlUuid, _>(self.organization_id)
                .bind::<SqlUuid, _>(low)
                .bind::<SqlUuid, _>(high)
                .bind::<Text, _>(&self.pattern)
                .bind::<Nullable<SqlUuid>, _>(self.owner_user_id)
                .bind::<BigInt, _>(most)
                .bind::<BigInt, _>(self.page.fetch)
                .bind::<Text, _>(self.text),
        )
        .get_results(&mut &*self.conn)
        .await?;
        let end = hits.last().filter(|hit| hit.number == most);
        let end = end.map(|hit| hit.lead.id);
        let hits = hits.into_iter().filter(|hit| hit.found);
        let leads: Vec<_> = hits.map(|hit| hit.lead).collect();
        let full = i64::try_from(leads.len()).is_ok_and(|found| found == self.page.fetch);
        Ok(Found {
            leads,
            stopped_at: end.filter(|_| !full),
        })
    }

    /// Looks the text up; none if too many leads have it. Only their ids are
    /// looked up past the wall: the leads are read behind it.
    async fn look_up(&self) -> Result<Option<Vec<Lead>>> {
        let found: Vec<Id> = Prepared(
            sql_query("SELECT id FROM search_leads($1, $2, $3) AS s (id)")
                .bind::<Text, _>(&self.pattern)
                .bind::<Text, _>(self.text)
                .bind::<BigInt, _>(LOOK_UP),
        )
        .get_results(&mut &*self.conn)
        .await?;
        if i64::try_from(found.len()).is_ok_and(|found| found >= LOOK_UP) {
            return Ok(None);
        }
        let direction = self.direction();
        let sql = format!(
            "SELECT l.* FROM (
                 SELECT id FROM unnest($4) AS f (id) WHERE id > $2 AND id < $3
                 ORDER BY id {direction}) AS f, LATERAL (
                     SELECT {COLUMNS} FROM leads
                     WHERE organization_id = $1 AND id = f.id
                       AND ($5 IS NULL OR owner_user_id = $5)
                     LIMIT 1) AS l
             ORDER BY f.id {direction} LIMIT $6"
        );
        let (low, high) = self.page.bounds();
        let leads = Prepared(
            sql_query(sql)
                .bind::<SqlUuid, _>(self.organization_id)
                .bind::<SqlUuid, _>(low)
                .bind::<SqlUuid, _>(high)
                .bind::<Array<SqlUuid>, _>(found.iter().map(|row| row.id).collect::<Vec<_>>())
                .bind::<Nullable<SqlUuid>, _>(self.owner_user_id)
                .bind::<BigInt, _>(self.page.fetch),
        );
        Ok(Some(leads.get_results(&mut &*self.conn).await?))
    }

    fn direction(&self) -> &'static str {
        if self.page.ascending { "ASC" } else { "DESC" }
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

fn escape_like(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}

/// Whether the index can tell this text from most others: whether it has three
/// letters or digits in a row, or two where a word begins or ends.
fn has_trigrams(text: &str) -> bool {
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| match word.chars().count() {
        0 | 1 => false,
        2 => words.len() > 1,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::has_trigrams;

    #[test]
    fn texts_that_an_index_of_trigrams_finds_are_told_from_others() {
        for text in [
            "ann",
            "li b",
            "@ab",
            "ab.",
            "b@c.de",
            "\u{43c}\u{430}\u{440}",
        ] {
            assert!(has_trigrams(text), "{text}");
        }
        for text in ["a", "ab", "a.", "+1", "a b c", "%%%", "\u{43c}\u{430}"] {
            assert!(!has_trigrams(text), "{text}");
        }
    }
}
