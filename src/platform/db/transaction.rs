//! Transactions that are retried, in as few round trips as they allow. A unit of
//! work always ends its transaction: it runs in a task of its own (see `rpc`),
//! so that a caller who hangs up cannot leave one open.

use std::{
    borrow::Cow,
    ops::Deref,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use diesel::sql_query;
use diesel_async::{
    AnsiTransactionManager, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
};
use futures_util::{future::try_join, join};
use rand::RngExt;
use tokio::time::Instant;
use tracing::Instrument;

use super::{Checkout, Conn, Db, Prepared, Scope, changes::Changes};
use crate::{
    error::{Error, Result},
    platform::telemetry::{metrics, trace::span},
};

/// How often a transaction is tried that others get in the way of.
const MAX_ATTEMPTS: u32 = 20;

/// How long before the deadline the database has to be done.
const ANSWER_TIME: Duration = Duration::from_millis(10);

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
}

impl Db {
    /// The same database, for what waits for a lock for at most so long.
    #[must_use]
    pub fn with_lock_timeout(&self, lock_timeout: Duration) -> Self {
        Self {
            lock_timeout,
            ..self.clone()
        }
    }

    /// Runs `work` in a transaction and commits if it succeeds. If concurrent
    /// transactions get in its way, or the connection turns out to be dead
    /// before the commit, all of it is done again (the latter once).
    pub async fn transaction<S, T, F>(&self, scope: S, work: F) -> Result<T>
    where
        S: Scope,
        T: Send,
        for<'c> F: AsyncFnOnce(&'c Transaction<S>) -> Result<T>
            + AsyncFnOnceSend<&'c Transaction<S>, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        self.run_with_retry("BEGIN", &scope, Access::Write, work)
            .await
    }

    /// The same for `work` that only reads: the end of its transaction is not
    /// waited for.
    pub async fn read<S, T, F>(&self, scope: S, work: F) -> Result<T>
    where
        S: Scope,
        T: Send,
        for<'c> F: AsyncFnOnce(&'c Transaction<S>) -> Result<T>
            + AsyncFnOnceSend<&'c Transaction<S>, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        self.run_with_retry("BEGIN READ ONLY", &scope, Access::Read, work)
            .await
    }

    async fn run_with_retry<S, T, F>(
        &self,
        begin: &str,
        scope: &S,
        access: Access,
        work: F,
    ) -> Result<T>
    where
        S: Scope,
        T: Send,
        for<'c> F: AsyncFnOnce(&'c Transaction<S>) -> Result<T>
            + AsyncFnOnceSend<&'c Transaction<S>, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        // They go together, in one round trip.
        let (settings, lock_timeout) = (scope.settings(), self.lock_timeout.as_millis());
        let begin = &format!("{begin}; {settings}; SET LOCAL lock_timeout = {lock_timeout}");
        let mut attempt = 1;
        loop {
            let span = span!("transaction", attempt);
            let tried = self.attempt(begin, scope, access, work.clone());
            let error = match tried.instrument(span).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if let Error::Busy = error.cause {
                // It took too long because the call had no more time.
                self.within_deadline(begin)?;
            }
            let lost = error.cause.is_connection_lost();
            if !error.retry || attempt == MAX_ATTEMPTS || (lost && attempt > 1) {
                return Err(error.cause);
            }
            metrics::retried(&error.cause);
            tracing::debug!(attempt, cause = error.cause.chain(), "transaction retried");
            #[expect(clippy::disallowed_methods, reason = "decides nothing but a pause")]
            let pause = rand::rng().random_range(1..=5 * u64::from(attempt));
            tokio::time::sleep(Duration::from_millis(pause)).await;
            attempt += 1;
        }
    }

    /// The same with what is left of the time until the deadline for each statement
    /// that follows. Refuses when there is no time left.
    fn within_deadline<'a>(&self, begin: &'a str) -> Result<Cow<'a, str>> {
        let Some(deadline) = self.deadline else {
            return Ok(begin.into());
        };
        let left = deadline
            .checked_duration_since(Instant::now() + ANSWER_TIME)
            .map_or(0, |left| left.as_millis());
        if left == 0 {
            return Err(Error::DeadlineExceeded);
        }
        Ok(format!("{begin}; SET LOCAL statement_timeout = {left}").into())
    }

    async fn attempt<S, T, F>(
        &self,
        begin: &str,
        scope: &S,
        access: Access,
        work: F,
    ) -> Result<T, Failed>
    where
        S: Scope,
        T: Send,
        for<'c> F: AsyncFnOnce(&'c Transaction<S>) -> Result<T>
            + AsyncFnOnceSend<&'c Transaction<S>, Result<T>, Future: Send>
            + Send,
    {
        let checkout = self.checkout(scope).await.map_err(Failed::for_good)?;
        let begin = self.within_deadline(begin).map_err(Failed::for_good)?;
        let transaction = Transaction {
            scope: scope.clone(),
            checkout,
            committing: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            changes: Changes::default(),
        };
        // BEGIN is not waited for: the first statements follow it at once.
        let worked = try_join(transaction.begin(&begin), work(&transaction)).await;
        let committing = AtomicBool::load(&transaction.committing, Ordering::Relaxed);
        if access == Access::Read {
            if !committing {
                #[expect(clippy::disallowed_methods, reason = "nobody waits for it")]
                tokio::spawn(transaction.end_read().in_current_span());
            }
            return worked
                .map(|((), answer)| answer)
                .map_err(Failed::before_commit);
        }
        match worked.and_then(|done| transaction.changes.check_written().map(|()| done)) {
            Ok(((), answer)) if committing => Ok(answer),
            Ok(((), answer)) => {
                transaction.end("COMMIT").await.map_err(Failed::at_commit)?;
                Ok(answer)
            }
            Err(cause) if committing => Err(Failed::at_commit(cause)),
            Err(cause) => {
                if let Err(error) = transaction.end("ROLLBACK").await {
                    tracing::debug!(error = error.chain(), "rollback failed");
                }
                Err(Failed::before_commit(cause))
            }
        }
    }
}

