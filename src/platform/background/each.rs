//! Work that is done in one organization after the other.

use std::future::Future;

use futures_util::{StreamExt, stream};

use super::task::{Outcome, Report};
use crate::{error::Result, ids::OrganizationId};

/// Does `work` in each of these organizations, in so many at a time; it returns how many
/// things it dealt with. One that fails does not keep the others from being served. It is an
/// error if all of them fail, for then it is not about any of them.
pub async fn each_organization<F, W>(
    organizations: impl IntoIterator<Item = OrganizationId, IntoIter: Send> + Send,
    at_once: usize,
    work: F,
) -> Outcome
where
    F: Fn(OrganizationId) -> W + Send,
    W: Future<Output = Result<u64>> + Send,
{
    let mut report = Report::default();
    let (mut succeeded, mut last_error) = (false, None);
    let mut outcomes = stream::iter(organizations)
        .map(|id| {
            let work = work(id);
            async move { (id, work.await) }
        })
        .buffer_unordered(at_once);
    while let Some((id, outcome)) = outcomes.next().await {
        match outcome {
            Ok(items) => {
                succeeded = true;
                report.items += items;
            }
            Err(error) => {
                report.failures.push((id, error.chain()));
                last_error = Some(error);
            }
        }
    }
    match last_error {
        Some(error) if !succeeded => Err(error.into()),
        _ => Ok(report),
    }
}
