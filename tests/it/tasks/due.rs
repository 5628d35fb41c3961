//! Today, and when tasks are due.

use minicrm::proto::{Date, ListTasksRequest, Organization, Task, UpdateOrganizationRequest};

use super::{complete, day, due, reopen, task, update};
use crate::support::{App, assert_invalid, call, mask};

async fn move_to(app: &App, zone: &str) {
    let request = UpdateOrganizationRequest {
        organization: Some(Organization {
            time_zone: zone.to_owned(),
            ..Organization::default()
        }),
        update_mask: mask(&["time_zone"]),
        ..Default::default()
    };
    call!(app.organizations.update_organization(request)).unwrap();
}

async fn overdue(app: &App) -> Vec<String> {
    let request = ListTasksRequest {
        overdue: true,
        ..Default::default()
    };
    let tasks = call!(app.tasks.list_tasks(request)).unwrap().tasks;
    tasks.into_iter().map(|task| task.title).collect()
}

/// There, it is never the same day. Mutants: today by UTC; by the server's clock.
#[tokio::test]
async fn today_is_what_it_is_in_the_organization() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let mut days = Vec::new();
    for zone in ["Etc/GMT+12", "Pacific/Kiritimati"] {
        move_to(&app, zone).await;
        // Until no midnight came between.
        loop {
            let [yesterday, today] = [day(&app, zone, -1).await, day(&app, zone, 0).await];
            let due_by = |date| Task {
                due_date: Some(date),
                title: zone.to_owned(),
                ..task(&deal)
            };
            let late = app.create_task(due_by(yesterday)).await;
            let made = app.create_task(due_by(today)).await;
            if day(&app, zone, 0).await != today {
                continue;
            }
            assert_invalid(late, &["task.due_date"]);
            assert_eq!(made.unwrap().due_date, Some(today));
            days.push(today);
            break;
        }
        let late: Vec<String> = overdue(&app).await;
        assert_eq!(late.is_empty(), zone == "Etc/GMT+12");
    }
    assert_ne!(days[0], days[1]);
    assert!(overdue(&app).await.iter().all(|zone| zone == "Etc/GMT+12"));
}

/// Mutants: any due date in a mask is judged; that of a done task is.
#[tokio::test]
async fn a_due_date_is_judged_when_it_changes_and_the_task_is_not_done() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let [late, later] = [day(&app, "UTC", -5).await, day(&app, "UTC", 5).await];
    let made = app.task(&deal, "Call").await;
    update(&app, &made, due(later), &[]).await.unwrap();
    let yesterday = day(&app, "UTC", -1).await;
    let refused = update(&app, &made, due(yesterday), &[]).await;
    assert_invalid(refused, &["task.due_date"]);

    // It was due, and is not changed.
    let Date { year, month, day } = late;
    app.execute(&format!(
        "UPDATE tasks SET due_date = '{year:04}-{month}-{day}'"
    ))
    .await;
    let same = Task {
        title: "Write".to_owned(),
        ..due(late)
    };
    let updated = update(&app, &made, same, &["*"]).await.unwrap();
    assert_eq!((&*updated.title, updated.due_date), ("Write", Some(late)));

    complete(&app, &made).await.unwrap();
    let updated = update(&app, &made, due(yesterday), &[]).await.unwrap();
    assert_eq!(updated.due_date, Some(yesterday));
    reopen(&app, &made).await.unwrap();
    assert_eq!(overdue(&app).await, ["Write"]);
    assert_invalid(
        update(&app, &made, due(late), &[]).await,
        &["task.due_date"],
    );
    let never = update(&app, &made, Task::default(), &["due_date"]).await;
    assert_eq!(never.unwrap().due_date, None);
    assert_eq!(overdue(&app).await, [""; 0]);
}

#[tokio::test]
async fn a_due_date_is_a_day_of_the_calendar() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let date = |(year, month, day)| Task {
        due_date: Some(Date { year, month, day }),
        ..task(&deal)
    };
    for wrong in [
        (0, 0, 0),
        (0, 1, 1),
        (-1, 1, 1),
        (2100, 0, 1),
        (2100, 1, 0),
        (2100, 13, 1),
        (2100, -1, -1),
        (2100, 2, 29),
        (2100, 4, 31),
        (10_000, 1, 1),
        (i32::MAX, 1, 1),
    ] {
        assert_invalid(app.create_task(date(wrong)).await, &["task.due_date"]);
    }
    for right in [(2104, 2, 29), (9999, 12, 31)] {
        let made = app.create_task(date(right)).await.unwrap();
        assert_eq!(made.due_date, date(right).due_date);
    }
}