/// An open transaction: a connection to send statements by. It commits when the
/// work has succeeded, or with its last statements. It knows whose rows it can meet.
pub struct Transaction<S> {
    pub(super) scope: S,
    checkout: Checkout,
    committing: AtomicBool,
    ended: AtomicBool,
    pub(super) changes: Changes,
}

impl<S> Deref for Transaction<S> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.checkout.conn
    }
}

impl<S> Transaction<S> {
    async fn begin(&self, statements: &str) -> Result<()> {
        Ok((&**self).batch_execute(statements).await?)
    }

    async fn end_read(self) {
        if let Err(error) = self.end("COMMIT").await {
            tracing::debug!(error = error.chain(), "commit of a read failed");
        }
    }

    /// Sends the transaction's last statements and, not waiting for their
    /// answers, COMMIT. They must be sent in one go, none waiting for the answer
    /// of another, and may only fail if the database refuses them: Postgres then
    /// turns the COMMIT into a rollback.
    pub async fn commit_with<T>(&self, last: impl Future<Output = Result<T>>) -> Result<T> {
        self.committing.store(true, Ordering::Relaxed);
        let (answer, committed) = join!(last, self.end("COMMIT"));
        let answer = answer?;
        committed?;
        Ok(answer)
    }

    /// Prepared like all others: each waits for those before it to be sent.
    async fn end(&self, statement: &'static str) -> Result<()> {
        Prepared(sql_query(statement)).execute(&mut &**self).await?;
        self.ended.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl<S> Drop for Transaction<S> {
    /// A connection that may still be in a transaction is not used again.
    fn drop(&mut self) {
        if !AtomicBool::load(&self.ended, Ordering::Relaxed) {
            AnsiTransactionManager::transaction_manager_status_mut(&mut *self.checkout.conn)
                .set_in_error();
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
    fn for_good(cause: Error) -> Self {
        Self {
            cause,
            retry: false,
        }
    }

    fn before_commit(cause: Error) -> Self {
        let retry = cause.is_transient() || cause.is_connection_lost();
        Self { cause, retry }
    }

    /// A connection lost here leaves open whether the commit took place.
    fn at_commit(cause: Error) -> Self {
        let retry = cause.is_transient();
        Self { cause, retry }
    }
}

/// An async closure whose future is `Send`. Works around the lack of return-type notation
/// (`F(..): Send`): delete it once that is stable. (The closures of transactions are
/// `Clone` when they capture references only; that is what allows a second attempt.)
pub trait AsyncFnOnceSend<A, R>:
    AsyncFnOnce(A) -> R + FnOnce(A) -> <Self as AsyncFnOnceSend<A, R>>::Future
{
    /// The closure's future.
    type Future: Future<Output = R>;
}

impl<F, A, Fut, R> AsyncFnOnceSend<A, R> for F
where
    F: AsyncFnOnce(A) -> R + FnOnce(A) -> Fut,
    Fut: Future<Output = R>,
{
    type Future = Fut;
}
