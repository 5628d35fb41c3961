//! Takes in a group of contacts in one transaction: claim their request ids,
//! find or create their leads, lock the operators, draw for each in memory,
//! write everything, and answer. A request that cannot be served fails alone.

use std::collections::{HashMap, HashSet};

use prost::Message;
use uuid::Uuid;

use super::decide::{Decided, Plan};
use crate::{
    contacts::store::{self, assignments},
    context::{Context, decode},
    db::Conn,
    distribution::{self, Roster},
    error::{Error, Result, SOURCE_INACTIVE},
    leads::{
        self, Identity,
        resolve::{Resolved, Resolver},
    },
    operators,
    proto::CreateContactResponse,
    request_id::{self, Claim, Claimed},
    sources::{self, store::Source},
};

/// A contact to take in, checked and normalised.
#[derive(Debug)]
pub struct NewContact {
    /// What its request claims to be, if it may be repeated.
    pub claim: Option<Claim>,
    /// The source it comes through.
    pub source: SourceRef,
    /// Who asks.
    pub identity: Identity,
    /// What they wrote.
    pub message: String,
}

/// How a request names its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRef {
    /// By id.
    Id(Uuid),
    /// By code.
    Code(String),
}

type Answer = Result<CreateContactResponse>;

/// Takes in contacts; one answer each, in their order.
pub async fn create_contacts(context: &Context, contacts: Vec<NewContact>) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = contacts.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..contacts.len()).collect();
    while !waiting.is_empty() {
        // Twins go one after the other: the second reads the first's answer.
        let mut claimed = HashSet::new();
        let (group, twins): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|&index| {
            let claim = contacts[index].claim.as_ref();
            claim.is_none_or(|claim| claimed.insert((claim.method, claim.request_id)))
        });
        waiting = twins;
        let members: Vec<_> = group.iter().map(|&index| &contacts[index]).collect();
        for (index, answer) in group.into_iter().zip(create_group(context, &members).await) {
            answers[index] = Some(answer);
        }
    }
    let missing = || Err(Error::internal("no answer"));
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(missing))
        .collect()
}

/// Takes in a group; if that fails as a whole, its members one by one, so that
/// only those fail that cannot be served.
async fn create_group(context: &Context, group: &[&NewContact]) -> Vec<Answer> {
    let error = match transact(context, group).await {
        Ok(answers) => return answers,
        Err(error) => error,
    };
    if group.len() == 1 {
        return vec![Err(error)];
    }
    tracing::warn!(%error, size = group.len(), "group failed, its members are tried alone");
    let mut answers = Vec::with_capacity(group.len());
    for member in group {
        let alone = transact(context, std::slice::from_ref(member)).await;
        answers.push(alone.and_then(|mut answers| {
            answers
                .pop()
                .unwrap_or_else(|| Err(Error::internal("no answer")))
        }));
    }
    answers
}

async fn transact(context: &Context, group: &[&NewContact]) -> Result<Vec<Answer>> {
    let organization_id = context.organization_id;
    context
        .db()
        .transaction(async |conn| take_in(conn, organization_id, group).await)
        .await
}

/// The transaction. An error rolls all of it back.
async fn take_in(conn: &Conn, organization_id: Uuid, group: &[&NewContact]) -> Result<Vec<Answer>> {
    let mut answers = replay(conn, organization_id, group).await?;
    let sources = find_sources(conn, organization_id, group, &mut answers).await?;
    let accepted: Vec<_> = (0..group.len())
        .filter(|&index| answers[index].is_none())
        .collect();
    let members: Vec<_> = accepted.iter().map(|&index| group[index]).collect();
    let source_ids: Vec<_> = accepted
        .iter()
        .filter_map(|index| sources.get(index))
        .copied()
        .collect();

    let (leads, resolved) = resolve_leads(conn, organization_id, &members).await?;
    let distinct: Vec<_> = source_ids
        .iter()
        .copied()
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    let mut roster =
        distribution::store::lock_roster(conn, organization_id, &distinct, &[]).await?;
    let plan = Plan {
        members: &members,
        source_ids: &source_ids,
        resolved: &resolved,
    };
    let decided = plan.decide(&mut rand::rng(), &mut roster, &leads);
    write(conn, organization_id, &roster, &decided).await?;

    let mut saved = Vec::new();
    for ((index, decided), resolved) in accepted.into_iter().zip(decided).zip(resolved) {
        let answer = decided.answer(&leads, &resolved);
        if let Some(claim) = &group[index].claim {
            saved.push((claim, answer.encode_to_vec()));
        }
        answers[index] = Some(Ok(answer));
    }
    request_id::save(conn, organization_id, &saved).await?;
    let missing = || Err(Error::internal("no answer"));
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(missing))
        .collect())
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

