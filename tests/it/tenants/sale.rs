//! Tasks and timelines of others: as if there were none.

use minicrm::proto::{
    Activity, CompleteTaskRequest, CreateCommentRequest, CreateTaskRequest, Deal,
    DeleteTaskRequest, GetTaskRequest, ListActivitiesRequest, ListTasksRequest, ReopenTaskRequest,
    Task, UpdateTaskRequest,
};
use tonic::Code;
use uuid::Uuid;

use super::{
    pair::{Pair, blind, with},
    tenant::Tenant,
};
use crate::support::{App, assert_invalid, call, request_id};

/// A deal with two tasks, one of them done.
struct Sale {
    app: App,
    deal: Deal,
    tasks: [Task; 2],
}

impl Sale {
    async fn of(tenant: &Tenant, marker: &str) -> Self {
        let app = tenant.app.clone();
        let deal = app.deal(&format!("{marker}-deal")).await;
        let tasks = [
            app.task(&deal, &format!("{marker}-call")).await,
            app.task(&deal, &format!("{marker}-write")).await,
        ];
        let request = with!(CompleteTaskRequest {
            id: tasks[1].id.clone()
        });
        call!(app.tasks.complete_task(request)).unwrap();
        app.comment(&deal, &format!("{marker}-comment"))
            .await
            .unwrap();
        Self { app, deal, tasks }
    }

    async fn everything(&self) -> (Vec<Task>, Vec<Activity>) {
        let app = &self.app;
        let tasks = call!(app.tasks.list_tasks(ListTasksRequest::default())).unwrap();
        (tasks.tasks, app.timeline(&self.deal).await)
    }
}

#[tokio::test]
async fn tasks_and_timelines_of_others_are_not_there() {
    let pair = Pair::new().await;
    let (a, b) = (
        Sale::of(&pair.a, "of-a").await,
        Sale::of(&pair.b, "of-b").await,
    );
    let before = (b.everything().await, pair.b.everything().await);
    let [own, _] = &a.tasks;
    let change = |task| with!(UpdateTaskRequest { task: Some(task) });
    let title = || "Taken".to_owned();
    for task in &b.tasks {
        blind! { pair, task.id, NotFound:
            tasks.get_task(|id| GetTaskRequest { id });
            tasks.update_task(|id| change(with!(Task { id: id, title: title() })));
            tasks.complete_task(|id| with!(CompleteTaskRequest { id: id }));
            tasks.reopen_task(|id| with!(ReopenTaskRequest { id: id }));
            tasks.delete_task(|id| with!(DeleteTaskRequest { id: id }));
        }
    }
    let create = |task| with!(CreateTaskRequest { task: Some(task) });
    blind! { pair, b.deal.id, NotFound:
        tasks.create_task(|id| create(with!(Task { deal_id: id, title: title() })));
        activities.list_activities(|id| with!(ListActivitiesRequest { deal_id: id }));
        activities.create_comment(|id| with!(CreateCommentRequest { deal_id: id, text: title() }));
    }
    blind! { pair, b.deal.id, InvalidArgument:
        tasks.update_task(|id| change(with!(Task { id: own.id.clone(), deal_id: id })));
    }
    blind! { pair, pair.b.member.id, NotFound:
        tasks.create_task(|id| create(with!(Task {
            deal_id: a.deal.id.clone(), title: title(), assignee_user_id: id
        })));
        tasks.update_task(|id| change(with!(Task { id: own.id.clone(), assignee_user_id: id })));
    }
    blind! { pair, b.deal.id, Ok:
        tasks.list_tasks(|id| with!(ListTasksRequest { deal_id: id }));
    }
    blind! { pair, pair.b.member.id, Ok:
        tasks.list_tasks(|id| with!(ListTasksRequest { assignee_user_id: id }));
    }
    assert_eq!((b.everything().await, pair.b.everything().await), before);
}

#[tokio::test]
async fn pages_of_tasks_and_timelines_lead_nowhere_for_others() {
    let pair = Pair::new().await;
    let (a, b) = (
        Sale::of(&pair.a, "of-a").await,
        Sale::of(&pair.b, "of-b").await,
    );
    let (asked, owner) = (&a.app, &b.app);
    let tasks = |order_by: &str| {
        with!(ListTasksRequest {
            page_size: 1,
            order_by: order_by.to_owned()
        })
    };
    for list in [tasks(""), tasks("due_date")] {
        let first = call!(owner.tasks.list_tasks(list.clone())).unwrap();
        let next = ListTasksRequest {
            page_token: first.next_page_token,
            ..list
        };
        call!(owner.tasks.list_tasks(next.clone())).unwrap();
        assert_invalid(call!(asked.tasks.list_tasks(next)), &["page_token"]);
    }
    let list = with!(ListActivitiesRequest {
        page_size: 1,
        deal_id: b.deal.id.clone()
    });
    let first = call!(owner.activities.list_activities(list.clone())).unwrap();
    let next = ListActivitiesRequest {
        page_token: first.next_page_token,
        ..list
    };
    call!(owner.activities.list_activities(next.clone())).unwrap();
    let outcome = call!(asked.activities.list_activities(next.clone()));
    assert_invalid(outcome, &["page_token"]);
    let other = ListActivitiesRequest {
        deal_id: a.deal.id.clone(),
        ..next
    };
    for app in [asked, owner] {
        let outcome = call!(app.activities.list_activities(other.clone()));
        assert_invalid(outcome, &["page_token"]);
    }
}

/// The answer that was kept for another is not given.
#[tokio::test]
async fn work_of_others_is_not_repeated() {
    let pair = Pair::new().await;
    let b = Sale::of(&pair.b, "of-b").await;
    let request_id = request_id();
    let again = || request_id.clone();
    let text = || "New".to_owned();
    macro_rules! repeated {
        ($id:expr; $($service:ident.$method:ident($request:expr);)*) => {$(
            let done = &b.app;
            let request = $request;
            call!(done.$service.$method(request($id.clone()))).unwrap();
            blind! { pair, $id, NotFound: $service.$method(request); }
        )*};
    }
    repeated! { b.deal.id;
        tasks.create_task(|id| CreateTaskRequest {
            task: Some(with!(Task { deal_id: id, title: text() })), request_id: again()
        });
        activities.create_comment(|id| CreateCommentRequest {
            deal_id: id, text: text(), request_id: again()
        });
    }
    repeated! { b.tasks[0].id;
        tasks.update_task(|id| with!(UpdateTaskRequest {
            task: Some(with!(Task { id: id, title: text() })), request_id: again()
        }));
        tasks.complete_task(|id| with!(CompleteTaskRequest { id: id, request_id: again() }));
        tasks.reopen_task(|id| with!(ReopenTaskRequest { id: id, request_id: again() }));
        tasks.delete_task(|id| with!(DeleteTaskRequest { id: id, request_id: again() }));
    }
}
