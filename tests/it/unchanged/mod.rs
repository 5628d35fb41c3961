//! Updates: what was read may be sent back whole, what changes nothing changes neither etag
//! nor time nor what is counted, and a mask that names what only the service or another
//! method changes is refused.

use minicrm::proto::{
    CompleteTaskRequest, Contact, ContactStatus, Deal, EraseLeadRequest, GetDealRequest,
    GetOrganizationRequest, Lead, ListAuditEventsRequest, Operator, Organization,
    ReopenTaskRequest, ReplaceOperatorWeightsRequest, Source, Task, UpdateContactRequest,
    UpdateDealRequest, UpdateLeadRequest, UpdateOperatorRequest, UpdateOrganizationRequest,
    UpdateSourceRequest, UpdateTaskRequest,
};

use crate::support::{App, assert_invalid, call, contact, external, mask, operator};

mod refused;

/// An organization with one of everything.
struct World {
    app: App,
    lead: Lead,
    contact: Contact,
    operator: Operator,
    source: Source,
    deal: Deal,
    task: Task,
}

impl World {
    async fn new() -> Self {
        let app = App::secure().await;
        let ann = app.user("ann@example.com").await;
        let acme = app.organization(&ann).await;
        let app = app.of(&ann, &acme);
        let linked = Operator {
            user_id: ann.id.clone(),
            load_limit: Some(5),
            ..operator("Ann")
        };
        let operator = app.operator(linked).await;
        let source = app.source("bot", &[(&operator, 1)]).await;
        let taken_in = app.create_contact(contact(&source, external("lead"))).await;
        let contact = taken_in.unwrap().contact.unwrap();
        let owned = UpdateLeadRequest {
            lead: Some(Lead {
                id: contact.lead_id.clone(),
                owner_user_id: ann.id.clone(),
                phone: "+4930111111".to_owned(),
                ..Lead::default()
            }),
            ..Default::default()
        };
        let lead = call!(app.leads.update_lead(owned)).unwrap();
        let deal = app.deal_with(&lead.id, "Deal").await;
        let made = Task {
            deal_id: deal.id.clone(),
            title: "Call".to_owned(),
            assignee_user_id: ann.id.clone(),
            ..Task::default()
        };
        let task = app.create_task(made).await.unwrap();
        Self {
            app,
            lead,
            contact,
            operator,
            source,
            deal,
            task,
        }
    }

    /// How much was said to have been done.
    async fn events(&self) -> usize {
        let request = ListAuditEventsRequest {
            page_size: 1000,
            ..Default::default()
        };
        let app = &self.app;
        let listed = call!(app.organizations.list_audit_events(request));
        listed.unwrap().audit_events.len()
    }
}

/// Sends a thing back as it was read: without a mask, with all fields, with one.
macro_rules! assert_unchanged {
    ($app:ident.$service:ident.$method:ident($request:ident { $field:ident: $thing:expr }), $paths:expr) => {{
        let thing = $thing.clone();
        for paths in [&[][..], &["*"], &$paths, &["etag"]] {
            let request = $request {
                $field: Some(thing.clone()),
                update_mask: mask(paths),
                ..Default::default()
            };
            let same = call!($app.$service.$method(request)).unwrap();
            assert_eq!(
                (&same.etag, same.update_time),
                (&thing.etag, thing.update_time),
                "{} {paths:?}",
                stringify!($method)
            );
        }
    }};
}

