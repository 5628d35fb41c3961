//! The connection pool, and transactions that are retried. A unit
//! of work always ends its transaction: it runs in a task of its own (see
//! `rpc`), so that a caller who hangs up cannot leave one open.

use std::time::Duration;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures_util::FutureExt;
use rand::RngExt;

use crate::error::{Error, Result};

/// A connection to the database.
pub type Conn = AsyncPgConnection;

/// How often a transaction is tried that others get in the way of.
const MAX_ATTEMPTS: u32 = 20;
/// How long to wait for a connection of the pool.
const POOL_TIMEOUT: Duration = Duration::from_secs(5);

/// What every connection is told first. Nothing that correctness depends on.
/// Statements are planned once per connection, perhaps while a table is small:
/// without sequential scans the plan is right when it has grown, too.
const SESSION: &str = "SET application_name = 'minicrm'; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '5s'; \
     SET enable_seqscan = off";

/// The database.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Conn>,
}

impl Db {
    /// A pool of at most `size` connections to `url`; none is opened yet. A
    /// statement waits for a lock for at most `lock_timeout`.
    pub fn new(url: &str, size: usize, lock_timeout: Duration) -> Result<Self> {
        let session = format!("{SESSION}; SET lock_timeout = {}", lock_timeout.as_millis());
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |url| {
            let session = session.clone();
            async move {
                let mut conn = Conn::establish(url).await?;
                conn.batch_execute(&session)
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
        Ok(Self { pool })
    }

    /// A connection, for single statements.
    pub async fn conn(&self) -> Result<Object<Conn>> {
        match tokio::time::timeout(POOL_TIMEOUT, self.pool.get()).await {
            Ok(conn) => Ok(conn?),
            Err(_) => Err(Error::Overloaded),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let conn = self.conn().await?;
        diesel::sql_query("SELECT 1").execute(&mut &*conn).await?;
        Ok(())
    }

    /// Runs `work` in a transaction and commits if it succeeds. If concurrent
    /// transactions get in its way, or the connection turns out to be dead
    /// before the commit, all of it is done again (the latter once).
    pub async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c mut Conn) -> Result<T>
            + Work<&'c mut Conn, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        let mut attempt = 1;
        loop {
            let error = match self.attempt(work.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let lost = error.cause.is_connection_lost();
            if !error.retry || attempt == MAX_ATTEMPTS || (lost && attempt > 1) {
                return Err(error.cause);
            }
            tracing::debug!(
                attempt,
                cause = error.cause.chain(),
                "transaction is tried again"
            );
            let pause = rand::rng().random_range(1..=5 * u64::from(attempt));
            tokio::time::sleep(Duration::from_millis(pause)).await;
            attempt += 1;
        }
    }

    async fn attempt<T, F>(&self, work: F) -> Result<T, Failed>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c mut Conn) -> Result<T>
            + Work<&'c mut Conn, Result<T>, Future: Send>
            + Send,
    {
        let mut conn = self.conn().await.map_err(|cause| Failed {
            cause,
            retry: false,
        })?;
        let conn: &mut Conn = &mut conn;
        AnsiTransactionManager::begin_transaction(conn)
            .await
            .map_err(Failed::before_commit)?;
        match work(&mut *conn).await {
            Ok(answer) => {
                AnsiTransactionManager::commit_transaction(conn)
                    .await
                    .map_err(Failed::at_commit)?;
                Ok(answer)
            }
            Err(cause) => {
                // If this fails too, the pool throws the connection away.
                if let Err(error) = AnsiTransactionManager::rollback_transaction(conn).await {
                    tracing::debug!(%error, "rollback failed");
                }
                Err(Failed::before_commit(cause))
            }
        }
    }
}

/// A transaction that failed.
struct Failed {
    cause: Error,
    /// Whether nothing was done and doing it again may help.
    retry: bool,
}

impl Failed {
    fn before_commit(cause: impl Into<Error>) -> Self {
        let cause = cause.into();
        let retry = cause.is_transient() || cause.is_connection_lost();
        Self { cause, retry }
    }

    /// A connection lost here leaves open whether the commit took place.
    fn at_commit(cause: impl Into<Error>) -> Self {
        let cause = cause.into();
        let retry = cause.is_transient();
        Self { cause, retry }
    }
}

/// What an async closure is, with a name for its future, so that a bound can
/// ask for it to be `Send`. (The closures of transactions are `Clone` when they
/// capture references only; that is what allows a second attempt.)
pub trait Work<A, R>: AsyncFnOnce(A) -> R + FnOnce(A) -> <Self as Work<A, R>>::Future {
    /// The closure's future.
    type Future: Future<Output = R>;
}

impl<F, A, Fut, R> Work<A, R> for F
where
    F: AsyncFnOnce(A) -> R + FnOnce(A) -> Fut,
    Fut: Future<Output = R>,
{
    type Future = Fut;
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

/// Declares an enum that a text column holds: one variant per text.
macro_rules! text_enum {
    ($(#[$attribute:meta])* $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_attribute])* $variant,)*
        }

        impl $name {
            /// The text in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The variant with this text.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>
                    ::to_sql(self.as_str(), out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(
                bytes: <diesel::pg::Pg as diesel::backend::Backend>::RawValue<'_>,
            ) -> diesel::deserialize::Result<Self> {
                let text = std::str::from_utf8(bytes.as_bytes())?;
                Self::from_text(text).ok_or_else(|| concat!("unknown ", stringify!($name)).into())
            }
        }
    };
}
pub(crate) use text_enum;
