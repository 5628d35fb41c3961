//! `ContactService`: intake, handling, reassignment and history.

mod answers;
mod backlog;
mod batch;
mod history;
mod intake;
mod limits;
mod list;
mod pages;
mod reassign;
mod status;
mod system;
