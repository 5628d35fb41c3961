//! `TaskService`: what is to be done about a deal.

mod due;
mod list;
mod roles;
mod rules;

use diesel::{QueryableByName, sql_query, sql_types::Integer};
use diesel_async::RunQueryDsl;
use minicrm::proto::{
    CompleteTaskRequest, Date, Deal, DeleteTaskRequest, GetTaskRequest, ReopenTaskRequest, Task,
    UpdateTaskRequest,
};
use tonic::Status;

use crate::support::{App, call, mask};

/// A task of a deal.
fn task(deal: &Deal) -> Task {
    Task {
        deal_id: deal.id.clone(),
        title: "Call".to_owned(),
        ..Task::default()
    }
}

async fn get(app: &App, task: &Task) -> Result<Task, Status> {
    let id = task.id.clone();
    call!(app.tasks.get_task(GetTaskRequest { id }))
}

async fn update(app: &App, task: &Task, change: Task, paths: &[&str]) -> Result<Task, Status> {
    let request = UpdateTaskRequest {
        task: Some(Task {
            id: task.id.clone(),
            ..change
        }),
        update_mask: mask(paths),
        ..Default::default()
    };
    call!(app.tasks.update_task(request))
}

async fn complete(app: &App, task: &Task) -> Result<Task, Status> {
    let request = CompleteTaskRequest {
        id: task.id.clone(),
        ..Default::default()
    };
    call!(app.tasks.complete_task(request))
}

async fn reopen(app: &App, task: &Task) -> Result<Task, Status> {
    let request = ReopenTaskRequest {
        id: task.id.clone(),
        ..Default::default()
    };
    call!(app.tasks.reopen_task(request))
}

async fn delete(app: &App, task: &Task) -> Result<(), Status> {
    let request = DeleteTaskRequest {
        id: task.id.clone(),
        ..Default::default()
    };
    call!(app.tasks.delete_task(request))
}

#[derive(QueryableByName)]
struct DateRow {
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Integer)]
    month: i32,
    #[diesel(sql_type = Integer)]
    day: i32,
}

/// The day in this time zone, so many days from today, by the database's clock.
async fn day(app: &App, zone: &str, days: i32) -> Date {
    let query = format!(
        "SELECT extract(year FROM date)::int AS year, extract(month FROM date)::int AS month,
                extract(day FROM date)::int AS day
         FROM (SELECT (now() AT TIME ZONE '{zone}')::date + {days} AS date) AS d"
    );
    let conn = &mut app.database().await;
    let DateRow { year, month, day } = sql_query(query).get_result(conn).await.unwrap();
    Date { year, month, day }
}

/// What an update sets the due date to.
fn due(date: Date) -> Task {
    Task {
        due_date: Some(date),
        ..Task::default()
    }
}
