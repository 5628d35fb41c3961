//! Deals of others: as if there were none.

use minicrm::proto::{
    CreateDealRequest, Deal, DealStatus, DeleteDealRequest, GetDealFunnelRequest, GetDealRequest,
    GetDealSummaryRequest, GetLeadRequest, LeadView, ListDealsRequest, ReopenDealRequest,
    UpdateDealRequest,
};
use tonic::Code;
use uuid::Uuid;

use super::{
    pair::{Pair, blind, with},
    tenant::Tenant,
};
use crate::support::{assert_invalid, call, request_id};

/// A new deal of the first lead.
async fn deal(tenant: &Tenant, marker: &str) -> Deal {
    let app = &tenant.app;
    let request = with!(CreateDealRequest {
        deal: Some(with!(Deal {
            contact_id: tenant.contacts[0].id.clone(),
            owner_user_id: tenant.member.id.clone(),
            title: format!("{marker}-deal"),
            amount: "7.77".to_owned()
        }))
    });
    call!(app.deals.create_deal(request)).unwrap()
}

/// All that is known of the deals of an organization.
async fn everything(tenant: &Tenant) -> String {
    let app = &tenant.app;
    let deals = call!(app.deals.list_deals(ListDealsRequest::default())).unwrap();
    let summary = call!(
        app.analytics
            .get_deal_summary(GetDealSummaryRequest::default())
    );
    let funnel = call!(
        app.analytics
            .get_deal_funnel(GetDealFunnelRequest::default())
    );
    let others = tenant.everything().await;
    format!("{deals:?} {summary:?} {funnel:?} {others}")
}

#[tokio::test]
async fn deals_of_others_are_not_there() {
    let pair = Pair::new().await;
    let (a, b) = (&pair.a, &pair.b);
    let (own, other) = (deal(a, "of-a").await, deal(b, "of-b").await);
    let before = everything(b).await;
    let create = |deal| with!(CreateDealRequest { deal: Some(deal) });
    let change = |deal| with!(UpdateDealRequest { deal: Some(deal) });
    let title = || "Taken".to_owned();
    blind! { pair, other.id, NotFound:
        deals.get_deal(|id| GetDealRequest { id });
        deals.update_deal(|id| change(with!(Deal { id: id, title: title() })));
        deals.update_deal(|id| change(with!(Deal { id: id, status: DealStatus::Lost.into() })));
        deals.reopen_deal(|id| with!(ReopenDealRequest { id: id }));
        deals.delete_deal(|id| with!(DeleteDealRequest { id: id }));
    }
    blind! { pair, b.leads[0].id, NotFound:
        deals.create_deal(|id| create(with!(Deal { lead_id: id, title: title() })));
        leads.get_lead(|id| GetLeadRequest { id, view: LeadView::Full.into() });
    }
    blind! { pair, b.contacts[0].id, NotFound:
        deals.create_deal(|id| create(with!(Deal { contact_id: id, title: title() })));
        deals.create_deal(|id| create(with!(Deal {
            lead_id: a.leads[0].id.clone(), contact_id: id, title: title()
        })));
        deals.update_deal(|id| change(with!(Deal { id: own.id.clone(), contact_id: id })));
    }
    blind! { pair, b.member.id, NotFound:
        deals.create_deal(|id| create(with!(Deal {
            lead_id: a.leads[0].id.clone(), owner_user_id: id, title: title()
        })));
        deals.update_deal(|id| change(with!(Deal { id: own.id.clone(), owner_user_id: id })));
    }
    blind! { pair, b.leads[0].id, InvalidArgument:
        deals.update_deal(|id| change(with!(Deal { id: own.id.clone(), lead_id: id })));
    }
    blind! { pair, b.leads[0].id, Ok:
        deals.list_deals(|id| with!(ListDealsRequest { lead_id: id }));
    }
    blind! { pair, b.member.id, Ok:
        deals.list_deals(|id| with!(ListDealsRequest { owner_user_id: id }));
        analytics.get_deal_summary(|id| with!(GetDealSummaryRequest { owner_user_id: id }));
        analytics.get_deal_funnel(|id| with!(GetDealFunnelRequest { owner_user_id: id }));
    }
    assert_eq!(everything(b).await, before);
}

/// Neither tokens of pages nor answers that were kept are for others.
#[tokio::test]
async fn pages_and_answers_about_deals_are_for_one_organization() {
    let pair = Pair::new().await;
    let b = &pair.b;
    let (asked, owner) = (&pair.a.app, &b.app);
    let [first, _] = [deal(b, "of-b").await, deal(b, "of-b").await];
    for order in ["create_time", "update_time", "amount"] {
        let request = with!(ListDealsRequest {
            page_size: 1,
            order_by: order.to_owned()
        });
        let page = call!(owner.deals.list_deals(request.clone())).unwrap();
        let next = ListDealsRequest {
            page_token: page.next_page_token,
            ..request
        };
        call!(owner.deals.list_deals(next.clone())).unwrap();
        assert_invalid(call!(asked.deals.list_deals(next)), &["page_token"]);
    }
    let request_id = request_id();
    let again = || request_id.clone();
    macro_rules! repeated {
        ($id:expr; $($method:ident($request:expr);)*) => {$(
            let request = $request;
            call!(owner.deals.$method(request($id.clone()))).unwrap();
            blind! { pair, $id, NotFound: deals.$method(request); }
        )*};
    }
    repeated! { b.leads[0].id;
        create_deal(|id| with!(CreateDealRequest {
            deal: Some(with!(Deal { lead_id: id, title: "New".to_owned() })), request_id: again()
        }));
    }
    repeated! { first.id;
        update_deal(|id| with!(UpdateDealRequest {
            deal: Some(with!(Deal { id: id, status: DealStatus::Won.into() })), request_id: again()
        }));
        reopen_deal(|id| with!(ReopenDealRequest { id: id, request_id: again() }));
        delete_deal(|id| with!(DeleteDealRequest { id: id, request_id: again() }));
    }
}
