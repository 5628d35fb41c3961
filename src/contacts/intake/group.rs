//! Takes in a group of contacts in one transaction: claim their request ids,
//! find or create their leads, lock the operators, draw for each in memory,
//! write everything, and answer.

use std::collections::{HashMap, HashSet};

use futures_util::join;
use prost::Message;
use uuid::Uuid;

use super::{
    Answer, NewContact, SourceRef, all,
    decide::{Accepted, Decided, decide},
};
use crate::{
    contacts::store::{self, assignments},
    context::decode,
    db::Conn,
    distribution::{self, Roster},
    error::{Error, Result, SOURCE_INACTIVE},
    leads::{
        self, Identity,
        resolve::{Resolved, Resolver},
        store::Lead,
    },
    operators,
    request_id::{self, Claim, Claimed},
    sources::{self, store::Source},
    statistics::{self, Counts},
};

/// The transaction. An error rolls all of it back.
pub async fn take_in(
    conn: &Conn,
    organization_id: Uuid,
    group: &[&NewContact],
) -> Result<Vec<Answer>> {
    let mut answers = replay(conn, organization_id, group).await?;
    let new: Vec<_> = group
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_none())
        .map(|(new, _)| *new)
        .collect();
    let (sources, found) = join!(
        find_sources(conn, organization_id, &new),
        find_leads(conn, organization_id, &new),
    );
    let (sources, found) = (sources?, found?);
    let (accepted, refused) = accept(&sources, group, &mut answers);
    for claim in refused {
        request_id::give_back(conn, organization_id, claim).await?;
    }
    if accepted.is_empty() {
        return Ok(all(answers));
    }
    let (leads, resolved) = resolve_leads(conn, organization_id, found, &accepted).await?;

    let source_ids: HashSet<_> = accepted.iter().map(|accepted| accepted.source_id).collect();
    let source_ids: Vec<_> = source_ids.into_iter().collect();
    let mut roster =
        distribution::store::lock_roster(conn, organization_id, &source_ids, &[]).await?;
    let decided = decide(&mut rand::rng(), &mut roster, &leads, &accepted, &resolved);
    let leads_created = resolved.iter().filter(|resolved| resolved.created).count();
    let (written, active) = join!(
        write(conn, organization_id, &roster, &decided, leads_created),
        sources::store::count_active(conn, organization_id, &source_ids),
    );
    written?;
    if active? < source_ids.len() {
        // One was switched off or deleted since: begin again, and refuse.
        return Err(Error::Conflict);
    }

    let mut saved = Vec::new();
    for ((accepted, decided), resolved) in accepted.iter().zip(decided).zip(&resolved) {
        let answer = decided.answer(&leads, resolved);
        if let Some(claim) = &accepted.new.claim {
            saved.push((claim, answer.encode_to_vec()));
        }
        answers[accepted.index] = Some(Ok(answer));
    }
    request_id::save(conn, organization_id, &saved).await?;
    Ok(all(answers))
}

/// Claims the request ids; answers those that were used before.
async fn replay(
    conn: &Conn,
    organization_id: Uuid,
    group: &[&NewContact],
) -> Result<Vec<Option<Answer>>> {
    let claims: Vec<_> = group
        .iter()
        .filter_map(|contact| contact.claim.as_ref())
        .collect();
    let mut claimed = request_id::claim(conn, organization_id, &claims)
        .await?
        .into_iter();
    let answers = group.iter().map(|contact| {
        contact.claim.as_ref()?;
        match claimed.next()? {
            Claimed::Fresh => None,
            Claimed::Replay(answer) => Some(decode(&answer)),
            Claimed::Reused => Some(Err(Error::RequestIdReused)),
        }
    });
    Ok(answers.collect())
}

