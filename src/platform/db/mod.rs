//! The connection pool, transactions that are retried, and what queries share.

mod changes;
mod connect;
mod replica;
mod scope;
pub mod search;
mod tenant;
mod tenant_bulkhead;
mod tls;
mod transaction;

use std::{sync::Arc, time::Duration};

pub use connect::{Conn, Connector};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::BigInt,
};
use diesel_async::{
    RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::FutureExt;
use prometheus::Histogram;
pub use replica::Replica;
pub use scope::{AllOrganizations, NoTenant, Scope, TheseOrganizations};
pub use tenant::TenantTx;
use tenant_bulkhead::Permit;
pub use tenant_bulkhead::TenantBulkhead;
use tokio::time::Instant;
pub use transaction::{AsyncFnOnceSend, Transaction};

use crate::{
    error::{Error, Result},
    ids::OrganizationId,
    platform::telemetry::metrics,
    schema::organizations,
};

/// How long to wait for a connection of the pool.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);

/// What every connection is told first. Nothing that correctness depends on, and the
/// same for all: behind a pooler the next transaction may have another's connection.
/// Statements are planned once per connection, perhaps while a table is small:
/// without sequential scans the plan is right when it has grown, too. Planning
/// them anew for each set of parameters, or compiling them, would take longer
/// than most of them run. (Citus finds the shard of a statement by its parameters.)
///
/// But for the role: superusers pass all policies, so the service does not act as
/// one, whoever it has logged in as.
const SESSION: &str = "SET application_name = 'minicrm'; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '5s'; \
     SET enable_seqscan = off; SET jit = off; \
     SELECT set_config('plan_cache_mode', 'force_generic_plan', false) \
     WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'); \
     SELECT set_config('role', 'minicrm_app', false) FROM pg_roles \
     WHERE rolname = current_user AND (rolsuper OR rolbypassrls)";

/// The database.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Conn>,
    /// How long a statement waits for a lock.
    lock_timeout: Duration,
    /// When what is done with it has to end, if it has to.
    deadline: Option<Instant>,
    measured: Option<(&'static str, Histogram)>,
    bulkhead: Option<Arc<TenantBulkhead>>,
}

/// A connection in use.
struct Checkout {
    conn: Object<Conn>,
    /// The permit of its organization, which is free again when the connection is.
    _permit: Option<Permit>,
}

impl Db {
    /// A pool of at most `size` connections to `url`; none is opened yet. A
    /// statement waits for a lock for at most `lock_timeout`.
    pub fn new(url: &str, size: usize, lock_timeout: Duration) -> Result<Self> {
        let connector = Connector::new(url)?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| {
            let connector = connector.clone();
            async move {
                let mut conn = connector.connect().await?;
                conn.batch_execute(SESSION)
                    .await
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(conn)
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder(manager)
            .max_size(size)
            .build()
            .map_err(Error::internal)?;
        Ok(Self {
            pool,
            lock_timeout,
            deadline: None,
            measured: None,
            bulkhead: None,
        })
    }

    /// The same, known to the metrics by this name.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self {
            measured: Some((name, metrics::pool_wait(name))),
            ..self
        }
    }

    /// The same database, where no organization takes more connections than this allows.
    #[must_use]
    pub fn within_bulkhead(&self, bulkhead: &Arc<TenantBulkhead>) -> Self {
        Self {
            bulkhead: Some(Arc::clone(bulkhead)),
            ..self.clone()
        }
    }

    /// The same database, for what has to end by then.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self.clone()
        }
    }

    /// Tells the metrics how many connections there are.
    pub fn measure(&self) {
        if let Some((name, _)) = &self.measured {
            let status = self.pool.status();
            let in_use = status.size.saturating_sub(status.available);
            metrics::set_pool(name, in_use, status.available, status.max_size);
        }
    }

    /// Closes the pool: there are no connections any more.
    pub fn close(&self) {
        self.pool.close();
    }

    /// A connection for what is done in this scope.
    async fn checkout(&self, scope: &impl Scope) -> Result<Checkout> {
        let asked = Instant::now();
        let checkout = async {
            let permit = match (&self.bulkhead, scope.tenant()) {
                (Some(bulkhead), Some(id)) => bulkhead.acquire(id).await,
                _ => None,
            };
            let conn = self.pool.get().await?;
            Ok(Checkout {
                conn,
                _permit: permit,
            })
        };
        let outcome = tokio::time::timeout(POOL_TIMEOUT, checkout).await;
        if let Some((_, wait)) = &self.measured {
            wait.observe(asked.elapsed().as_secs_f64());
        }
        match outcome {
            Ok(checkout) => checkout,
            Err(_) => Err(Error::overloaded("pool")),
        }
    }

    async fn conn(&self) -> Result<Object<Conn>> {
        Ok(self.checkout(&NoTenant).await?.conn)
    }

    /// The ids of all organizations that are not closed, for what is done in each of them.
    pub async fn organizations(&self) -> Result<Vec<OrganizationId>> {
        self.read(AllOrganizations, async |conn| {
            Ok(organizations::table
                .filter(organizations::delete_time.is_null())
                .order(organizations::id)
                .select(organizations::id)
                .load(&mut &**conn)
                .await?)
        })
        .await
    }

    /// How many bytes of changes it has seen, ever: a primary has written them, a
    /// replica has made them its own.
    async fn log_position(&self) -> Result<i64> {
        #[derive(QueryableByName)]
        struct Position {
            #[diesel(sql_type = BigInt)]
            position: i64,
        }
        let conn = self.conn().await?;
        let found: Position = diesel::sql_query(
            "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                 ELSE pg_current_wal_lsn() END - '0/0')::bigint AS position",
        )
        .get_result(&mut &*conn)
        .await?;
        Ok(found.position)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let conn = self.conn().await?;
        diesel::sql_query("SELECT 1").execute(&mut &*conn).await?;
        Ok(())
    }
}

/// A query whose SQL text is always the same, so that it is prepared once per
/// connection. Diesel does that by itself for simple selects only.
#[derive(Debug, Clone, Copy)]
pub struct Prepared<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryId> QueryId for Prepared<Q> {
    type QueryId = Q::QueryId;
    const HAS_STATIC_QUERY_ID: bool = Q::HAS_STATIC_QUERY_ID;
}

/// How many rows a query has. Its text is always the same, too.
#[derive(Debug, Clone, Copy)]
pub struct Counted<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(") AS counted");
        Ok(())
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> Query for Counted<Q> {
    type SqlType = BigInt;
}

impl<Q> QueryId for Counted<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A column of rows, to be sent as an array.
pub fn column<'a, R, T>(rows: &[&'a R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(|row| value(row)).collect()
}
