//! Whose rows a connection meets, one transaction after the other.

use std::time::Duration;

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use minicrm::{
    error::{Error, Result},
    ids::{OrganizationId, UserId},
    platform::{
        db::{AllOrganizations, Conn, Db, NoTenant, Scope, TheseOrganizations, Transaction},
        migrations,
    },
    proto::{GetContactRequest, ListContactsRequest, ListLeadsRequest},
    verify,
};
use tonic::{Code, Request, metadata::AsciiMetadataValue};

use super::{serving, two_organizations};
use crate::support::{App, assert_error, call, empty_database, new_database, operator};

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct State {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    organization: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    user: Option<String>,
}

async fn state<S: Scope>(conn: &Transaction<S>) -> Result<State> {
    let query = "SELECT current_user::text AS role,
            nullif(current_setting('minicrm.organization_id', true), '') AS organization,
            nullif(current_setting('minicrm.user_id', true), '') AS user";
    Ok(sql_query(query).get_result(&mut &**conn).await?)
}

/// Mutants: `SET` for `SET LOCAL`; no role set.
#[tokio::test]
async fn nothing_of_a_scope_outlives_its_transaction() {
    let db = &Db::new(&new_database().await, 1, Duration::from_secs(1)).unwrap();
    let id = OrganizationId::generate();
    let text = Some(id.to_string());
    ends_with_its_transaction(db, id, text.clone(), None).await;
    let both = Some(format!("{id},{id}"));
    ends_with_its_transaction(db, TheseOrganizations(vec![id, id]), both, None).await;
    ends_with_its_transaction(db, AllOrganizations, Some("*".to_owned()), None).await;
    ends_with_its_transaction(db, UserId::from_uuid(id.as_uuid()), None, text).await;
    ends_with_its_transaction(db, NoTenant, None, None).await;
}

async fn ends_with_its_transaction<S: Scope>(
    db: &Db,
    scope: S,
    organization: Option<String>,
    user: Option<String>,
) {
    let role = "minicrm_app".to_owned();
    let nothing = State {
        role: role.clone(),
        organization: None,
        user: None,
    };
    let expected = State {
        role,
        organization,
        user,
    };
    let inside = db.transaction(scope.clone(), state).await.unwrap();
    assert_eq!(inside, expected);
    assert_eq!(db.read(NoTenant, state).await.unwrap(), nothing);
    assert_eq!(db.read(scope.clone(), state).await.unwrap(), expected);
    assert_eq!(db.transaction(NoTenant, state).await.unwrap(), nothing);
    // By the caller, and by the database.
    for wrong in [None, Some("SELECT 1 / 0")] {
        let fail = async |conn: &Transaction<S>| -> Result<()> {
            if let Some(wrong) = wrong {
                sql_query(wrong).execute(&mut &**conn).await?;
            }
            Err(Error::Busy)
        };
        db.transaction(scope.clone(), fail).await.unwrap_err();
        assert_eq!(db.read(NoTenant, state).await.unwrap(), nothing);
        db.read(scope.clone(), fail).await.unwrap_err();
        assert_eq!(db.transaction(NoTenant, state).await.unwrap(), nothing);
    }
}

