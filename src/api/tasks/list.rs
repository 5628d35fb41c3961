//! `TaskService.ListTasks`.

use crate::{
    call::Context,
    error::Result,
    organizations,
    platform::grpc::{page::Pager, validate::Violations, whose::Whose},
    proto::{self, ListTasksRequest, ListTasksResponse},
    tasks::store::{self, Filter},
};

pub async fn list_tasks(context: Context, request: ListTasksRequest) -> Result<ListTasksResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let v = &mut violations;
    let pager = Pager::parse(v, organization_id, &request);
    let filter = Filter {
        deal_id: v.optional_id("deal_id", &request.deal_id),
        assignee: Whose::parse(
            v,
            ("assignee_user_id", &request.assignee_user_id),
            ("without_assignee", request.without_assignee),
        ),
        only_open: request.only_open || request.overdue,
        due_before: v.date("due_before", request.due_before),
        due_after: v.date("due_after", request.due_after),
    };
    violations.finish()?;
    let (filter, page, overdue) = (&filter, pager.page, request.overdue);
    let tasks = context
        .read_stale(async |tx| {
            let mut filter = filter.clone();
            if overdue {
                let today = organizations::store::today(tx).await?;
                filter.due_before = Some(filter.due_before.map_or(today, |day| day.min(today)));
            }
            store::list(tx, &filter, page).await
        })
        .await?;
    let page = pager.finish(tasks, |task| task.sort_key(page.order), proto::Task::from);
    Ok(ListTasksResponse {
        tasks: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}
