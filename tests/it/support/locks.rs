//! Locks that others wait for.

use diesel_async::SimpleAsyncConnection;
use minicrm::platform::db::Conn;

use super::{App, until};

impl App {
    /// Locks all operators, until the connection rolls back.
    pub async fn hold_operators(&self) -> Conn {
        let mut conn = self.database().await;
        let hold = "BEGIN; SELECT FROM operators FOR UPDATE";
        conn.batch_execute(hold).await.unwrap();
        conn
    }

    /// How many connections to the database wait for a lock.
    pub async fn waiting(&self) -> i64 {
        let waiting = "SELECT FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.count(waiting).await
    }

    /// Waits until somebody, or nobody, waits for a lock.
    pub async fn until_waiting(&self, some: bool) {
        until("somebody, or nobody, waits for a lock", async || {
            (self.waiting().await > 0) == some
        })
        .await;
    }

    /// Waits until so many wait for a lock.
    pub async fn until_waiting_are(&self, count: i64) {
        until("so many wait for a lock", async || {
            self.waiting().await >= count
        })
        .await;
    }
}
