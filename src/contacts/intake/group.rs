//! Takes in a group of contacts in one transaction of two round trips: the first
//! reads and locks, then everything is decided in memory, the second writes and
//! commits.

use std::collections::BTreeMap;

use futures_util::join;
use prost::Message;
use uuid::Uuid;

use super::{
    Answer, NewContact, SourceRef,
    decide::{Accepted, Decided, decide},
};
use crate::{
    audit::{self, Event},
    contacts::store,
    db::{Conn, Transaction},
    distribution::{
        self,
        store::{FoundSource, KnownPools, PoolRow, SourceKeys},
    },
    error::{Error, Result, SOURCE_INACTIVE},
    grouped,
    leads::{self, Identity, resolve::Resolver, store::Lead},
    request_id::{self, Claim},
    statistics::{self, Counts},
    telemetry::metrics,
};

/// The transaction. An error rolls all of it back.
pub async fn take_in(
    transaction: &Transaction,
    organization_id: Uuid,
    known_pools: &KnownPools,
    group: &[&NewContact],
) -> Result<Vec<Answer>> {
    let claims: Vec<_> = group.iter().filter_map(|new| new.claim.as_ref()).collect();
    let sources = named_sources(group);
    let (claimed, found, locked) = join!(
        request_id::find(transaction, organization_id, &claims),
        find_leads(transaction, organization_id, group),
        distribution::store::lock_roster(transaction, organization_id, &sources, &[]),
    );
    let mut answers = grouped::replay(group, claimed?);
    let found = found?;
    let (mut roster, sources) = locked?;

    let accepted = accept(&sources, group, &mut answers);
    if accepted.is_empty() {
        return Ok(grouped::all(answers));
    }
    let mut leads = Resolver::new(found, roster.time);
    let resolved: Vec<_> = accepted
        .iter()
        .map(|accepted| leads.resolve(&accepted.new.identity, Uuid::now_v7()))
        .collect();
    let decided = decide(&mut rand::rng(), &mut roster, &leads, &accepted, &resolved);
    let responses: Vec<_> = decided
        .iter()
        .zip(&resolved)
        .map(|(decided, resolved)| decided.answer(&leads, resolved))
        .collect();
    let kept: Vec<_> = accepted
        .iter()
        .zip(&responses)
        .filter_map(|(accepted, answer)| {
            Some((accepted.new.claim.as_ref()?, answer.encode_to_vec()))
        })
        .collect();

    let pools = known_pools.unknown(&roster)?;
    let counts = Counts::of(None, decided.iter().map(|decided| &decided.contact));
    let created = accepted.iter().zip(&decided).map(|(accepted, decided)| {
        let (identity, method) = accepted.new.call;
        (identity, method, decided.contact.id)
    });
    let events = audit::created(roster.time, created);
    let write = write(
        transaction,
        organization_id,
        &leads,
        &pools,
        &decided,
        &counts,
        (&kept, &events),
    );
    transaction.commit_with(write).await?;
    known_pools.add(&pools);
    let assigned = decided
        .iter()
        .filter(|decided| decided.contact.operator_id.is_some());
    let assigned = assigned.count();
    metrics::taken_in(assigned, decided.len() - assigned);
    for (accepted, response) in accepted.iter().zip(responses) {
        answers[accepted.index] = Some(Ok(response));
    }
    Ok(grouped::all(answers))
}

/// The sources that the group names.
fn named_sources<'a>(group: &[&'a NewContact]) -> SourceKeys<'a> {
    let mut sources = SourceKeys::default();
    for contact in group {
        match &contact.source {
            SourceRef::Id(id) => sources.ids.push(*id),
            SourceRef::Code(code) => sources.codes.push(code),
        }
    }
    sources.ids.sort_unstable();
    sources.ids.dedup();
    sources.codes.sort_unstable();
    sources.codes.dedup();
    sources
}

/// Accepts those whose source exists and is active, and refuses the others.
fn accept<'a>(
    sources: &[FoundSource],
    group: &[&'a NewContact],
    answers: &mut [Option<Answer>],
) -> Vec<Accepted<'a>> {
    let mut accepted = Vec::new();
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
    }
    accepted
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

/// Writes leads, contacts, decisions, answers to requests, what is to be counted,
/// and each operator's load once: statements that do not wait for each other's
/// answers, in this order.
async fn write(
    conn: &Conn,
    organization_id: Uuid,
    resolver: &Resolver,
    new_pools: &[PoolRow],
    decided: &[Decided],
    counts: &Counts,
    (kept, events): (&[(&Claim, Vec<u8>)], &[Event]),
) -> Result<()> {
    let mut loads: BTreeMap<Uuid, i32> = BTreeMap::new();
    for operator_id in decided
        .iter()
        .filter_map(|decided| decided.contact.operator_id)
    {
        *loads.entry(operator_id).or_default() += 1;
    }
    let contacts: Vec<_> = decided.iter().map(|decided| &decided.contact).collect();
    let decisions: Vec<_> = decided.iter().map(|decided| &decided.assignment).collect();
    let (created, filled) = (resolver.created(), resolver.filled());
    // Not `try_join`: all must be sent.
    let (created, filled, pools, contacts, kept, events, counts) = join!(
        leads::store::insert_all(conn, organization_id, &created),
        leads::store::fill_all(conn, organization_id, &filled),
        distribution::store::save_pools(conn, organization_id, new_pools),
        store::insert_all(conn, organization_id, &contacts, &decisions),
        request_id::insert(conn, organization_id, kept),
        audit::store::insert(conn, organization_id, events),
        statistics::store::apply(conn, organization_id, counts, &loads),
    );
    // The first error is the cause of the others.
    created?;
    filled?;
    pools?;
    contacts?;
    kept?;
    events?;
    counts
}
