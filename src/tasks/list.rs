//! `TaskService.ListTasks`.

use super::store::{self, Filter};
use crate::{
    context::Context,
    error::Result,
    organizations,
    page::Pager,
    proto::{self, ListTasksRequest, ListTasksResponse},
    validate::Violations,
};

pub async fn list_tasks(context: Context, request: ListTasksRequest) -> Result<ListTasksResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let v = &mut violations;
    let pager = Pager::parse(v, organization_id, &request);
    let filter = Filter {
        deal_id: v.optional_id("deal_id", &request.deal_id),
        assignee_user_id: v.optional_id("assignee_user_id", &request.assignee_user_id),
        only_open: request.only_open || request.overdue,
        due_before: v.date("due_before", request.due_before),
        due_after: v.date("due_after", request.due_after),
    };
    violations.finish()?;
    let (filter, page, overdue) = (&filter, pager.page, request.overdue);
    let tasks = context
        .read_stale(async |conn| {
            let mut filter = filter.clone();
            if overdue {
                let today = organizations::store::today(conn, organization_id).await?;
                filter.due_before = Some(filter.due_before.map_or(today, |day| day.min(today)));
            }
            store::list(conn, organization_id, &filter, page).await
        })
        .await?;
    let (tasks, next_page_token) = pager.finish_by_key(tasks, |task| task.place(page.order));
    Ok(ListTasksResponse {
        tasks: tasks.into_iter().map(proto::Task::from).collect(),
        next_page_token,
    })
}
