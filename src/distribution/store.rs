//! Reads the operators of sources, under lock or not, and keeps the pools that
//! decisions were made from. Knows nothing of the wire.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use futures_util::join;
use uuid::Uuid;

use super::{Member, Pool, Roster};
use crate::{
    db::{Conn, Prepared},
    error::{Error, Result},
    operators::store::Operator,
    schema::{candidate_pools, operators},
    sources,
};

#[derive(Debug, QueryableByName)]
struct WindowLoad {
    #[diesel(sql_type = Timestamptz)]
    time: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    operator_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    given: i64,
}

/// Locks the operators with a weight on these sources, and these others, in
/// the order of their ids, as everyone does who locks more than one.
pub async fn lock_operators(
    conn: &Conn,
    organization_id: Uuid,
    source_ids: &[Uuid],
    others: &[Uuid],
) -> Result<Vec<Operator>> {
    Ok(Prepared(
        sql_query(
            "SELECT id, name, active, load_limit, window_limit, window_seconds, load, user_id,
                    revision, create_time, update_time, delete_time
             FROM operators
             WHERE organization_id = $1 AND id = ANY (ARRAY(
                 SELECT operator_id FROM operator_weights
                 WHERE organization_id = $1 AND source_id = ANY($2)
                 UNION SELECT unnest($3)))
             ORDER BY id
             FOR NO KEY UPDATE",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(source_ids)
        .bind::<Array<SqlUuid>, _>(others),
    )
    .get_results(&mut &*conn)
    .await?)
}

/// The roster of these sources and of these other operators, locked. Window
/// loads are counted only where there is a limit, and only up to it.
pub async fn lock_roster(
    conn: &Conn,
    organization_id: Uuid,
    source_ids: &[Uuid],
    others: &[Uuid],
) -> Result<Roster> {
    let operators = lock_operators(conn, organization_id, source_ids, others).await?;
    // From here on statements see what was committed by those waited for.
    let limited: Vec<_> = operators
        .iter()
        .filter(|operator| operator.window_limit.is_some())
        .map(|operator| operator.id)
        .collect();
    let (loads, weights) = join!(
        count_windows(conn, organization_id, &limited, true),
        sources::store::weights::list(conn, organization_id, source_ids),
    );
    let ((time, loads), weights) = (loads?, weights?);
    let locked: HashSet<_> = operators.iter().map(|operator| operator.id).collect();
    if weights
        .iter()
        .any(|weight| !locked.contains(&weight.operator_id))
    {
        // Came after the locks were taken: begin again, and ask them too.
        return Err(Error::Conflict);
    }
    Ok(roster(time, operators, &loads, weights))
}

/// The roster of these sources, as it is now.
pub async fn read_roster(
    mut conn: &Conn,
    organization_id: Uuid,
    source_ids: &[Uuid],
) -> Result<Roster> {
    let weights = sources::store::weights::list(conn, organization_id, source_ids).await?;
    let operators: Vec<Operator> = operators::table
        .filter(operators::organization_id.eq(organization_id))
        .filter(operators::id.eq_any(weights.iter().map(|weight| weight.operator_id)))
        .select(Operator::as_select())
        .load(&mut conn)
        .await?;
    let ids: Vec<_> = operators.iter().map(|operator| operator.id).collect();
    let (time, loads) = count_windows(conn, organization_id, &ids, false).await?;
    Ok(roster(time, operators, &loads, weights))
}

fn roster(
    time: DateTime<Utc>,
    operators: Vec<Operator>,
    window_loads: &HashMap<Uuid, i32>,
    weights: Vec<sources::store::weights::OperatorWeight>,
) -> Roster {
    let members = operators
        .into_iter()
        .map(|operator| Member {
            window_load: window_loads.get(&operator.id).copied().unwrap_or_default(),
            operator,
        })
        .collect();
    let weights = weights.into_iter().map(|weight| {
        (
            weight.source_id,
            weight.operator_id,
            u32::try_from(weight.weight).unwrap_or_default(),
        )
    });
    Roster::new(time, members, weights)
}

/// How many contacts each of these operators was given within its window.
pub async fn window_loads(
    conn: &Conn,
    organization_id: Uuid,
    operators: &[Operator],
) -> Result<HashMap<Uuid, i32>> {
    let ids: Vec<_> = operators.iter().map(|operator| operator.id).collect();
    Ok(count_windows(conn, organization_id, &ids, false).await?.1)
}

/// The time, and how many contacts each of these operators was given within its
/// window until then; counted no further than its limit if `to_limit`.
async fn count_windows(
    mut conn: &Conn,
    organization_id: Uuid,
    ids: &[Uuid],
    to_limit: bool,
) -> Result<(DateTime<Utc>, HashMap<Uuid, i32>)> {
    let rows: Vec<WindowLoad> = Prepared(
        sql_query(
            "SELECT t.time, o.id AS operator_id, (
                 SELECT count(*) FROM (
                     SELECT FROM assignments AS a
                     WHERE a.organization_id = $1 AND a.operator_id = o.id AND a.kind <> 'KEPT'
                       AND a.create_time > t.time - make_interval(secs => o.window_seconds)
                     LIMIT CASE WHEN $3 THEN o.window_limit END) AS g) AS given
             FROM (SELECT statement_timestamp() AS time) AS t
             LEFT JOIN operators AS o ON o.organization_id = $1 AND o.id = ANY($2)",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Bool, _>(to_limit),
    )
    .get_results(&mut conn)
    .await?;
    let time = rows.iter().map(|row| row.time).next();
    let loads = rows
        .iter()
        .filter_map(|row| Some((row.operator_id?, i32::try_from(row.given).ok()?)))
        .collect();
    Ok((time.ok_or_else(|| Error::internal("no time"))?, loads))
}

/// Keeps the pools that decisions were made from. Most are known already.
pub async fn save_pools(conn: &Conn, organization_id: Uuid, roster: &Roster) -> Result<()> {
    let mut pools: Vec<_> = roster.used_pools().iter().collect();
    if pools.is_empty() {
        return Ok(());
    }
    pools.sort_by_key(|(id, _)| **id);
    let ids: Vec<_> = pools.iter().map(|(id, _)| **id).collect();
    let source_ids: Vec<_> = pools.iter().map(|(_, pool)| pool.source_id).collect();
    let json = |value: serde_json::Result<serde_json::Value>| value.map_err(Error::internal);
    let candidates = pools
        .iter()
        .map(|(_, pool)| json(serde_json::to_value(&pool.candidates)))
        .collect::<Result<Vec<_>>>()?;
    let excluded = pools
        .iter()
        .map(|(_, pool)| json(serde_json::to_value(&pool.excluded)))
        .collect::<Result<Vec<_>>>()?;
    Prepared(
        sql_query(
            "INSERT INTO candidate_pools (organization_id, id, source_id, candidates, excluded)
             SELECT $1, p.* FROM unnest($2, $3, $4, $5) AS p
             ON CONFLICT DO NOTHING",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<SqlUuid>, _>(&source_ids)
        .bind::<Array<Jsonb>, _>(&candidates)
        .bind::<Array<Jsonb>, _>(&excluded),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// Pools by id.
pub async fn find_pools(
    mut conn: &Conn,
    organization_id: Uuid,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Pool>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid, serde_json::Value, serde_json::Value)> = candidate_pools::table
        .filter(candidate_pools::organization_id.eq(organization_id))
        .filter(candidate_pools::id.eq_any(ids))
        .select((
            candidate_pools::id,
            candidate_pools::source_id,
            candidate_pools::candidates,
            candidate_pools::excluded,
        ))
        .load(&mut conn)
        .await?;
    rows.into_iter()
        .map(|(id, source_id, candidates, excluded)| {
            let internal = |error: serde_json::Error| Error::internal(error);
            let candidates = serde_json::from_value(candidates).map_err(internal)?;
            let excluded = serde_json::from_value(excluded).map_err(internal)?;
            Ok((
                id,
                Pool {
                    source_id,
                    candidates,
                    excluded,
                },
            ))
        })
        .collect()
}
