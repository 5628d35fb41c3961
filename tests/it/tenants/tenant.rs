//! An organization that has something of everything, marked as its own.

use std::fmt::Write as _;

use minicrm::proto::{
    ApiKeyAccess, Contact, GetDistributionRequest, GetOverviewRequest, Lead, ListApiKeysRequest,
    ListAuditEventsRequest, ListContactsRequest, ListLeadsRequest, ListMembersRequest,
    ListOperatorLoadsRequest, ListOperatorsRequest, ListSourcesRequest, Operator, Organization,
    Role, Source,
};

use crate::support::{App, Person, call, contact, external, operator};

/// An organization with two of everything.
pub struct Tenant {
    /// The server as the owner calls it.
    pub app: App,
    pub organization: Organization,
    pub owner: Person,
    pub member: Person,
    pub operators: [Operator; 2],
    /// The first gives to both operators, the second to nobody.
    pub sources: [Source; 2],
    /// Of the first source, given to one operator and then to the other; and of
    /// the second.
    pub contacts: [Contact; 2],
    /// Whose contacts they are.
    pub leads: [Lead; 2],
    pub key_id: String,
    /// The secret of the key.
    pub secret: String,
    marker: &'static str,
}

impl Tenant {
    pub async fn new(app: &App, marker: &'static str) -> Self {
        let owner = app.user(&format!("{marker}-owner@example.com")).await;
        let organization = app.organization(&owner).await;
        let app = app.of(&owner, &organization);
        let member = app
            .member(&format!("{marker}-member@example.com"), Role::Member)
            .await;
        let operators = [
            app.operator(operator(&format!("{marker}-ann"))).await,
            app.operator(operator(&format!("{marker}-bob"))).await,
        ];
        let weights = operators.each_ref().map(|operator| (operator, 1));
        let sources = [
            app.source(&format!("{marker}-bot"), &weights).await,
            app.source(&format!("{marker}-web"), &[]).await,
        ];
        let mut contacts = Vec::new();
        let mut leads = Vec::new();
        for (n, source) in sources.iter().enumerate() {
            let mut request = contact(source, external(format!("{marker}-{n}")));
            request.message = format!("{marker}-message");
            let created = app.create_contact(request).await.unwrap();
            contacts.extend(created.contact);
            leads.extend(created.lead);
        }
        contacts[0] = app.reassign(&contacts[0]).await.unwrap();
        app.key(ApiKeyAccess::Read).await;
        let key = app.key(ApiKeyAccess::Admin).await;
        Self {
            app,
            organization,
            owner,
            member,
            operators,
            sources,
            contacts: contacts.try_into().unwrap(),
            leads: leads.try_into().unwrap(),
            key_id: key.api_key.unwrap().id,
            secret: key.secret,
            marker,
        }
    }

    /// What no answer to others may contain.
    pub fn marks(&self) -> Vec<String> {
        let mut marks = vec![
            self.marker.to_owned(),
            self.organization.id.clone(),
            self.owner.id.clone(),
            self.member.id.clone(),
            self.key_id.clone(),
        ];
        marks.extend(self.operators.iter().map(|each| each.id.clone()));
        marks.extend(self.sources.iter().map(|each| each.id.clone()));
        marks.extend(self.contacts.iter().map(|each| each.id.clone()));
        marks.extend(self.leads.iter().map(|each| each.id.clone()));
        marks
    }

    /// All that there is.
    pub async fn everything(&self) -> String {
        let app = &self.app;
        let mut text = String::new();
        macro_rules! read {
            ($($service:ident.$method:ident($request:ident);)*) => {$(
                let answer = call!(app.$service.$method($request::default())).unwrap();
                writeln!(text, "{answer:#?}").unwrap();
            )*};
        }
        read! {
            leads.list_leads(ListLeadsRequest);
            contacts.list_contacts(ListContactsRequest);
            operators.list_operators(ListOperatorsRequest);
            sources.list_sources(ListSourcesRequest);
            organizations.list_members(ListMembersRequest);
            organizations.list_api_keys(ListApiKeysRequest);
            organizations.list_audit_events(ListAuditEventsRequest);
            analytics.get_overview(GetOverviewRequest);
            analytics.get_distribution(GetDistributionRequest);
            analytics.list_operator_loads(ListOperatorLoadsRequest);
        }
        writeln!(text, "{:#?}", app.enter().await.unwrap()).unwrap();
        for source in &self.sources {
            writeln!(text, "{:#?}", app.get_source(source).await).unwrap();
        }
        for contact in &self.contacts {
            writeln!(text, "{:#?}", app.history(contact).await).unwrap();
        }
        text
    }
}
