//! Every query on `leads`. Knows nothing of the wire.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::now,
    prelude::*,
    result::Error as DieselError,
    sql_query,
    sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    db::{Conn, Prepared},
    error::{Error, LEAD_HAS_OPEN_CONTACTS, Result, violated_key},
    page::Page,
    schema::leads,
};

/// A row of `leads`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = leads, check_for_backend(diesel::pg::Pg))]
pub struct Lead {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<Uuid>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

/// A lead to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = leads)]
pub struct NewLead {
    pub organization_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<Uuid>,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = leads)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct LeadChange {
    pub external_id: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub name: Option<String>,
    pub owner_user_id: Option<Option<Uuid>>,
}

/// One of the three ways to name a lead.
#[derive(Debug)]
pub enum Identifier {
    ExternalId(String),
    Phone(String),
    Email(String),
}

/// Which leads to list.
#[derive(Debug)]
pub struct Filter {
    /// Literal text in name, e-mail, phone or external id.
    pub search: Option<String>,
    /// Owner.
    pub owner_user_id: Option<Uuid>,
}

/// The lead.
pub async fn find(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Lead> {
    leads::table
        .find((organization_id, id))
        .select(Lead::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("lead", id))
}

/// The lead, locked.
pub async fn lock(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Lead> {
    leads::table
        .find((organization_id, id))
        .select(Lead::as_select())
        .for_update()
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("lead", id))
}

/// The lead with this identifier.
pub async fn lookup(
    mut conn: &Conn,
    organization_id: Uuid,
    identifier: &Identifier,
) -> Result<Option<Lead>> {
    let query = leads::table
        .filter(leads::organization_id.eq(organization_id))
        .select(Lead::as_select())
        .into_boxed();
    let query = match identifier {
        Identifier::ExternalId(value) => query.filter(leads::external_id.eq(value)),
        Identifier::Phone(value) => query.filter(leads::phone.eq(value)),
        Identifier::Email(value) => query.filter(leads::email.eq(value)),
    };
    Ok(query.first(&mut conn).await.optional()?)
}

/// A page of leads.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    filter: &Filter,
    page: Page,
) -> Result<Vec<Lead>> {
    let mut query = leads::table
        .filter(leads::organization_id.eq(organization_id))
        .select(Lead::as_select())
        .limit(page.fetch)
        .into_boxed();
    if let Some(search) = &filter.search {
        let pattern = format!("%{}%", escape_like(search));
        query = query.filter(
            leads::name
                .ilike(pattern.clone())
                .or(leads::email.assume_not_null().ilike(pattern.clone()))
                .or(leads::phone.assume_not_null().ilike(pattern.clone()))
                .or(leads::external_id.assume_not_null().ilike(pattern)),
        );
    }
    if let Some(owner) = filter.owner_user_id {
        query = query.filter(leads::owner_user_id.eq(owner));
    }
    query = match (page.after, page.ascending) {
        (Some(after), true) => query.filter(leads::id.gt(after)),
        (Some(after), false) => query.filter(leads::id.lt(after)),
        (None, _) => query,
    };
    query = if page.ascending {
        query.order(leads::id.asc())
    } else {
        query.order(leads::id.desc())
    };
    Ok(query.load(&mut conn).await?)
}

fn escape_like(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}

/// Inserts a lead.
pub async fn insert(mut conn: &Conn, lead: &NewLead) -> Result<Lead> {
    diesel::insert_into(leads::table)
        .values(lead)
        .returning(Lead::as_select())
        .get_result(&mut conn)
        .await
        .map_err(taken)
}

/// Changes a lead that is locked.
pub async fn update(
    mut conn: &Conn,
    organization_id: Uuid,
    id: Uuid,
    change: &LeadChange,
) -> Result<Lead> {
    diesel::update(leads::table.find((organization_id, id)))
        .set((
            change,
            leads::revision.eq(leads::revision + 1),
            leads::update_time.eq(now),
        ))
        .returning(Lead::as_select())
        .get_result(&mut conn)
        .await
        .map_err(taken)
}

/// Deletes a lead that is locked and has no contacts left.
pub async fn delete(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<()> {
    diesel::delete(leads::table.find((organization_id, id)))
        .execute(&mut conn)
        .await
        .map(|_| ())
        .map_err(|error| match violated_key(&error) {
            Some("contacts_lead_fkey") => Error::Precondition {
                reason: LEAD_HAS_OPEN_CONTACTS,
                kind: "lead",
                id,
            },
            _ => error.into(),
        })
}

fn taken(error: DieselError) -> Error {
    let exists = |field| Error::AlreadyExists {
        kind: "lead",
        field,
    };
    match violated_key(&error) {
        Some("leads_external_id_key") => exists("external_id"),
        Some("leads_phone_key") => exists("phone"),
        Some("leads_email_key") => exists("email"),
        _ => error.into(),
    }
}

/// The leads that have one of these identifiers, locked in the order of their
/// ids.
pub async fn lock_by_identifiers(
    mut conn: &Conn,
    organization_id: Uuid,
    external_ids: &[&str],
    phones: &[&str],
    emails: &[&str],
) -> Result<Vec<Lead>> {
    let query = leads::table
        .filter(leads::organization_id.eq(organization_id))
        .filter(
            leads::external_id
                .eq_any(external_ids)
                .or(leads::phone.eq_any(phones))
                .or(leads::email.eq_any(emails)),
        )
        .order(leads::id)
        .select(Lead::as_select())
        .for_no_key_update();
    Ok(Prepared(query).load(&mut conn).await?)
}

#[derive(Debug, QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    time: DateTime<Utc>,
}

/// Inserts leads and sets their times. CONFLICT if one of the identifiers has
/// been taken meanwhile.
pub async fn insert_all(conn: &Conn, organization_id: Uuid, leads: &mut [&mut Lead]) -> Result<()> {
    if leads.is_empty() {
        return Ok(());
    }
    // In one order everywhere, so that two groups rarely wait for each other.
    leads.sort_by(|a, b| {
        (&a.external_id, &a.phone, &a.email).cmp(&(&b.external_id, &b.phone, &b.email))
    });
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let written: Vec<Written> = Prepared(
        sql_query(
            "INSERT INTO leads (organization_id, id, external_id, phone, email, name)
             SELECT $1, l.* FROM unnest($2, $3, $4, $5, $6) AS l
             ON CONFLICT DO NOTHING
             RETURNING id, create_time AS time",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.external_id.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.phone.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.email.as_deref()))
        .bind::<Array<Text>, _>(column(leads, |lead| lead.name.as_str())),
    )
    .get_results(&mut &*conn)
    .await?;
    if written.len() < leads.len() {
        return Err(Error::Conflict);
    }
    let time = written
        .as_slice()
        .first()
        .map(|row| row.time)
        .unwrap_or_default();
    for lead in leads {
        lead.create_time = time;
        lead.update_time = time;
    }
    Ok(())
}

/// Writes identifiers and names that were filled in on leads that are locked,
/// and sets their times. CONFLICT if one of the identifiers has been taken
/// meanwhile.
pub async fn fill_all(conn: &Conn, organization_id: Uuid, leads: &mut [&mut Lead]) -> Result<()> {
    if leads.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let revisions: Vec<_> = leads.iter().map(|lead| lead.revision).collect();
    let written: Vec<Written> = Prepared(
        sql_query(
            "UPDATE leads AS l
             SET external_id = f.external_id, phone = f.phone, email = f.email, name = f.name,
                 revision = f.revision, update_time = now()
             FROM unnest($2, $3, $4, $5, $6, $7)
                 AS f (id, external_id, phone, email, name, revision)
             WHERE l.organization_id = $1 AND l.id = f.id
             RETURNING l.id, l.update_time AS time",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.external_id.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.phone.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.email.as_deref()))
        .bind::<Array<Text>, _>(column(leads, |lead| lead.name.as_str()))
        .bind::<Array<Integer>, _>(&revisions),
    )
    .get_results(&mut &*conn)
    .await
    .map_err(|error| match taken(error) {
        Error::AlreadyExists { .. } => Error::Conflict,
        error => error,
    })?;
    for lead in leads {
        let row = written.iter().find(|row| row.id == lead.id);
        lead.update_time = row.ok_or(Error::Conflict)?.time;
    }
    Ok(())
}

fn column<'a, T>(leads: &'a [&mut Lead], value: impl Fn(&'a Lead) -> T) -> Vec<T> {
    leads.iter().map(|lead| value(lead)).collect()
}
