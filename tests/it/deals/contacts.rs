//! Where contacts, leads and deals meet.

use minicrm::proto::{
    Deal, DealStatus, DeleteDealRequest, DeleteLeadRequest, GetLeadRequest, GetOverviewRequest,
    LeadView, MemberOperators, Operator, RemoveMemberRequest, Role,
};
use tonic::Code;

use super::{create, deal, lead, status, update};
use crate::support::{App, assert_error, assert_invalid, call, operator};

#[tokio::test]
async fn a_deal_from_a_contact_takes_its_lead_and_its_operators_user() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bob = anns.member("bob@example.com", Role::Member).await;
    let bobs = app.of(&bob, &acme);
    let linked = Operator {
        user_id: bob.id.clone(),
        ..operator("Bob")
    };
    let source = anns
        .source("bot", &[(&anns.operator(linked).await, 1)])
        .await;
    let contact = anns.contact(&source).await;
    let from = |contact_id: &str| Deal {
        contact_id: contact_id.to_owned(),
        title: "Deal".to_owned(),
        ..Deal::default()
    };
    for by in [&anns, &bobs] {
        let made = create(by, from(&contact.id)).await.unwrap();
        assert_eq!(
            (&made.lead_id, &made.contact_id, &made.owner_user_id),
            (&contact.lead_id, &contact.id, &bob.id)
        );
    }
    // Who is named owns it; else the caller, if the operator is no member.
    let named = Deal {
        owner_user_id: ann.id.clone(),
        ..from(&contact.id)
    };
    assert_eq!(create(&anns, named).await.unwrap().owner_user_id, ann.id);
    let waiting = anns.contact(&anns.source("web", &[]).await).await;
    let made = create(&anns, from(&waiting.id)).await.unwrap();
    assert_eq!(made.owner_user_id, ann.id);
    let removed = RemoveMemberRequest {
        user_id: bob.id.clone(),
        operators: MemberOperators::Keep.into(),
        ..Default::default()
    };
    call!(anns.organizations.remove_member(removed)).unwrap();
    let made = create(&anns, from(&contact.id)).await.unwrap();
    assert_eq!(made.owner_user_id, ann.id);
    // The contact is one of the lead's.
    let other = Deal {
        contact_id: waiting.id.clone(),
        ..Deal::default()
    };
    let foreign = Deal {
        lead_id: contact.lead_id.clone(),
        ..from(&waiting.id)
    };
    assert_invalid(create(&anns, foreign).await, &["deal.contact_id"]);
    assert_invalid(update(&anns, &made, other).await, &["deal.contact_id"]);
}

#[tokio::test]
async fn a_lead_shows_its_deals_and_stays_while_it_has_any() {
    let app = App::start().await;
    let contact = app.contact(&app.source("bot", &[]).await).await;
    let id = contact.lead_id.clone();
    let made = Deal {
        contact_id: contact.id.clone(),
        title: "Deal".to_owned(),
        amount: "5".to_owned(),
        ..Deal::default()
    };
    let first = create(&app, made.clone()).await.unwrap();
    let second = create(&app, made).await.unwrap();
    create(&app, deal(&lead(&app).await)).await.unwrap();
    let second = update(&app, &second, status(DealStatus::Won))
        .await
        .unwrap();
    let view = async |view: LeadView| {
        let request = GetLeadRequest {
            id: id.clone(),
            view: view.into(),
        };
        call!(app.leads.get_lead(request)).unwrap()
    };
    let full = view(LeadView::Full).await;
    assert_eq!(full.deals, [second.clone(), first.clone()]);
    assert_eq!(full.contacts.len(), 1);
    assert_eq!(view(LeadView::WithContacts).await.deals, []);

    let overview = call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    let counts = overview.deals_by_status.iter().map(|count| count.deals);
    assert_eq!(overview.deals, 3);
    assert_eq!(counts.collect::<Vec<_>>(), [2, 0, 1, 0]);

    let delete = async || {
        let request = DeleteLeadRequest {
            id: id.clone(),
            ..Default::default()
        };
        call!(app.leads.delete_lead(request))
    };
    let refused = |outcome| assert_error(outcome, Code::FailedPrecondition, "LEAD_HAS_DEALS");
    app.close(&contact).await;
    refused(delete().await);
    assert_eq!(view(LeadView::Full).await.contacts.len(), 1);
    for deal in [&first, &second] {
        refused(delete().await);
        let request = DeleteDealRequest {
            id: deal.id.clone(),
            ..Default::default()
        };
        call!(app.deals.delete_deal(request)).unwrap();
    }
    delete().await.unwrap();
    app.assert_invariants().await;
}
