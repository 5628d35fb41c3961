//! Deals with their tasks and timelines.

use minicrm::proto::{
    Activity, CreateCommentRequest, CreateDealRequest, CreateLeadRequest, CreateTaskRequest, Deal,
    Lead, ListActivitiesRequest, Task,
};
use tonic::Status;

use super::{App, call};

impl App {
    /// Creates a deal of the caller, with a lead of its own.
    pub async fn deal(&self, title: &str) -> Deal {
        let request = CreateLeadRequest {
            lead: Some(Lead {
                name: title.to_owned(),
                ..Lead::default()
            }),
            ..Default::default()
        };
        let lead = call!(self.leads.create_lead(request)).unwrap();
        self.deal_with(&lead.id, title).await
    }

    /// Creates a deal of the caller with this lead.
    pub async fn deal_with(&self, lead_id: &str, title: &str) -> Deal {
        let request = CreateDealRequest {
            deal: Some(Deal {
                lead_id: lead_id.to_owned(),
                title: title.to_owned(),
                ..Deal::default()
            }),
            ..Default::default()
        };
        call!(self.deals.create_deal(request)).unwrap()
    }

    /// Creates a task.
    pub async fn create_task(&self, task: Task) -> Result<Task, Status> {
        let request = CreateTaskRequest {
            task: Some(task),
            ..Default::default()
        };
        call!(self.tasks.create_task(request))
    }

    /// Creates a task of a deal.
    pub async fn task(&self, deal: &Deal, title: &str) -> Task {
        let task = Task {
            deal_id: deal.id.clone(),
            title: title.to_owned(),
            ..Task::default()
        };
        self.create_task(task).await.unwrap()
    }

    /// Comments on a deal.
    pub async fn comment(&self, deal: &Deal, text: &str) -> Result<Activity, Status> {
        let request = CreateCommentRequest {
            deal_id: deal.id.clone(),
            text: text.to_owned(),
            ..Default::default()
        };
        call!(self.activities.create_comment(request))
    }

    /// What happened to a deal, newest first.
    pub async fn timeline(&self, deal: &Deal) -> Vec<Activity> {
        let request = ListActivitiesRequest {
            page_size: 1000,
            deal_id: deal.id.clone(),
            ..Default::default()
        };
        call!(self.activities.list_activities(request))
            .unwrap()
            .activities
    }
}
