//! `LeadService.ExportLead` and `EraseLead`: what is kept about a person, and what
//! is left when it is not kept any more.

use prost::Message;
use uuid::Uuid;

use crate::{
    activities,
    api::leads::lock::lock,
    call::Context,
    contacts, deals,
    error::Result,
    leads::store::{self, Lead, LeadChange},
    model::Change,
    platform::{
        grpc::{
            page::{Cursor, Page, Pager, Room},
            validate::Violations,
        },
        idempotency::{self, IdempotencyKey},
    },
    proto::{self, EraseLeadRequest, ExportLeadRequest, ExportLeadResponse},
    tasks,
};

/// What stands where something cannot be empty.
const ERASED: &str = "Erased";

pub async fn export_lead(
    context: Context,
    request: ExportLeadRequest,
) -> Result<ExportLeadResponse> {
    let mut violations = Violations::new();
    let organization_id = context.organization_id;
    let id = violations.id("id", &request.id);
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let pager = &pager;
    context
        .read(async |tx| {
            let lead = store::find(tx, id).await?;
            let mut export = Export::new(pager, lead);
            let of_lead = contacts::store::Filter {
                lead_id: Some(id),
                ..Default::default()
            };
            if let Some(page) = export.page(Part::Contacts) {
                let found = contacts::store::list(tx, &of_lead, page).await?;
                let taken = export.take(Part::Contacts, found.rows, |row| row.id);
                export.answer.contacts = taken;
            }
            if let Some(page) = export.page(Part::Deals) {
                let found = deals::store::of_lead(tx, id, page).await?;
                export.answer.deals = export.take(Part::Deals, found, |row| row.id);
            }
            if let Some(page) = export.page(Part::Tasks) {
                let found = tasks::store::of_lead(tx, id, page).await?;
                export.answer.tasks = export.take(Part::Tasks, found, |row| row.id);
            }
            if let Some(page) = export.page(Part::Activities) {
                let found = activities::store::of_lead(tx, id, page).await?;
                export.answer.activities = export.take(Part::Activities, found, |row| row.id);
            }
            Ok(export.answer)
        })
        .await
}

/// The parts of an export, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Contacts,
    Deals,
    Tasks,
    Activities,
}

/// A page of an export being filled.
struct Export<'a> {
    pager: &'a Pager,
    room: Room,
    held: usize,
    /// The last thing in it, or of the page before.
    last: Option<(i64, Uuid)>,
    answer: ExportLeadResponse,
}

impl<'a> Export<'a> {
    fn new(pager: &'a Pager, lead: Lead) -> Self {
        let last = match pager.cursor {
            Some(Cursor::Key(part, id)) => Some((part, id)),
            _ => None,
        };
        Self {
            pager,
            room: Room::default(),
            held: 0,
            last,
            answer: ExportLeadResponse {
                lead: Some(lead.into()),
                ..Default::default()
            },
        }
    }

    /// What to fetch of a part; none if it was on a page before, or is on the next.
    fn page(&self, part: Part) -> Option<Page> {
        let (reached, after) = self.last.unwrap_or((0, Uuid::max()));
        let part = part as i64;
        let done = reached > part || self.answer.truncated;
        let left = self
            .pager
            .size()
            .saturating_sub(self.held)
            .saturating_add(1);
        (!done).then(|| Page {
            after: (reached == part).then_some(after),
            ..Page::first(i64::try_from(left).unwrap_or(i64::MAX), false)
        })
    }

    /// As much of a part as there is room for.
    fn take<T, I: Into<Uuid>, M: Message + From<T>>(
        &mut self,
        part: Part,
        rows: Vec<T>,
        id: impl Fn(&T) -> I,
    ) -> Vec<M> {
        let mut taken = Vec::new();
        for row in rows {
            let cursor = (part as i64, id(&row).into());
            let item = M::from(row);
            if self.held == self.pager.size() || !self.room.takes(&item) {
                let last = self.last.unwrap_or(cursor);
                self.answer.truncated = true;
                self.answer.next_page_token = self.pager.token(last.into());
                break;
            }
            self.held += 1;
            self.last = Some(cursor);
            taken.push(item);
        }
        taken
    }
}

pub async fn erase_lead(context: Context, request: EraseLeadRequest) -> Result<proto::Lead> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    let nothing = &LeadChange {
        external_id: Some(None),
        phone: Some(None),
        email: Some(None),
        name: Some(String::new()),
        owner_user_id: None,
    };
    context
        .write(idempotency_key, async |tx| {
            let before = lock(context, tx, id, etag).await?;
            let nothing = nothing.clone().of(&before);
            let lead = if nothing == LeadChange::default() {
                before.clone()
            } else {
                store::update(tx, id, &nothing).await?
            };
            contacts::store::erase_of_lead(tx, id).await?;
            let deals = deals::store::erase_of_lead(tx, id, ERASED).await?;
            tasks::store::erase_of_deals(tx, &deals, ERASED).await?;
            activities::store::erase_of_deals(tx, &deals, ERASED).await?;
            let mut ids: Vec<Uuid> = deals.into_iter().map(Uuid::from).collect();
            ids.push(id.into());
            idempotency::forget(tx, before.create_time, &ids).await?;
            tx.record(Change::LeadErased(id));
            Ok(lead.into())
        })
        .await
}
