//! Tokens of pages and organizations of others.

use minicrm::proto::{
    CreateOperatorRequest, GetContactRequest, ListApiKeysRequest, ListAssignmentsRequest,
    ListAuditEventsRequest, ListContactsRequest, ListLeadsRequest, ListMembersRequest,
    ListMyOrganizationsRequest, ListOperatorLoadsRequest, ListOperatorsRequest, ListSourcesRequest,
};
use tonic::{Code, Status};
use uuid::Uuid;

use super::tenant::Tenant;
use crate::support::{App, assert_error, assert_invalid, call};

#[tokio::test]
async fn tokens_of_pages_lead_nowhere_for_others() {
    let app = App::secure().await;
    let (a, b) = (
        Tenant::new(&app, "of-a").await,
        Tenant::new(&app, "of-b").await,
    );
    app.organization(&b.owner).await;
    let (asked, owner) = (&a.app, &b.app);
    macro_rules! replayed {
        ($($service:ident.$method:ident($request:ident { $($field:ident: $value:expr)? });)*) => {$(
            let request = $request {
                page_size: 1,
                $($field: $value,)?
                ..Default::default()
            };
            let first = call!(owner.$service.$method(request.clone())).unwrap();
            assert!(!first.next_page_token.is_empty(), stringify!($method));
            let next = $request { page_token: first.next_page_token, ..request };
            call!(owner.$service.$method(next.clone())).unwrap();
            assert_invalid(call!(asked.$service.$method(next)), &["page_token"]);
        )*};
    }
    replayed! {
        leads.list_leads(ListLeadsRequest {});
        leads.list_leads(ListLeadsRequest { search: "of-".to_owned() });
        contacts.list_contacts(ListContactsRequest {});
        contacts.list_assignments(ListAssignmentsRequest { contact_id: b.contacts[0].id.clone() });
        operators.list_operators(ListOperatorsRequest {});
        sources.list_sources(ListSourcesRequest {});
        analytics.list_operator_loads(ListOperatorLoadsRequest {});
        organizations.list_my_organizations(ListMyOrganizationsRequest {});
        organizations.list_members(ListMembersRequest {});
        organizations.list_api_keys(ListApiKeysRequest {});
        organizations.list_audit_events(ListAuditEventsRequest {});
    }
}

#[tokio::test]
async fn organizations_of_others_are_as_if_there_were_none() {
    let app = App::secure().await;
    let (a, b) = (
        Tenant::new(&app, "of-a").await,
        Tenant::new(&app, "of-b").await,
    );
    let refusals = async |token: &str, organization_id: &str| -> Vec<Status> {
        let app = app.with(token, organization_id);
        let contact = GetContactRequest {
            id: b.contacts[0].id.clone(),
        };
        let outcomes = [
            app.enter().await.map(drop),
            call!(app.contacts.get_contact(contact)).map(drop),
            call!(app.leads.list_leads(ListLeadsRequest::default())).map(drop),
            call!(
                app.operators
                    .create_operator(CreateOperatorRequest::default())
            )
            .map(drop),
            call!(
                app.organizations
                    .list_audit_events(ListAuditEventsRequest::default())
            )
            .map(drop),
            app.set_weight(&b.sources[0], &b.operators[0], 7)
                .await
                .map(drop),
        ];
        let refused = outcomes.into_iter().map(|outcome| {
            assert_error(
                outcome.clone(),
                Code::PermissionDenied,
                "ORGANIZATION_DENIED",
            );
            outcome.unwrap_err()
        });
        refused.collect()
    };
    let before = b.everything().await;
    for token in [&a.owner.token, &a.member.token, &a.secret] {
        let found = refusals(token, &b.organization.id).await;
        let unknown = refusals(token, &Uuid::now_v7().to_string()).await;
        for (found, unknown) in found.iter().zip(&unknown) {
            assert_eq!(found.message(), unknown.message());
            assert_eq!(found.details(), unknown.details());
        }
    }
    assert_eq!(b.everything().await, before);
}
