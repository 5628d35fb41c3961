//! `ListTasks`, against a list kept by the test.

use std::cmp::Reverse;

use minicrm::proto::{Date, Deal, ListTasksRequest, Task};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use uuid::Uuid;

use super::{complete, day, task};
use crate::support::{App, call};

/// All pages of a list, of seven each.
async fn all(app: &App, mut request: ListTasksRequest) -> Vec<Task> {
    let mut tasks = Vec::new();
    request.page_size = 7;
    request.include_total = true;
    loop {
        let page = call!(app.tasks.list_tasks(request.clone())).unwrap();
        assert!(page.tasks.len() <= 7);
        tasks.extend(page.tasks);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            let total = (page.total_size, page.total_size_is_lower_bound);
            assert_eq!(total, (i64::try_from(tasks.len()).unwrap(), false));
            return tasks;
        }
    }
}

/// The day as a number; after all others if there is none.
fn number(date: Option<Date>) -> i32 {
    date.map_or(i32::MAX, |date| {
        (date.year * 16 + date.month) * 32 + date.day
    })
}

/// Tasks of two deals and two assignees, or nobody: some done, some due, on few
/// days, past ones too.
async fn some_tasks(app: &App, deals: &[Deal; 2], assignees: &[String; 3]) -> Vec<Task> {
    let mut rng = SmallRng::seed_from_u64(7);
    let soon = day(app, "UTC", 3).await;
    for _ in 0..80 {
        let made = Task {
            assignee_user_id: assignees[rng.random_range(0..3)].clone(),
            due_date: rng.random_bool(0.7).then_some(soon),
            ..task(&deals[rng.random_range(0..2)])
        };
        let made = app.create_task(made).await.unwrap();
        if rng.random_bool(0.3) {
            complete(app, &made).await.unwrap();
        }
    }
    app.execute(
        "UPDATE tasks SET due_date = due_date - 7 + get_byte(uuid_send(id), 15) % 8
         WHERE due_date IS NOT NULL",
    )
    .await;
    let tasks = all(app, ListTasksRequest::default()).await;
    assert_eq!(tasks.len(), 80);
    assert!(tasks.is_sorted_by_key(|task| Reverse(task.id.clone())));
    tasks
}

/// What the request asks for, as the test understands it.
fn expected(tasks: &[Task], request: &ListTasksRequest, today: Date) -> Vec<Task> {
    let is = |asked: &String, found: &String| asked.is_empty() || asked == found;
    let due = |task: &Task| task.due_date.map(|date| number(Some(date)));
    let mut found: Vec<_> = tasks
        .iter()
        .filter(|task| {
            is(&request.deal_id, &task.deal_id)
                && is(&request.assignee_user_id, &task.assignee_user_id)
                && (!request.without_assignee || task.assignee_user_id.is_empty())
                && !(request.only_open && task.done)
                && !(request.overdue
                    && (task.done || due(task).is_none_or(|day| day >= number(Some(today)))))
                && request
                    .due_before
                    .is_none_or(|end| due(task).is_some_and(|day| day < number(Some(end))))
                && request
                    .due_after
                    .is_none_or(|end| due(task).is_some_and(|day| day > number(Some(end))))
        })
        .cloned()
        .collect();
    let by_day = request.order_by.starts_with("due_date");
    found.sort_by_key(|task| {
        let key = if by_day { number(task.due_date) } else { 0 };
        (key, task.id.clone())
    });
    if request.order_by.is_empty() || request.order_by.ends_with("desc") {
        found.reverse();
    }
    found
}

/// Every combination of filters in every order. Mutants: a page that begins by its
/// day only; undated tasks due after a day.
#[tokio::test(flavor = "multi_thread")]
async fn lists_have_what_is_asked_for_in_order() {
    let app = App::start().await;
    let deals = [app.deal("One").await, app.deal("Two").await];
    let assignees = [0, 1].map(|_| Uuid::now_v7().to_string());
    let [ann, bob] = assignees.clone();
    let tasks = some_tasks(&app, &deals, &[ann.clone(), bob, String::new()]).await;
    let today = day(&app, "UTC", 0).await;
    let [from, to] = [day(&app, "UTC", -3).await, day(&app, "UTC", 2).await];
    let mut found = 0;
    for order_by in ["", "create_time asc", "due_date", "due_date desc"] {
        for deal_id in [String::new(), deals[0].id.clone()] {
            for (assignee_user_id, without_assignee) in [
                (String::new(), false),
                (ann.clone(), false),
                (String::new(), true),
            ] {
                for (only_open, overdue) in [(false, false), (true, false), (false, true)] {
                    for (after, before) in [
                        (None, None),
                        (Some(from), None),
                        (None, Some(to)),
                        (Some(from), Some(to)),
                        (Some(to), Some(from)),
                    ] {
                        let request = ListTasksRequest {
                            deal_id: deal_id.clone(),
                            assignee_user_id: assignee_user_id.clone(),
                            without_assignee,
                            only_open,
                            overdue,
                            due_after: after,
                            due_before: before,
                            order_by: order_by.to_owned(),
                            ..Default::default()
                        };
                        let expected = expected(&tasks, &request, today);
                        found += expected.len();
                        assert_eq!(all(&app, request.clone()).await, expected, "{request:?}");
                    }
                }
            }
        }
    }
    assert!(found > 1_000, "{found}");
}
