//! What becomes of what a member leaves.

use minicrm::proto::{
    Contact, ContactStatus, Deal, GetDealRequest, GetTaskRequest, Lead, ListContactsRequest,
    MemberOperators, Operator, OwnerChanged, RemoveMemberRequest, Role, Source, Task,
    UpdateDealRequest, UpdateLeadRequest, UpdateOperatorRequest, UpdateTaskRequest,
    activity::Payload,
};
use tonic::{Code, Status};

use super::roles::Team;
use crate::support::{App, Person, assert_error, assert_invalid, call, mask, operator, request_id};

/// A member with something of everything.
struct Desk {
    team: Team,
    bob: Person,
    bobs: App,
    /// Who is Bob.
    operator: Operator,
    source: Source,
    contacts: Vec<Contact>,
    lead: Lead,
    deal: Deal,
    task: Task,
}

impl Desk {
    async fn new() -> Self {
        let team = Team::new().await;
        let (bob, bobs) = team.member("bob@example.com", Role::Manager).await;
        let anns = &team.anns;
        let linked = Operator {
            user_id: bob.id.clone(),
            ..operator("Bob")
        };
        let operator = anns.operator(linked).await;
        let source = anns.source("bot", &[(&operator, 1)]).await;
        let mut contacts = Vec::new();
        for _ in 0..5 {
            contacts.push(anns.contact(&source).await);
        }
        anns.set_status(&contacts[4], ContactStatus::Closed, false)
            .await
            .unwrap();
        let deal = bobs.deal("Deal").await;
        let task = Task {
            assignee_user_id: bob.id.clone(),
            ..bobs.task(&deal, "Call").await
        };
        let request = UpdateTaskRequest {
            task: Some(task),
            update_mask: mask(&["assignee_user_id"]),
            ..Default::default()
        };
        let task = call!(bobs.tasks.update_task(request)).unwrap();
        Self {
            lead: bobs.get_lead(&deal.lead_id).await,
            team,
            bob,
            bobs,
            operator,
            source,
            contacts,
            deal,
            task,
        }
    }

    fn request(&self, operators: MemberOperators, successor: &str) -> RemoveMemberRequest {
        RemoveMemberRequest {
            user_id: self.bob.id.clone(),
            operators: operators.into(),
            successor_user_id: successor.to_owned(),
            ..Default::default()
        }
    }

    async fn remove(&self, operators: MemberOperators, successor: &str) -> Result<(), Status> {
        let request = self.request(operators, successor);
        let anns = &self.team.anns;
        call!(anns.organizations.remove_member(request))
    }

    /// Who owns the lead and the deal, and is to do the task.
    async fn owners(&self) -> [String; 3] {
        let anns = &self.team.anns;
        let id = |id: &str| id.to_owned();
        let deal = GetDealRequest {
            id: id(&self.deal.id),
        };
        let task = GetTaskRequest {
            id: id(&self.task.id),
        };
        [
            anns.get_lead(&self.lead.id).await.owner_user_id,
            call!(anns.deals.get_deal(deal)).unwrap().owner_user_id,
            call!(anns.tasks.get_task(task)).unwrap().assignee_user_id,
        ]
    }

    async fn backlog(&self) -> usize {
        let request = ListContactsRequest {
            unassigned: true,
            ..Default::default()
        };
        self.team.anns.list_contacts(request).await.len()
    }
}

#[tokio::test]
async fn operators_of_who_is_removed_get_no_contacts() {
    let desk = Box::pin(Desk::new()).await;
    let anns = &desk.team.anns;
    desk.remove(MemberOperators::Unspecified, "").await.unwrap();
    let operator = anns.get_operator(&desk.operator).await;
    assert_eq!((operator.active, operator.load), (Some(false), 0));
    assert_eq!(desk.backlog().await, 4);
    assert!(anns.contact(&desk.source).await.operator_id.is_none());
    let closed = anns.get_contact(&desk.contacts[4]).await;
    assert_eq!(closed.operator_id.as_ref(), Some(&operator.id));
    let bob = &desk.bob.id;
    assert_eq!(desk.owners().await, [bob, bob, bob].map(Clone::clone));
    anns.assert_invariants().await;
}

/// Whoever leaves by themselves leaves the same.
#[tokio::test]
async fn who_leaves_may_say_who_goes_on() {
    let desk = Box::pin(Desk::new()).await;
    let ann = &desk.team.ann.id;
    let request = desk.request(MemberOperators::Release, ann);
    let bobs = &desk.bobs;
    call!(bobs.organizations.remove_member(request)).unwrap();
    assert_eq!(desk.owners().await, [ann, ann, ann].map(Clone::clone));
    assert_eq!(desk.backlog().await, 4);
    let anns = &desk.team.anns;
    let changed = OwnerChanged {
        old_owner_user_id: Some(desk.bob.id.clone()),
        new_owner_user_id: Some(ann.clone()),
    };
    let timeline = anns.timeline(&desk.deal).await;
    assert_eq!(timeline[0].payload, Some(Payload::OwnerChanged(changed)));
    assert_eq!(timeline[0].author_user_id.as_ref(), Some(&desk.bob.id));
    anns.assert_invariants().await;
}