/// The ids of the sources, by index in the group; refuses contacts whose source
/// does not exist or is not active.
async fn find_sources(
    conn: &Conn,
    organization_id: Uuid,
    group: &[&NewContact],
    answers: &mut [Option<Answer>],
) -> Result<HashMap<usize, Uuid>> {
    let (mut ids, mut codes) = (Vec::new(), Vec::new());
    for contact in group {
        match &contact.source {
            SourceRef::Id(id) => ids.push(*id),
            SourceRef::Code(code) => codes.push(code.as_str()),
        }
    }
    let sources = sources::store::resolve(conn, organization_id, &ids, &codes).await?;
    let mut found = HashMap::new();
    for (index, contact) in group.iter().enumerate() {
        let named = |source: &&Source| match &contact.source {
            SourceRef::Id(id) => source.id == *id,
            SourceRef::Code(code) => source.code == *code,
        };
        let refusal = match sources.iter().find(named) {
            Some(source) if source.active => {
                found.insert(index, source.id);
                continue;
            }
            Some(source) => Error::Precondition {
                reason: SOURCE_INACTIVE,
                kind: "source",
                id: source.id,
            },
            None => match &contact.source {
                SourceRef::Id(id) => Error::not_found("source", id),
                SourceRef::Code(code) => Error::not_found("source", code),
            },
        };
        answers[index].get_or_insert(Err(refusal));
    }
    Ok(found)
}

/// Finds or creates the leads, and fills in what they lack.
async fn resolve_leads(
    conn: &Conn,
    organization_id: Uuid,
    contacts: &[&NewContact],
) -> Result<(Resolver, Vec<Resolved>)> {
    let values = |value: fn(&Identity) -> &Option<String>| -> Vec<&str> {
        contacts
            .iter()
            .filter_map(|contact| value(&contact.identity).as_deref())
            .collect()
    };
    let found = leads::store::lock_by_identifiers(
        conn,
        organization_id,
        &values(|identity| &identity.external_id),
        &values(|identity| &identity.phone),
        &values(|identity| &identity.email),
    )
    .await?;
    let mut leads = Resolver::new(found);
    let resolved: Vec<_> = contacts
        .iter()
        .map(|contact| leads.resolve(&contact.identity, Uuid::now_v7()))
        .collect();
    leads::store::insert_all(conn, organization_id, &mut leads.created()).await?;
    leads::store::fill_all(conn, organization_id, &mut leads.filled()).await?;
    Ok((leads, resolved))
}

/// Writes contacts, decisions, and each operator's load once.
async fn write(
    conn: &Conn,
    organization_id: Uuid,
    roster: &Roster,
    decided: &[Decided],
) -> Result<()> {
    let mut loads: HashMap<Uuid, i32> = HashMap::new();
    for operator_id in decided
        .iter()
        .filter_map(|decided| decided.contact.operator_id)
    {
        *loads.entry(operator_id).or_default() += 1;
    }
    let contacts: Vec<_> = decided
        .iter()
        .map(|decided| decided.contact.clone())
        .collect();
    let history: Vec<_> = decided
        .iter()
        .map(|decided| decided.assignment.clone())
        .collect();
    distribution::store::save_pools(conn, organization_id, roster).await?;
    store::insert_all(conn, organization_id, &contacts).await?;
    assignments::insert_all(conn, organization_id, &history).await?;
    operators::store::add_loads(conn, organization_id, loads).await
}
