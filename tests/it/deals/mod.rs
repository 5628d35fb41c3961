//! `DealService`: the sale that follows an enquiry.

mod amounts;
mod concurrent;
mod contacts;
mod list;
mod roles;
mod rules;
mod values;

use minicrm::proto::{
    CreateDealRequest, CreateLeadRequest, Deal, DealStage, DealStatus, GetDealRequest, Lead,
    Organization, ReopenDealRequest, UpdateDealRequest, UpdateOrganizationRequest,
};
use tonic::Status;

use crate::support::{App, call, mask};

/// A lead to sell to.
pub async fn lead(app: &App) -> Lead {
    let request = CreateLeadRequest {
        lead: Some(Lead {
            name: "Lead".to_owned(),
            ..Lead::default()
        }),
        ..Default::default()
    };
    call!(app.leads.create_lead(request)).unwrap()
}

/// A deal with this lead.
pub fn deal(lead: &Lead) -> Deal {
    Deal {
        lead_id: lead.id.clone(),
        title: "Deal".to_owned(),
        ..Deal::default()
    }
}

/// What an update sets the amount to.
pub fn amount(amount: &str) -> Deal {
    Deal {
        amount: amount.to_owned(),
        ..Deal::default()
    }
}

/// What an update sets the status to.
pub fn status(status: DealStatus) -> Deal {
    Deal {
        status: status.into(),
        ..Deal::default()
    }
}

/// What an update sets the stage to.
pub fn stage(stage: DealStage) -> Deal {
    Deal {
        stage: stage.into(),
        ..Deal::default()
    }
}

pub async fn create(app: &App, deal: Deal) -> Result<Deal, Status> {
    let request = CreateDealRequest {
        deal: Some(deal),
        ..Default::default()
    };
    call!(app.deals.create_deal(request))
}

async fn get(app: &App, deal: &Deal) -> Result<Deal, Status> {
    let id = deal.id.clone();
    call!(app.deals.get_deal(GetDealRequest { id }))
}

/// Changes what is populated.
pub async fn update(app: &App, deal: &Deal, change: Deal) -> Result<Deal, Status> {
    update_paths(app, deal, change, &[]).await
}

async fn update_paths(
    app: &App,
    deal: &Deal,
    change: Deal,
    paths: &[&str],
) -> Result<Deal, Status> {
    let request = UpdateDealRequest {
        deal: Some(Deal {
            id: deal.id.clone(),
            ..change
        }),
        update_mask: mask(paths),
        ..Default::default()
    };
    call!(app.deals.update_deal(request))
}

pub async fn reopen(app: &App, deal: &Deal, stage: DealStage) -> Result<Deal, Status> {
    let request = ReopenDealRequest {
        id: deal.id.clone(),
        stage: stage.into(),
        ..Default::default()
    };
    call!(app.deals.reopen_deal(request))
}

/// Settles the currencies of the organization.
async fn settle(app: &App, default: &str, allowed: &[&str]) -> Result<Organization, Status> {
    let request = UpdateOrganizationRequest {
        organization: Some(Organization {
            default_currency: default.to_owned(),
            currencies: allowed.iter().map(ToString::to_string).collect(),
            ..Organization::default()
        }),
        update_mask: mask(&["default_currency", "currencies"]),
        ..Default::default()
    };
    call!(app.organizations.update_organization(request))
}
