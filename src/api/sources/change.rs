//! `SourceService.UpdateSource`.

use super::convert::{answer, code, strategy};
use crate::{
    call::Context,
    dispatch::store::{SourceKeys, lock_operators},
    error::{Error, Resource, Result},
    model::Change,
    platform::{
        grpc::{
            mask::Mask,
            validate::{MAX_NAME, Violations},
        },
        idempotency::IdempotencyKey,
    },
    proto::{self, UpdateSourceRequest},
    sources::{
        MAX_DESCRIPTION,
        store::{self, SourceChange},
    },
};

pub async fn update_source(
    context: Context,
    request: UpdateSourceRequest,
) -> Result<proto::Source> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let source = violations.required("source", request.source)?;
    let id = violations.id("source.id", &source.id);
    let fields = [
        ("code", !source.code.is_empty()),
        ("name", !source.name.is_empty()),
        ("description", !source.description.is_empty()),
        ("active", source.active.is_some()),
        ("strategy", source.strategy != 0),
    ];
    let elsewhere = [
        ("weights", "SetOperatorWeight and ReplaceOperatorWeights"),
        ("delete_time", "DeleteSource"),
    ];
    let mask = Mask::parse::<proto::Source>(
        &mut violations,
        request.update_mask.as_ref(),
        &fields,
        &elsewhere,
    );
    let v = &mut violations;
    let change = SourceChange {
        code: mask.then("code", || code(v, "source.code", &source.code)),
        name: mask.then("name", || {
            v.required_line("source.name", &source.name, MAX_NAME)
        }),
        description: mask.then("description", || {
            v.lines("source.description", &source.description, MAX_DESCRIPTION)
        }),
        active: mask.then("active", || source.active.unwrap_or(true)),
        strategy: mask.then("strategy", || strategy(v, source.strategy)),
    };
    violations.finish()?;

    let (change, etag) = (&change, &source.etag);
    context
        .write(idempotency_key, async |tx| {
            let source = store::lock(tx, id).await?;
            Error::check_etag(Resource::Source, id, etag, source.revision)?;
            let change = change.clone().of(&source);
            if change == SourceChange::default() {
                return Ok(answer(source, Vec::new()));
            }
            if change.active == Some(false) {
                // Waits for those who are giving out its contacts.
                lock_operators(tx, &SourceKeys::id(id), &[]).await?;
            }
            if let Some(code) = &change.code {
                store::check_free(tx, code).await?;
            }
            let source = store::update(tx, id, &change).await?;
            tx.record(Change::SourceUpdated(id));
            Ok(answer(source, Vec::new()))
        })
        .await
}