#[derive(Debug, QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Behind a pooler others have used the connection. Mutant: a connection is told
/// how long to wait for locks, not each transaction.
#[tokio::test]
async fn a_transaction_says_itself_how_long_it_waits_for_locks() {
    let db = Db::new(&new_database().await, 1, Duration::from_millis(700)).unwrap();
    let waits = async |conn: &Transaction<NoTenant>| -> Result<String> {
        let query = "SELECT current_setting('lock_timeout') AS value";
        let found: Setting = sql_query(query).get_result(&mut &**conn).await?;
        // As another would leave it.
        let other = sql_query("SET lock_timeout = 0");
        other.execute(&mut &**conn).await?;
        Ok(found.value)
    };
    for _ in 0..2 {
        assert_eq!(db.transaction(NoTenant, waits).await.unwrap(), "700ms");
        assert_eq!(db.read(NoTenant, waits).await.unwrap(), "700ms");
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    let db = Db::new(&new_database().await, 1, Duration::from_secs(1)).unwrap();
    let id = OrganizationId::generate();
    let insert = async |conn: &Transaction<OrganizationId>| {
        let insert = format!("INSERT INTO organizations VALUES ('{id}', 'Other')");
        Ok(sql_query(insert).execute(&mut &**conn).await?)
    };
    db.read(id, insert).await.unwrap_err();
    assert!(db.organizations().await.unwrap().is_empty());
    db.transaction(id, insert).await.unwrap();
    assert_eq!(db.organizations().await.unwrap(), [id]);
}

/// A request of this organization.
fn of<T>(organization_id: OrganizationId, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = AsciiMetadataValue::try_from(organization_id.to_string()).unwrap();
    request.metadata_mut().insert("x-organization-id", value);
    request
}

/// Many calls of two organizations, in turn, over connections that are few.
#[tokio::test(flavor = "multi_thread")]
async fn organizations_share_connections_but_no_rows() {
    let (url, ids) = two_organizations().await;
    let mut contacts = Vec::new();
    for id in ids {
        let app = serving(&url, id).await;
        contacts.push(app.list_contacts(ListContactsRequest::default()).await);
    }
    for pool_size in 1..=3 {
        let app = &App::with_connections(url.clone(), ids.to_vec(), pool_size).await;
        let contacts = &contacts;
        let calls = (0..200).map(async |number| {
            let (id, own, other) = match number % 2 {
                0 => (ids[0], &contacts[0], &contacts[1]),
                _ => (ids[1], &contacts[1], &contacts[0]),
            };
            let list = of(id, ListContactsRequest::default());
            let listed = call!(app.contacts.list_contacts(list)).unwrap();
            assert_eq!(&listed.contacts, own);
            let leads = call!(app.leads.list_leads(of(id, ListLeadsRequest::default())));
            let leads: Vec<_> = leads
                .unwrap()
                .leads
                .into_iter()
                .map(|lead| lead.id)
                .collect();
            assert!(own.iter().all(|contact| leads.contains(&contact.lead_id)));
            assert_eq!(leads.len(), own.len());
            for (contact, is_own) in [(&own[0], true), (&other[0], false)] {
                let get = GetContactRequest {
                    id: contact.id.clone(),
                };
                let got = call!(app.contacts.get_contact(of(id, get)));
                if is_own {
                    assert_eq!(&got.unwrap(), contact);
                } else {
                    assert_error(got, Code::NotFound, "RESOURCE_NOT_FOUND");
                }
            }
        });
        join_all(calls).await;
    }
}

/// With a login that owns the tables and may not make roles, the policies hold
/// for the owner itself.
#[tokio::test]
async fn an_owner_without_rights_serves_behind_the_wall() {
    let admin = empty_database().await;
    let (_, database) = admin.rsplit_once('/').unwrap();
    let owner = format!("owner_{}", uuid::Uuid::now_v7().simple());
    let mut conn = Conn::establish(&admin).await.unwrap();
    let make = format!(
        "CREATE ROLE {owner} LOGIN PASSWORD '{owner}'; ALTER DATABASE {database} OWNER TO {owner}"
    );
    conn.batch_execute(&make).await.unwrap();
    let url = login(&admin, &owner);

    let ids = [OrganizationId::generate(), OrganizationId::generate()];
    for id in ids {
        let app = serving(&url, id).await;
        let ann = app.operator(operator("Ann")).await;
        let source = app.source("bot", &[(&ann, 1)]).await;
        app.contact(&source).await;
        let all = app.list_contacts(ListContactsRequest::default()).await;
        assert_eq!(all.len(), 1);
        assert!(verify::run(&url, false).await.unwrap().is_empty());
    }
    let db = Db::new(&url, 1, Duration::from_secs(1)).unwrap();
    let state = db.read(ids[0], state).await.unwrap();
    assert_eq!(state.role, owner);
    let leads = db.read(ids[0], async |conn| {
        let query = "SELECT id::text AS role, NULL AS organization, NULL AS user FROM leads";
        Ok(sql_query(query).get_results::<State>(&mut &**conn).await?)
    });
    assert_eq!(leads.await.unwrap().len(), 1);
}

/// With the roles of `deploy/roles.sql`: who serves may not migrate, and waits
/// until it has been done.
#[tokio::test]
async fn one_login_migrates_and_another_serves() {
    let admin = empty_database().await;
    let mut conn = Conn::establish(&admin).await.unwrap();
    let roles = include_str!("../../../deploy/roles.sql");
    conn.batch_execute(roles).await.unwrap();
    let passwords = "ALTER ROLE minicrm PASSWORD 'minicrm';
                     ALTER ROLE minicrm_migrator PASSWORD 'minicrm_migrator'";
    conn.batch_execute(passwords).await.unwrap();

    let url = login(&admin, "minicrm");
    let refused = migrations::run(&url).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let done = migrations::run(&login(&admin, "minicrm_migrator")).await;
    assert!(done.unwrap() > 0);
    let id = OrganizationId::generate();
    let app = serving(&url, id).await;
    let ann = app.operator(operator("Ann")).await;
    app.contact(&app.source("bot", &[(&ann, 1)]).await).await;
    let db = Db::new(&url, 1, Duration::from_secs(1)).unwrap();
    let inside = db.read(id, state).await.unwrap();
    assert_eq!(inside.role, "minicrm");
    assert!(verify::run(&url, false).await.unwrap().is_empty());
}

/// The URL of the same database for this login, whose password is its name.
fn login(url: &str, name: &str) -> String {
    let (_, place) = url.rsplit_once('@').unwrap();
    format!("postgres://{name}:{name}@{place}")
}

#[tokio::test]
async fn a_database_that_was_never_migrated_is_refused() {
    let url = empty_database().await;
    verify::run(&url, false).await.unwrap_err();
    migrations::run(&url).await.unwrap();
    assert!(verify::run(&url, false).await.unwrap().is_empty());
}