/// The sources that the group names, as far as they exist.
async fn find_sources(
    conn: &Conn,
    organization_id: Uuid,
    group: &[&NewContact],
) -> Result<Vec<Source>> {
    let (mut ids, mut codes) = (Vec::new(), Vec::new());
    for contact in group {
        match &contact.source {
            SourceRef::Id(id) => ids.push(*id),
            SourceRef::Code(code) => codes.push(code.as_str()),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    codes.sort_unstable();
    codes.dedup();
    sources::store::resolve(conn, organization_id, &ids, &codes).await
}

/// Accepts those whose source exists and is active, and refuses the others:
/// their claims are returned.
fn accept<'a>(
    sources: &[Source],
    group: &[&'a NewContact],
    answers: &mut [Option<Answer>],
) -> (Vec<Accepted<'a>>, Vec<&'a Claim>) {
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for (index, (&new, answer)) in group.iter().zip(answers).enumerate() {
        if answer.is_some() {
            continue;
        }
        let found = sources.iter().find(|source| match &new.source {
            SourceRef::Id(id) => source.id == *id,
            SourceRef::Code(code) => source.code == *code,
        });
        let refusal = match (found, &new.source) {
            (Some(source), _) if source.active => {
                accepted.push(Accepted {
                    index,
                    new,
                    source_id: source.id,
                });
                continue;
            }
            (Some(source), _) => Error::Precondition {
                reason: SOURCE_INACTIVE,
                kind: "source",
                id: source.id,
            },
            (None, SourceRef::Id(id)) => Error::not_found("source", id),
            (None, SourceRef::Code(code)) => Error::not_found("source", code),
        };
        *answer = Some(Err(refusal));
        refused.extend(&new.claim);
    }
    (accepted, refused)
}

/// The leads that have one of the group's identifiers, locked.
async fn find_leads(
    conn: &Conn,
    organization_id: Uuid,
    group: &[&NewContact],
) -> Result<Vec<Lead>> {
    let values = |value: fn(&Identity) -> &Option<String>| -> Vec<&str> {
        group
            .iter()
            .filter_map(|contact| value(&contact.identity).as_deref())
            .collect()
    };
    leads::store::lock_by_identifiers(
        conn,
        organization_id,
        &values(|identity| &identity.external_id),
        &values(|identity| &identity.phone),
        &values(|identity| &identity.email),
    )
    .await
}

/// Finds or creates the leads, and fills in what they lack.
async fn resolve_leads(
    conn: &Conn,
    organization_id: Uuid,
    found: Vec<Lead>,
    accepted: &[Accepted<'_>],
) -> Result<(Resolver, Vec<Resolved>)> {
    let mut leads = Resolver::new(found);
    let resolved: Vec<_> = accepted
        .iter()
        .map(|accepted| leads.resolve(&accepted.new.identity, Uuid::now_v7()))
        .collect();
    leads::store::insert_all(conn, organization_id, &mut leads.created()).await?;
    leads::store::fill_all(conn, organization_id, &mut leads.filled()).await?;
    Ok((leads, resolved))
}

/// Writes contacts, decisions, and each operator's load and each count once:
/// statements that do not wait for each other's answers, in this order.
async fn write(
    conn: &Conn,
    organization_id: Uuid,
    roster: &Roster,
    decided: &[Decided],
    leads_created: usize,
) -> Result<()> {
    let mut loads: HashMap<Uuid, i32> = HashMap::new();
    for operator_id in decided
        .iter()
        .filter_map(|decided| decided.contact.operator_id)
    {
        *loads.entry(operator_id).or_default() += 1;
    }
    let contacts: Vec<_> = decided.iter().map(|decided| &decided.contact).collect();
    let history: Vec<_> = decided.iter().map(|decided| &decided.assignment).collect();
    let mut counts = Counts::default();
    counts.add(contacts.iter().copied(), 1);
    let cells = counts.cells(roster.used_pools());
    let leads_created = i64::try_from(leads_created).map_err(Error::internal)?;
    // Not `try_join`: all must have ended before the transaction does.
    let (pools, contacts, history, loads, counts, lead_count) = join!(
        distribution::store::save_pools(conn, organization_id, roster),
        store::insert_all(conn, organization_id, &contacts),
        assignments::insert_all(conn, organization_id, &history),
        operators::store::add_loads(conn, organization_id, loads),
        statistics::store::apply(conn, organization_id, &cells),
        statistics::store::add_leads(conn, organization_id, leads_created),
    );
    pools
        .and(contacts)
        .and(history)
        .and(loads)
        .and(counts)
        .and(lead_count)
}