#[tokio::test]
async fn contacts_are_given_to_others_or_kept() {
    let desk = Box::pin(Desk::new()).await;
    let anns = &desk.team.anns;
    let limited = Operator {
        load_limit: Some(3),
        ..operator("Ann")
    };
    let ann = anns.operator(limited).await;
    anns.set_weight(&desk.source, &ann, 1).await.unwrap();
    desk.remove(MemberOperators::Reassign, "").await.unwrap();
    assert_eq!(anns.get_operator(&ann).await.load, 3);
    let bobs = anns.get_operator(&desk.operator).await;
    assert_eq!((bobs.active, bobs.load), (Some(false), 0));
    assert_eq!(desk.backlog().await, 1);
    anns.assert_invariants().await;

    let desk = Box::pin(Desk::new()).await;
    desk.remove(MemberOperators::Keep, "").await.unwrap();
    let kept = desk.team.anns.get_operator(&desk.operator).await;
    assert_eq!((kept.active, kept.load), (Some(true), 4));
}

#[tokio::test]
async fn only_members_go_on() {
    let desk = Box::pin(Desk::new()).await;
    let eve = desk.team.app.user("eve@example.com").await;
    for operators in [MemberOperators::Release, MemberOperators::Reassign] {
        let outcome = desk.remove(operators, &eve.id).await;
        let details = assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
        assert_eq!(details.resource_info().unwrap().resource_type, "member");
        let outcome = desk.remove(operators, &desk.bob.id).await;
        assert_invalid(outcome, &["successor_user_id"]);
    }
    let operator = desk.team.anns.get_operator(&desk.operator).await;
    assert_eq!((operator.active, operator.load), (Some(true), 4));
    // The last owner leaves nothing.
    let request = RemoveMemberRequest {
        user_id: desk.team.ann.id.clone(),
        successor_user_id: desk.bob.id.clone(),
        ..Default::default()
    };
    let anns = &desk.team.anns;
    let deal = anns.deal("Ann's").await;
    let outcome = call!(anns.organizations.remove_member(request));
    assert_error(outcome, Code::FailedPrecondition, "LAST_OWNER");
    let request = GetDealRequest { id: deal.id };
    let deal = call!(anns.deals.get_deal(request)).unwrap();
    assert_eq!(deal.owner_user_id, desk.team.ann.id);
}

/// More than one transaction hands over. A repeated request does nothing, though the member
/// has come back and owns things again.
#[tokio::test]
async fn thousands_are_handed_over() {
    let desk = Box::pin(Desk::new()).await;
    let (bob, ann) = (&desk.bob.id, &desk.team.ann.id);
    let (organization, lead) = (&desk.team.acme.id, &desk.lead.id);
    desk.team
        .app
        .execute(&format!(
            "INSERT INTO leads (organization_id, id, name, owner_user_id)
             SELECT '{organization}', gen_random_uuid(), 'Lead', '{bob}'
             FROM generate_series(1, 2500);
             INSERT INTO deals (organization_id, id, lead_id, owner_user_id, title, amount,
                 currency, status, stage, reached_stage)
             SELECT organization_id, gen_random_uuid(), lead_id, owner_user_id, title, 7,
                 currency, status, stage, reached_stage
             FROM deals, generate_series(1, 1500) WHERE lead_id = '{lead}'"
        ))
        .await;
    let anns = &desk.team.anns;
    anns.verify(true).await;
    let request = RemoveMemberRequest {
        request_id: request_id(),
        ..desk.request(MemberOperators::Release, ann)
    };
    let remove = || async { call!(anns.organizations.remove_member(request.clone())) };
    remove().await.unwrap();
    for table in ["leads", "deals"] {
        let left = format!("SELECT FROM {table} WHERE owner_user_id = '{bob}'");
        assert_eq!(anns.count(&left).await, 0, "{table}");
    }
    let given = format!("SELECT FROM deals WHERE owner_user_id = '{ann}'");
    assert_eq!(anns.count(&given).await, 1501);
    assert_eq!(anns.verify(false).await, "");
    let removed = "SELECT FROM audit_events WHERE method = 'RemoveMember'";
    assert_eq!(anns.count(removed).await, 1);

    anns.join(&desk.bob, Role::Manager).await;
    let deal = desk.bobs.deal("New").await;
    remove().await.unwrap();
    desk.bobs.enter().await.unwrap();
    let request = GetDealRequest { id: deal.id };
    let deal = call!(anns.deals.get_deal(request)).unwrap();
    assert_eq!(&deal.owner_user_id, bob);
}

/// What was read may be sent back whole, though it names somebody who is gone.
#[tokio::test]
async fn what_stays_is_not_checked_again() {
    let desk = Box::pin(Desk::new()).await;
    let anns = &desk.team.anns;
    desk.remove(MemberOperators::Release, "").await.unwrap();
    let operator = Operator {
        name: "Robert".to_owned(),
        ..anns.get_operator(&desk.operator).await
    };
    let request = UpdateOperatorRequest {
        operator: Some(operator.clone()),
        ..Default::default()
    };
    let updated = call!(anns.operators.update_operator(request)).unwrap();
    assert_eq!((&*updated.name, &updated.user_id), ("Robert", &desk.bob.id));
    let request = UpdateLeadRequest {
        lead: Some(anns.get_lead(&desk.lead.id).await),
        ..Default::default()
    };
    call!(anns.leads.update_lead(request)).unwrap();
    let request = UpdateDealRequest {
        deal: Some(desk.deal.clone()),
        ..Default::default()
    };
    call!(anns.deals.update_deal(request)).unwrap();
    let request = UpdateTaskRequest {
        task: Some(desk.task.clone()),
        ..Default::default()
    };
    call!(anns.tasks.update_task(request)).unwrap();
    // What is new is checked.
    let eve = desk.team.app.user("eve@example.com").await;
    let request = UpdateOperatorRequest {
        operator: Some(Operator {
            user_id: eve.id,
            etag: String::new(),
            ..operator
        }),
        ..Default::default()
    };
    let outcome = call!(anns.operators.update_operator(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}