/// Mutants: `mask::other` that filters nothing; `Context::write` that tells of it anyway.
#[tokio::test]
async fn what_changes_nothing_leaves_no_trace() {
    let world = World::new().await;
    let app = &world.app;
    let acme = app.enter().await.unwrap();
    let (events, timeline) = (world.events().await, app.timeline(&world.deal).await);
    assert_unchanged!(
        app.leads
            .update_lead(UpdateLeadRequest { lead: world.lead }),
        ["phone"]
    );
    assert_unchanged!(
        app.contacts.update_contact(UpdateContactRequest {
            contact: world.contact
        }),
        ["message"]
    );
    assert_unchanged!(
        app.operators.update_operator(UpdateOperatorRequest {
            operator: world.operator
        }),
        ["active"]
    );
    assert_unchanged!(
        app.sources.update_source(UpdateSourceRequest {
            source: world.source
        }),
        ["code"]
    );
    assert_unchanged!(
        app.deals
            .update_deal(UpdateDealRequest { deal: world.deal }),
        ["amount", "currency"]
    );
    assert_unchanged!(
        app.tasks
            .update_task(UpdateTaskRequest { task: world.task }),
        ["title"]
    );
    assert_unchanged!(
        app.organizations
            .update_organization(UpdateOrganizationRequest { organization: acme }),
        ["time_zone"]
    );

    let again = app
        .set_status(&world.contact, ContactStatus::New, false)
        .await;
    assert_eq!(again.unwrap(), world.contact);
    let again = app.give(&world.contact, &world.operator, false).await;
    assert_eq!(again.unwrap(), world.contact);
    let reopen = ReopenTaskRequest {
        id: world.task.id.clone(),
        ..Default::default()
    };
    let again = call!(app.tasks.reopen_task(reopen)).unwrap();
    assert_eq!(again, world.task);
    let weight = app.get_source(&world.source).await.weights.swap_remove(0);
    let again = app.set_weight(&world.source, &world.operator, 1).await;
    assert_eq!(again.unwrap(), weight);
    let replace = ReplaceOperatorWeightsRequest {
        source_id: world.source.id.clone(),
        weights: vec![weight.clone()],
        ..Default::default()
    };
    let again = call!(app.sources.replace_operator_weights(replace)).unwrap();
    assert_eq!(again.weights, [weight]);
    assert_eq!(world.events().await, events);
    assert_eq!(app.timeline(&world.deal).await, timeline);

    // What does change something is told once.
    let complete = CompleteTaskRequest {
        id: world.task.id.clone(),
        ..Default::default()
    };
    let done = call!(app.tasks.complete_task(complete.clone())).unwrap();
    assert_eq!(call!(app.tasks.complete_task(complete)).unwrap(), done);
    let erase = EraseLeadRequest {
        id: world.lead.id.clone(),
        ..Default::default()
    };
    let erased = call!(app.leads.erase_lead(erase.clone())).unwrap();
    let again = call!(app.leads.erase_lead(erase)).unwrap();
    assert_eq!(
        (again.etag, again.update_time),
        (erased.etag, erased.update_time)
    );
    app.assert_invariants().await;
}

/// What became of somebody else since is not asked again.
#[tokio::test]
async fn what_is_unchanged_is_not_checked_again() {
    let world = World::new().await;
    let app = &world.app;
    let stranger = uuid::Uuid::now_v7().to_string();
    for (table, column) in [
        ("leads", "owner_user_id"),
        ("deals", "owner_user_id"),
        ("tasks", "assignee_user_id"),
        ("operators", "user_id"),
    ] {
        app.execute(&format!("UPDATE {table} SET {column} = '{stranger}'"))
            .await;
    }
    let lead = app.get_lead(&world.lead.id).await;
    let renamed = UpdateLeadRequest {
        lead: Some(Lead {
            name: "New".to_owned(),
            ..lead
        }),
        ..Default::default()
    };
    call!(app.leads.update_lead(renamed)).unwrap();
    let renamed = UpdateDealRequest {
        deal: Some(Deal {
            title: "New".to_owned(),
            owner_user_id: stranger.clone(),
            ..world.deal.clone()
        }),
        ..Default::default()
    };
    call!(app.deals.update_deal(renamed)).unwrap();
    let renamed = UpdateTaskRequest {
        task: Some(Task {
            title: "New".to_owned(),
            assignee_user_id: stranger.clone(),
            ..world.task.clone()
        }),
        ..Default::default()
    };
    call!(app.tasks.update_task(renamed)).unwrap();
    let renamed = Operator {
        name: "New".to_owned(),
        user_id: stranger,
        ..world.operator.clone()
    };
    app.update_operator(&renamed, &[]).await.unwrap();

    // Nor whether a currency is still in use, or a time zone that of a place.
    app.execute(
        "UPDATE deals SET currency = 'BGN';
         UPDATE organizations
         SET default_currency = 'BGN', currencies = '{BGN,EUR}', time_zone = 'localtime'",
    )
    .await;
    let deal = call!(app.deals.get_deal(GetDealRequest {
        id: world.deal.id.clone()
    }))
    .unwrap();
    let renamed = UpdateDealRequest {
        deal: Some(Deal {
            title: "Newer".to_owned(),
            ..deal
        }),
        ..Default::default()
    };
    let deal = call!(app.deals.update_deal(renamed)).unwrap();
    assert_eq!((&*deal.title, &*deal.currency), ("Newer", "BGN"));
    let organization = call!(
        app.organizations
            .get_organization(GetOrganizationRequest {})
    );
    let renamed = UpdateOrganizationRequest {
        organization: Some(Organization {
            name: "New".to_owned(),
            ..organization.unwrap()
        }),
        ..Default::default()
    };
    call!(app.organizations.update_organization(renamed)).unwrap();
    for (field, organization) in [
        (
            "organization.currencies",
            Organization {
                currencies: vec!["BGN".to_owned(), "HRK".to_owned()],
                ..Organization::default()
            },
        ),
        (
            "organization.time_zone",
            Organization {
                time_zone: "Factory".to_owned(),
                ..Organization::default()
            },
        ),
    ] {
        let request = UpdateOrganizationRequest {
            organization: Some(organization),
            ..Default::default()
        };
        let outcome = call!(app.organizations.update_organization(request));
        assert_invalid(outcome, &[field]);
    }
}
