//! Updates that would do nothing, or something else than was meant.

use minicrm::proto::{
    Contact, ContactStatus, OperatorWeight, ReplaceOperatorWeightsRequest,
    SetOperatorWeightRequest, Task, UpdateContactRequest, UpdateDealRequest, UpdateLeadRequest,
    UpdateOperatorRequest, UpdateOrganizationRequest, UpdateSourceRequest, UpdateTaskRequest,
};
use tonic::{Code, Status};

use super::World;
use crate::support::{assert_error, assert_invalid, call, mask};

/// That the mask is refused, and that it is said what changes the field instead.
#[track_caller]
fn assert_names<T: std::fmt::Debug>(outcome: Result<T, Status>, method: &str) {
    let details = assert_error(outcome, Code::InvalidArgument, "INVALID_FIELDS");
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].field, "update_mask");
    let description = &violations[0].description;
    assert!(description.contains(method), "{description}");
}

/// Mutant: `Mask::parse` that ignores output-only paths.
#[tokio::test]
async fn a_mask_that_names_an_output_only_path_is_refused() {
    let world = World::new().await;
    let app = &world.app;
    macro_rules! refused {
        ($service:ident.$method:ident($request:ident { $field:ident: $thing:expr }), $($path:literal => $named:literal),*) => {$(
            let request = $request {
                $field: Some($thing.clone()),
                update_mask: mask(&[$path]),
                ..Default::default()
            };
            assert_names(call!(app.$service.$method(request)), $named);
        )*};
    }
    let closed = Contact {
        status: ContactStatus::Closed.into(),
        ..world.contact.clone()
    };
    refused!(contacts.update_contact(UpdateContactRequest { contact: closed }),
        "status" => "SetContactStatus", "operator_id" => "ReassignContact",
        "close_time" => "SetContactStatus", "lead_id" => "lead_id", "id" => "id");
    let done = Task {
        done: true,
        ..world.task.clone()
    };
    refused!(tasks.update_task(UpdateTaskRequest { task: done }),
        "done" => "CompleteTask", "done" => "ReopenTask", "create_time" => "create_time");
    refused!(sources.update_source(UpdateSourceRequest { source: world.source }),
        "weights" => "SetOperatorWeight", "delete_time" => "DeleteSource");
    refused!(operators.update_operator(UpdateOperatorRequest { operator: world.operator }),
        "load" => "load", "delete_time" => "DeleteOperator");
    refused!(deals.update_deal(UpdateDealRequest { deal: world.deal }),
        "close_time" => "ReopenDeal", "update_time" => "update_time");
    refused!(leads.update_lead(UpdateLeadRequest { lead: world.lead }),
        "contacts" => "ContactService", "create_time" => "create_time");
    let acme = app.enter().await.unwrap();
    refused!(organizations.update_organization(UpdateOrganizationRequest { organization: acme }),
        "create_time" => "create_time");
    assert_eq!(app.get_contact(&world.contact).await, world.contact);
}

/// 0 pauses when it is said; nothing said is an error, not a pause.
#[tokio::test]
async fn a_weight_must_be_given() {
    let world = World::new().await;
    let app = &world.app;
    let ids = (world.source.id.clone(), world.operator.id.clone());
    let set = SetOperatorWeightRequest {
        source_id: ids.0.clone(),
        operator_id: ids.1.clone(),
        ..Default::default()
    };
    assert_invalid(
        call!(app.sources.set_operator_weight(set.clone())),
        &["weight"],
    );
    let replace = ReplaceOperatorWeightsRequest {
        source_id: ids.0,
        weights: vec![OperatorWeight {
            operator_id: ids.1,
            ..OperatorWeight::default()
        }],
        ..Default::default()
    };
    let outcome = call!(app.sources.replace_operator_weights(replace));
    assert_invalid(outcome, &["weights[0].weight"]);
    let source = app.get_source(&world.source).await;
    assert_eq!(source.weights[0].weight, Some(1));
    assert_eq!(source.weights[0].operator_name, "Ann");
    let paused = SetOperatorWeightRequest {
        weight: Some(0),
        ..set
    };
    let paused = call!(app.sources.set_operator_weight(paused)).unwrap();
    assert_eq!((paused.weight, &*paused.operator_name), (Some(0), "Ann"));
}
