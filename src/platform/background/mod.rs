//! Background work: everything the process does without being called, by one driver.
//!
//! A **task** brings the state of the world closer to what it should be: it deletes what is
//! old enough, folds count deltas that are pending, reloads certificates that have changed.
//! It is written as one function, [`Task::run_once`], and knows nothing of loops, clocks,
//! backoff, logs or metrics. The [`Driver`] does the rest. It *activates* each task
//!
//! * once every [period](Schedule::every), give or take a tenth, so that processes that
//!   start together drift apart;
//! * when its [trigger](Task::trigger) says that there is work, so that a long period does not
//!   mean a long wait;
//! * when somebody asks and waits for it ([`Handle::run_now`]).
//!
//! The set of tasks is in one place, `src/background.rs`, and tests start the same set as
//! `main` does.
//!
//! # Rules for tasks
//!
//! * **Idempotent.** An activation may be cut off anywhere by the end of the process, and may
//!   run at the same time in another one. Each looks at the state anew and does what is
//!   missing. It takes no input: a hint what has changed would be a second way to do the same
//!   thing, one that is not there after a restart.
//! * **Bounded.** Work goes in batches, a transaction each; a statement has its timeout.
//! * **No retries.** A task that fails returns its error. It is activated again after a pause
//!   that doubles, from at most five seconds up to its period (a trigger does not shorten it).
//! * **Organizations do not hold each other up.** What is done in each of them goes through
//!   [`each_organization`]: the error of one is reported, and the others are still served.
//!   Only if all fail has the task failed.
//! * A **panic** is the error of that activation, and no more than that.
//!
//! # What can be seen
//!
//! The log says `background task failed` with the fields `task`, `error` and, where it is one
//! of many, `organization`: at once, and then every minute while it lasts. The metrics
//! `minicrm_background_…` say of each task when it last ran and last succeeded, how often it
//! failed, and how long it takes.
//!
//! # Leases
//!
//! Most tasks look after something in this process and run in every one. Where the work is
//! the same whoever does it, and costs the database something, a task asks for a **lease**
//! ([`Schedule::leased`]): a row of `background_leases`, taken by a conditional UPDATE, which
//! names the holder and when the lease ends. It is no session state and no advisory lock, so
//! a pooler that lends connections for one transaction is no problem. Whoever has the lease
//! may run the task. It lasts one period and longer while the task runs, so that many processes
//! together do about what one would; if the holder dies, another takes over when it has
//! expired. A lease saves work, it protects nothing: clocks may stall and two may run at
//! once, which is why the first rule is the first rule.
//!
//! | task | per process or leased, and why |
//! |---|---|
//! | `fold_count_deltas` | process: folds where this process has counted (`DirtyOrganizations`) |
//! | `write_denials` | process: writes what this process has counted |
//! | `notice_revocations` | process: empties this process's cache of identities |
//! | `check_replica` | process: whether *this* process reaches it |
//! | `reload_tls` | process: its own files |
//! | `read_db_gauges`, `verify_counts` | process: each serves its own metrics page |
//! | `index_lead_texts` | process: twice a second; to ask for a lease costs as much as the work |
//! | `orphan_scan` | leased: reads all organizations for deltas nobody knows of |
//! | `idempotency_retention` | leased: deletes answers kept for repeated requests |
//! | `session_retention` | leased: deletes sessions and tokens that have ended |
//! | `remove_closed_organizations` | leased: deletes what is left of closed organizations |
//!
//! # What is not a task
//!
//! What belongs to one connection or one call (its deadline, its mail that is tried again),
//! what must run before the database is there or without a server (waiting for it, the
//! private Postgres and its log), and health, which is the server's own state.

mod driver;
mod each;
mod lease;
mod replica;
mod runner;
mod schedule;
mod task;
#[cfg(test)]
mod tests;

pub use self::{
    driver::{Driver, Handle},
    each::each_organization,
    replica::CheckReplica,
    schedule::Schedule,
    task::{Outcome, Report, Task},
};
