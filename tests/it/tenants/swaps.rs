//! Every method that takes an id, asked by one organization about the things of
//! another: the answer is that to an id of nothing, to the byte.

use minicrm::proto::{
    BatchCreateContactsRequest, Contact, ContactStatus, CreateContactRequest, CreateLeadRequest,
    CreateOperatorRequest, DeleteLeadRequest, DeleteOperatorRequest, DeleteSourceRequest,
    EraseLeadRequest, ExportLeadRequest, GetContactRequest, GetDistributionRequest, GetLeadRequest,
    GetOperatorRequest, GetSourceRequest, Lead, LeadIdentity, ListAssignmentsRequest,
    ListAuditEventsRequest, ListContactsRequest, ListLeadsRequest, ListSourcesRequest,
    LookupLeadRequest, Operator, OperatorWeight, Organization, PreviewDistributionRequest,
    ReassignContactRequest, RemoveMemberRequest, RemoveOperatorWeightRequest,
    ReplaceOperatorWeightsRequest, RevokeApiKeyRequest, Role, SetContactStatusRequest,
    SetOperatorWeightRequest, Source, TransferOwnershipRequest, UpdateContactRequest,
    UpdateLeadRequest, UpdateMemberRoleRequest, UpdateOperatorRequest, UpdateOrganizationRequest,
    UpdateSourceRequest, batch_create_contacts_result, create_contact_request, lookup_lead_request,
};
use prost::Message;
use tonic::{Code, Status};
use uuid::Uuid;

use super::pair::{Pair, blind, with};
use crate::support::{call, external};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one call a line")]
async fn leads_and_contacts_of_others_are_not_there() {
    let pair = Pair::new().await;
    let (a, b) = (&pair.a, &pair.b);
    let before = b.everything().await;
    let (lead, contact) = (&b.leads[0].id, &b.contacts[0].id);
    let own_lead = &a.leads[0].id;
    blind! { pair, lead, NotFound:
        leads.get_lead(|id| with!(GetLeadRequest { id: id }));
        leads.update_lead(|id| UpdateLeadRequest {
            lead: Some(with!(Lead { id: id, name: "Taken".to_owned() })),
            ..Default::default()
        });
        leads.delete_lead(|id| with!(DeleteLeadRequest { id: id }));
        leads.export_lead(|id| with!(ExportLeadRequest { id: id }));
        leads.erase_lead(|id| with!(EraseLeadRequest { id: id }));
    }
    let external_id = |id| {
        with!(LookupLeadRequest {
            identifier: Some(lookup_lead_request::Identifier::ExternalId(id))
        })
    };
    blind! { pair, b.leads[0].external_id, NotFound: leads.lookup_lead(external_id); }
    blind! { pair, b.member.id, NotFound:
        leads.create_lead(|id| CreateLeadRequest {
            lead: Some(with!(Lead { owner_user_id: id, name: "Given".to_owned() })),
            ..Default::default()
        });
        leads.update_lead(|id| UpdateLeadRequest {
            lead: Some(with!(Lead { id: own_lead.clone(), owner_user_id: id })),
            ..Default::default()
        });
    }
    blind! { pair, b.owner.id, Ok:
        leads.list_leads(|id| with!(ListLeadsRequest { owner_user_id: id }));
    }
    blind! { pair, "of-b", Ok:
        leads.list_leads(|text| with!(ListLeadsRequest { search: text }));
    }
    blind! { pair, contact, NotFound:
        contacts.get_contact(|id| GetContactRequest { id });
        contacts.update_contact(|id| UpdateContactRequest {
            contact: Some(with!(Contact { id: id, message: "Taken".to_owned() })),
            ..Default::default()
        });
        contacts.set_contact_status(|id| with!(SetContactStatusRequest {
            id: id, status: ContactStatus::Closed.into()
        }));
        contacts.reassign_contact(|id| with!(ReassignContactRequest { id: id }));
        contacts.list_assignments(|id| with!(ListAssignmentsRequest { contact_id: id }));
    }
    blind! { pair, b.operators[0].id, NotFound:
        contacts.reassign_contact(|id| with!(ReassignContactRequest {
            id: a.contacts[0].id.clone(), operator_id: Some(id), force: true
        }));
    }
    blind! { pair, lead, Ok:
        contacts.list_contacts(|id| with!(ListContactsRequest { lead_id: id }));
    }
    blind! { pair, b.sources[0].id, Ok:
        contacts.list_contacts(|id| with!(ListContactsRequest { source_id: id }));
    }
    blind! { pair, b.operators[0].id, Ok:
        contacts.list_contacts(|id| with!(ListContactsRequest { operator_id: id }));
    }
    let intake = |source| CreateContactRequest {
        source: Some(source),
        lead: Some(external("new")),
        ..Default::default()
    };
    let by_id = |id| intake(create_contact_request::Source::SourceId(id));
    let by_code = |code| intake(create_contact_request::Source::SourceCode(code));
    blind! { pair, b.sources[0].id, NotFound: contacts.create_contact(by_id); }
    blind! { pair, b.sources[0].code, NotFound: contacts.create_contact(by_code); }
    let batch = async |id: &str| {
        let request = with!(BatchCreateContactsRequest {
            requests: vec![by_id(id.to_owned())]
        });
        let asked = &a.app;
        let answer = call!(asked.contacts.batch_create_contacts(request)).unwrap();
        let Some(batch_create_contacts_result::Result::Error(error)) = &answer.results[0].result
        else {
            panic!("{answer:?}")
        };
        let details = error.encode_to_vec().into();
        Err::<(), _>(Status::with_details(
            error.code.into(),
            &error.message,
            details,
        ))
    };
    let (known, unknown) = (&b.sources[0].id, &Uuid::now_v7().to_string());
    let outcomes = [batch(known).await, batch(unknown).await];
    pair.assert_blind(
        [known, unknown],
        outcomes.each_ref(),
        Code::NotFound,
        "a batch",
    );
    // Whoever is a lead of both is one of each.
    let request = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceId(
            a.sources[0].id.clone(),
        )),
        lead: Some(with!(LeadIdentity {
            external_id: b.leads[0].external_id.clone()
        })),
        ..Default::default()
    };
    let created = a.app.create_contact(request).await.unwrap();
    assert!(created.lead_created);
    assert_eq!(b.everything().await, before);
}

