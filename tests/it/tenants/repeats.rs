//! What was done for one organization under the id of a request is not the answer
//! to another, who uses the same id.

use minicrm::proto::{
    AddMemberRequest, ApiKey, ApiKeyAccess, Contact, ContactStatus, CreateApiKeyRequest,
    CreateApiKeyResponse, CreateContactRequest, CreateLeadRequest, CreateOperatorRequest,
    CreateOrganizationRequest, CreateSourceRequest, DeleteOperatorRequest, DeleteSourceRequest,
    Lead, Operator, Organization, ReassignContactRequest, RemoveMemberRequest, RevokeApiKeyRequest,
    Role, SetContactStatusRequest, SetOperatorWeightRequest, Source, UpdateContactRequest,
    UpdateLeadRequest, UpdateMemberRoleRequest, UpdateOperatorRequest, UpdateSourceRequest,
    add_member_response, create_contact_request,
};
use tonic::Code;
use uuid::Uuid;

use super::pair::{Pair, blind, with};
use crate::support::{call, external, operator, request_id};

/// What is created has the same names in both, and ids of its own.
#[tokio::test]
async fn requests_of_others_are_not_repeated() {
    let pair = Pair::new().await;
    let (asked, owner) = (&pair.a.app, &pair.b.app);
    let request_id = request_id();
    macro_rules! fresh {
        ($($service:ident.$method:ident($request:ident { $field:ident: $value:expr }) -> $id:expr;)*) => {$(
            let request = $request {
                $field: Some($value),
                request_id: request_id.clone(),
            };
            let first = call!(owner.$service.$method(request.clone())).unwrap();
            let other = call!(asked.$service.$method(request.clone())).unwrap();
            let again = call!(owner.$service.$method(request)).unwrap();
            assert_ne!($id(&other), $id(&first), stringify!($method));
            assert_eq!($id(&again), $id(&first), stringify!($method));
        )*};
    }
    let lead = Lead {
        external_id: "same".to_owned(),
        phone: "+4930123456".to_owned(),
        email: "same@example.com".to_owned(),
        ..Lead::default()
    };
    let source = Source {
        code: "same".to_owned(),
        name: "Same".to_owned(),
        ..Source::default()
    };
    let key = ApiKey {
        name: "Same".to_owned(),
        access: ApiKeyAccess::Read.into(),
        ..ApiKey::default()
    };
    let organization = Organization {
        name: "Same".to_owned(),
        ..Organization::default()
    };
    fresh! {
        leads.create_lead(CreateLeadRequest { lead: lead })
            -> |each: &Lead| each.id.clone();
        operators.create_operator(CreateOperatorRequest { operator: operator("Same") })
            -> |each: &Operator| each.id.clone();
        sources.create_source(CreateSourceRequest { source: source })
            -> |each: &Source| each.id.clone();
        organizations.create_api_key(CreateApiKeyRequest { api_key: key })
            -> |each: &CreateApiKeyResponse| each.api_key.clone().unwrap().id;
        organizations.create_organization(CreateOrganizationRequest { organization: organization })
            -> |each: &Organization| each.id.clone();
    }
    let request = AddMemberRequest {
        email: "same@example.com".to_owned(),
        role: Role::Member.into(),
        request_id: request_id.clone(),
    };
    let mut ids = Vec::new();
    for app in [owner, asked, owner] {
        let added = call!(app.organizations.add_member(request.clone())).unwrap();
        let Some(add_member_response::Result::Invitation(invitation)) = added.result else {
            panic!("{added:?}")
        };
        ids.push(invitation.id);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[2]);
}

/// The answer that was kept for another is not given.
#[tokio::test]
async fn changes_of_others_are_not_repeated() {
    let pair = Pair::new().await;
    let b = &pair.b;
    let request_id = request_id();
    macro_rules! repeated {
        ($id:expr; $($service:ident.$method:ident($request:expr);)*) => {$(
            let done = &b.app;
            let request = $request;
            call!(done.$service.$method(request($id.clone()))).unwrap();
            blind! { pair, $id, NotFound: $service.$method(request); }
        )*};
    }
    let again = || request_id.clone();
    repeated! { b.leads[0].id;
        leads.update_lead(|id| with!(UpdateLeadRequest {
            lead: Some(with!(Lead { id: id, name: "New".to_owned() })), request_id: again()
        }));
    }
    repeated! { b.contacts[0].id;
        contacts.update_contact(|id| with!(UpdateContactRequest {
            contact: Some(with!(Contact { id: id, message: "New".to_owned() })),
            request_id: again()
        }));
        contacts.reassign_contact(|id| with!(ReassignContactRequest {
            id: id, request_id: again()
        }));
        contacts.set_contact_status(|id| with!(SetContactStatusRequest {
            id: id, status: ContactStatus::Closed.into(), request_id: again()
        }));
    }
    let intake = |id| {
        with!(CreateContactRequest {
            source: Some(create_contact_request::Source::SourceId(id)),
            lead: Some(external("new")),
            request_id: again()
        })
    };
    repeated! { b.sources[0].id;
        contacts.create_contact(intake);
        sources.update_source(|id| with!(UpdateSourceRequest {
            source: Some(with!(Source { id: id, name: "New".to_owned() })), request_id: again()
        }));
        sources.set_operator_weight(|id| with!(SetOperatorWeightRequest {
            source_id: id, operator_id: b.operators[0].id.clone(), weight: Some(7), request_id: again()
        }));
        sources.delete_source(|id| with!(DeleteSourceRequest { id: id, request_id: again() }));
    }
    repeated! { b.operators[0].id;
        operators.update_operator(|id| with!(UpdateOperatorRequest {
            operator: Some(with!(Operator { id: id, name: "New".to_owned() })),
            request_id: again()
        }));
        operators.delete_operator(|id| with!(DeleteOperatorRequest {
            id: id, request_id: again()
        }));
    }
    repeated! { b.member.id;
        organizations.update_member_role(|id| with!(UpdateMemberRoleRequest {
            user_id: id, role: Role::Manager.into(), request_id: again()
        }));
        organizations.remove_member(|id| with!(RemoveMemberRequest {
            user_id: id, request_id: again()
        }));
    }
    repeated! { b.key_id;
        organizations.revoke_api_key(|id| with!(RevokeApiKeyRequest {
            id: id, request_id: again()
        }));
    }
}
