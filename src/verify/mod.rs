//! `minicrm verify`: compares what is counted as it changes with the rows, and
//! corrects it.
//!
//! Every writer changes rows and counts in one transaction, so what a count
//! lacks in one snapshot it lacks in every later one, whatever is written
//! meanwhile. A repair adds it: calls go on as always.

mod store;

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    dispatch::store::{SourceKeys, lock_operators},
    error::Result,
    ids::{OperatorId, OrganizationId},
    platform::db::{Db, TenantTx},
    statistics::{
        self, Bucket, Counts,
        store::{
            contacts::{self, ContactDelta, ContactRollup},
            deals as counts,
        },
    },
};

/// What the counts of an organization lack.
#[derive(Debug)]
pub struct Findings {
    organization_id: OrganizationId,
    loads: Vec<(OperatorId, i32)>,
    contacts: BTreeMap<ContactRollup, ContactDelta>,
    leads: i64,
    deals: BTreeMap<counts::DealRollup, counts::DealDelta>,
}

/// How long a repair waits for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How many rollups a repair sends at once.
const ROLLUPS_AT_ONCE: usize = 10_000;

/// Looks for counts that are wrong, in all organizations of the database at
/// `url`; `repair` corrects them.
pub async fn run(url: &str, repair: bool) -> Result<Vec<Findings>> {
    let db = Db::new(url, 1, LOCK_TIMEOUT)?;
    let mut all = Vec::new();
    for organization_id in db.organizations().await? {
        let findings = db
            .transaction(organization_id, async |tx| {
                if repair {
                    store::lock(tx).await?;
                }
                let findings = find(tx).await?;
                if repair {
                    findings.repair(tx).await?;
                }
                Ok(findings)
            })
            .await?;
        if findings.count() > 0 {
            all.push(findings);
        }
    }
    Ok(all)
}

/// How many counts are wrong, in all organizations.
pub async fn drift(db: &Db) -> Result<u32> {
    let mut wrong = 0;
    for organization_id in db.organizations().await? {
        let findings = db.read(organization_id, async |tx| find(tx).await).await?;
        wrong += findings.count();
    }
    Ok(u32::try_from(wrong).unwrap_or(u32::MAX))
}

async fn find(tx: &TenantTx) -> Result<Findings> {
    store::prepare(tx).await?;
    Ok(Findings {
        organization_id: tx.organization_id(),
        loads: store::loads(tx).await?,
        contacts: store::contacts(tx).await?,
        leads: store::leads(tx).await?,
        deals: store::deals(tx).await?,
    })
}

impl Findings {
    /// How many counts are wrong.
    fn count(&self) -> usize {
        let leads = usize::from(self.leads != 0);
        self.loads.len() + self.contacts.len() + leads + self.deals.len()
    }

    /// Adds what is lacking, in the order of locks.
    async fn repair(&self, tx: &TenantTx) -> Result<()> {
        let ids: Vec<_> = self.loads.iter().map(|load| load.0).collect();
        let none = SourceKeys::default();
        lock_operators(tx, &none, &ids).await?;
        let loads = self.loads.iter().copied().collect();
        statistics::store::add_contacts(tx, &Counts::default(), &loads).await?;
        statistics::store::add_leads(tx, self.leads).await?;
        let rollups: Vec<_> = self.contacts.iter().collect();
        for some in rollups.chunks(ROLLUPS_AT_ONCE) {
            contacts::add(tx, some.iter().copied()).await?;
        }
        let rollups: Vec<_> = self.deals.iter().collect();
        for some in rollups.chunks(ROLLUPS_AT_ONCE) {
            counts::add_deals(tx, some.iter().copied()).await?;
        }
        Ok(())
    }
}

/// A line for each count that is wrong: ids, and what has to be added.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let organization_id = self.organization_id;
        for (operator_id, load) in &self.loads {
            writeln!(
                f,
                "organization {organization_id} operator {operator_id}: load {load:+}"
            )?;
        }
        for (rollup, change) in &self.contacts {
            write!(
                f,
                "organization {organization_id} source {}",
                rollup.source_id
            )?;
            if rollup.operator_id.is_nil() {
                write!(f, " backlog")?;
            } else {
                write!(f, " operator {}", rollup.operator_id)?;
            }
            write_bucket(f, rollup.span, rollup.start_time)?;
            let numbers = [
                ("new", change.new_contacts),
                ("in_progress", change.in_progress_contacts),
                ("closed", change.closed_contacts),
                ("expected_nanos", change.expected_nanos),
            ];
            for (name, number) in numbers.iter().filter(|(_, number)| *number != 0) {
                write!(f, " {name} {number:+}")?;
            }
            writeln!(f)?;
        }
        if self.leads != 0 {
            writeln!(f, "organization {organization_id}: leads {:+}", self.leads)?;
        }
        for (rollup, change) in &self.deals {
            write!(f, "organization {organization_id} deals of ")?;
            match rollup.owner_user_id {
                owner if owner.is_nil() => write!(f, "everybody")?,
                owner => write!(f, "user {owner}")?,
            }
            let counts::DealRollup {
                currency,
                status,
                stage,
                reached_stage,
                ..
            } = rollup;
            let [status, stage] = [status.as_str(), stage.as_str()];
            write!(
                f,
                " {currency} {status} {stage} reached {}",
                reached_stage.as_str()
            )?;
            write_bucket(f, rollup.span, rollup.start_time)?;
            if change.deals != 0 {
                write!(f, " deals {:+}", change.deals)?;
            }
            if change.amount != 0 {
                let cents = change.amount.with_scale(2);
                let amount = if cents == change.amount {
                    &cents
                } else {
                    &change.amount
                };
                write!(f, " amount {amount:+}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn write_bucket(
    f: &mut fmt::Formatter<'_>,
    bucket: Bucket,
    start_time: Option<DateTime<Utc>>,
) -> fmt::Result {
    match (bucket, start_time) {
        (Bucket::Day, Some(day)) => write!(f, " day {}:", day.format("%F")),
        (Bucket::Hour, Some(hour)) => write!(f, " hour {}:", hour.format("%FT%RZ")),
        _ => write!(f, " all:"),
    }
}