#[tokio::test]
async fn operators_and_sources_of_others_are_not_there() {
    let pair = Pair::new().await;
    let (a, b) = (&pair.a, &pair.b);
    let before = b.everything().await;
    let (source, operator) = (&b.sources[0].id, &b.operators[0].id);
    let (own_source, own_operator) = (&a.sources[0].id, &a.operators[0].id);
    let update = |operator| UpdateOperatorRequest {
        operator: Some(operator),
        ..Default::default()
    };
    let name = || "Taken".to_owned();
    blind! { pair, operator, NotFound:
        operators.get_operator(|id| GetOperatorRequest { id });
        operators.update_operator(|id| update(with!(Operator { id: id, name: name() })));
        operators.delete_operator(|id| with!(DeleteOperatorRequest { id: id }));
    }
    blind! { pair, b.member.id, NotFound:
        operators.create_operator(|id| CreateOperatorRequest {
            operator: Some(with!(Operator { user_id: id, name: name() })),
            ..Default::default()
        });
        operators.update_operator(|id| {
            update(with!(Operator { id: own_operator.clone(), user_id: id }))
        });
    }
    blind! { pair, source, NotFound:
        sources.get_source(|id| GetSourceRequest { id });
        sources.update_source(|id| UpdateSourceRequest {
            source: Some(with!(Source { id: id, name: name() })),
            ..Default::default()
        });
        sources.delete_source(|id| with!(DeleteSourceRequest { id: id }));
        sources.preview_distribution(|id| PreviewDistributionRequest { source_id: id });
        analytics.get_distribution(|id| with!(GetDistributionRequest { source_id: id }));
    }
    blind! { pair, b.sources[0].code, Ok:
        sources.list_sources(|code| with!(ListSourcesRequest { code: code }));
    }
    let set = |source_id, operator_id| {
        with!(SetOperatorWeightRequest {
            source_id: source_id,
            operator_id: operator_id,
            weight: Some(7)
        })
    };
    let remove = |source_id, operator_id| {
        with!(RemoveOperatorWeightRequest {
            source_id: source_id,
            operator_id: operator_id
        })
    };
    let replace = |source_id, operator_id| {
        with!(ReplaceOperatorWeightsRequest {
            source_id: source_id,
            weights: vec![with!(OperatorWeight {
                operator_id: operator_id,
                weight: Some(7)
            })]
        })
    };
    for other in [own_operator, operator] {
        blind! { pair, source, NotFound:
            sources.set_operator_weight(|id| set(id, other.clone()));
            sources.remove_operator_weight(|id| remove(id, other.clone()));
            sources.replace_operator_weights(|id| replace(id, other.clone()));
        }
    }
    blind! { pair, operator, NotFound:
        sources.set_operator_weight(|id| set(own_source.clone(), id));
        sources.remove_operator_weight(|id| remove(own_source.clone(), id));
        sources.replace_operator_weights(|id| replace(own_source.clone(), id));
    }
    assert_eq!(b.everything().await, before);
}

#[tokio::test]
async fn members_and_keys_of_others_are_not_there() {
    let pair = Pair::new().await;
    let b = &pair.b;
    let before = b.everything().await;
    for user_id in [&b.member.id, &b.owner.id] {
        blind! { pair, user_id, NotFound:
            organizations.update_member_role(|id| with!(UpdateMemberRoleRequest {
                user_id: id, role: Role::Manager.into()
            }));
            organizations.remove_member(|id| with!(RemoveMemberRequest { user_id: id }));
            organizations.transfer_ownership(|id| with!(TransferOwnershipRequest { user_id: id }));
        }
    }
    blind! { pair, b.key_id, NotFound:
        organizations.revoke_api_key(|id| with!(RevokeApiKeyRequest { id: id }));
    }
    blind! { pair, b.organization.id, InvalidArgument:
        organizations.update_organization(|id| UpdateOrganizationRequest {
            organization: Some(with!(Organization {
                id: id, name: "Taken".to_owned()
            })),
            ..Default::default()
        });
    }
    for id in b
        .marks()
        .into_iter()
        .filter(|mark| Uuid::try_parse(mark).is_ok())
    {
        blind! { pair, id, Ok:
            organizations.list_audit_events(|id| with!(ListAuditEventsRequest { resource_id: id }));
        }
    }
    assert_eq!(b.everything().await, before);
}
