//! `SourceService`: the weights of operators, and the preview of what they
//! make of the next contact.

use minicrm::proto::{
    ExclusionReason, Operator, OperatorWeight, PreviewDistributionRequest,
    RemoveOperatorWeightRequest, ReplaceOperatorWeightsRequest, Source,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, contact, external, operator};

async fn replace(app: &App, source: &Source, weights: &[(&str, i32)]) -> Result<Source, Status> {
    let weights = weights
        .iter()
        .map(|(operator_id, weight)| OperatorWeight {
            operator_id: (*operator_id).to_owned(),
            weight: Some(*weight),
            ..OperatorWeight::default()
        })
        .collect();
    let request = ReplaceOperatorWeightsRequest {
        source_id: source.id.clone(),
        weights,
        ..Default::default()
    };
    call!(app.sources.replace_operator_weights(request))
}

fn weights(source: &Source) -> Vec<(&str, i32)> {
    let weights = source.weights.iter();
    weights
        .map(|weight| (&*weight.operator_id, weight.weight()))
        .collect()
}

fn unknown() -> Operator {
    Operator {
        id: Uuid::now_v7().to_string(),
        ..Operator::default()
    }
}

#[tokio::test]
async fn a_weight_is_set_changed_and_removed() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let bot = app.source("bot", &[]).await;
    let set = app.set_weight(&bot, &bob, 1_000_000).await.unwrap();
    assert_eq!((&set.source_id, &set.operator_id), (&bot.id, &bob.id));
    assert_eq!((set.weight, &*set.operator_name), (Some(1_000_000), "Bob"));
    assert_eq!(set.create_time, set.update_time);
    let changed = app.set_weight(&bot, &bob, 0).await.unwrap();
    assert_eq!(
        (changed.weight, changed.create_time),
        (Some(0), set.create_time)
    );
    assert_ne!(changed.update_time, set.update_time);
    let same = app.set_weight(&bot, &bob, 0).await.unwrap();
    assert_eq!(
        same, changed,
        "`update_time` is when the weight last changed"
    );
    app.set_weight(&bot, &ann, 5).await.unwrap();

    let now = app.get_source(&bot).await;
    assert_eq!(
        weights(&now),
        [(&*ann.id, 5), (&*bob.id, 0)],
        "by operator id"
    );
    assert_eq!((&now.etag, now.update_time), (&bot.etag, bot.update_time));

    let remove = |source: &Source, operator: &Operator| RemoveOperatorWeightRequest {
        source_id: source.id.clone(),
        operator_id: operator.id.clone(),
        ..Default::default()
    };
    let request = remove(&bot, &bob);
    call!(app.sources.remove_operator_weight(request.clone())).unwrap();
    assert_eq!(weights(&app.get_source(&bot).await), [(&*ann.id, 5)]);
    let nowhere = Source {
        id: Uuid::now_v7().to_string(),
        ..Source::default()
    };
    for request in [request, remove(&bot, &unknown()), remove(&nowhere, &ann)] {
        let outcome = call!(app.sources.remove_operator_weight(request));
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    for (source, operator) in [(&bot, &unknown()), (&nowhere, &ann)] {
        let outcome = app.set_weight(source, operator, 1).await;
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn all_weights_are_replaced_or_none() {
    let app = App::start().await;
    let [ann, bob, cem] = ["Ann", "Bob", "Cem"].map(|name| app.operator(operator(name)));
    let (ann, bob, cem) = (ann.await, bob.await, cem.await);
    let bot = app.source("bot", &[(&ann, 1), (&bob, 2)]).await;
    let form = app.source("form", &[(&ann, 9)]).await;

    let replaced = replace(&app, &bot, &[(&cem.id, 3), (&bob.id, 4)])
        .await
        .unwrap();
    assert_eq!(weights(&replaced), [(&*bob.id, 4), (&*cem.id, 3)]);
    assert_eq!(app.get_source(&bot).await, replaced);
    let created = |source: &Source, id: &str| {
        let found = source
            .weights
            .iter()
            .find(|weight| weight.operator_id == id);
        found.unwrap().create_time
    };
    assert_eq!(created(&replaced, &bob.id), created(&bot, &bob.id));

    app.delete_operator(&cem).await;
    let before = app.get_source(&bot).await;
    assert_eq!(weights(&before), [(&*bob.id, 4)]);
    for gone in [cem.id, unknown().id] {
        let outcome = replace(&app, &bot, &[(&ann.id, 5), (&gone, 6)]).await;
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    let outcome = replace(&app, &bot, &[(&ann.id, 5), (&bob.id, 6), (&ann.id, 5)]).await;
    assert_invalid(outcome, &["weights[2].operator_id"]);
    assert_eq!(app.get_source(&bot).await, before, "nothing changed");

    let other = OperatorWeight {
        source_id: form.id.clone(),
        operator_id: ann.id.clone(),
        weight: Some(1),
        ..OperatorWeight::default()
    };
    let own = OperatorWeight {
        source_id: bot.id.clone(),
        operator_id: bob.id.clone(),
        weight: Some(1),
        ..OperatorWeight::default()
    };
    let request = ReplaceOperatorWeightsRequest {
        source_id: bot.id.clone(),
        weights: vec![own, other],
        ..Default::default()
    };
    let outcome = call!(app.sources.replace_operator_weights(request));
    assert_invalid(outcome, &["weights[1].source_id"]);

    assert_eq!(replace(&app, &bot, &[]).await.unwrap().weights, []);
    assert_eq!(app.get_source(&form).await, form, "another source's stay");
    let nowhere = Source {
        id: Uuid::now_v7().to_string(),
        ..Source::default()
    };
    let outcome = replace(&app, &nowhere, &[]).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn the_preview_shows_everyone_with_a_weight_and_why_they_cannot() {
    use ExclusionReason as Reason;
    let app = App::start().await;
    let idle = Operator {
        active: Some(false),
        ..operator("Idle")
    };
    let loaded = Operator {
        load_limit: Some(1),
        ..operator("Loaded")
    };
    let used_up = Operator {
        window_limit: Some(1),
        ..operator("Used up")
    };
    let loaded = app.operator(loaded).await;
    let used_up = app.operator(used_up).await;
    for (code, operator) in [("a", &loaded), ("b", &used_up)] {
        let source = app.source(code, &[(operator, 1)]).await;
        app.contact(&source).await;
    }
    let idle = app.operator(idle).await;
    let [ten, twenty, thirty, paused] =
        ["Ten", "Twenty", "Thirty", "Paused"].map(|name| app.operator(operator(name)));
    let (ten, twenty, thirty, paused) = (ten.await, twenty.await, thirty.await, paused.await);
    let weights = [
        (&paused, 0),
        (&idle, 99),
        (&thirty, 30),
        (&ten, 10),
        (&twenty, 20),
        (&loaded, 99),
        (&used_up, 99),
    ];
    let bot = app.source("bot", &weights).await;
    let request = PreviewDistributionRequest {
        source_id: bot.id.clone(),
    };
    let preview = call!(app.sources.preview_distribution(request.clone())).unwrap();
    let told: Vec<_> = preview
        .candidates
        .iter()
        .map(|c| {
            assert_eq!(c.eligible, c.exclusion_reason() == Reason::Unspecified);
            let loads = (c.load, c.load_limit, c.window_load, c.window_limit);
            (&*c.operator_name, c.weight, c.exclusion_reason(), loads)
        })
        .collect();
    let free = (0, None, 0, None);
    assert_eq!(
        told,
        [
            ("Loaded", 99, Reason::AtLoadLimit, (1, Some(1), 1, None)),
            ("Used up", 99, Reason::AtWindowLimit, (1, None, 1, Some(1))),
            ("Idle", 99, Reason::Inactive, free),
            ("Ten", 10, Reason::Unspecified, free),
            ("Twenty", 20, Reason::Unspecified, free),
            ("Thirty", 30, Reason::Unspecified, free),
            ("Paused", 0, Reason::Paused, free),
        ]
    );
    assert!(
        preview
            .candidates
            .is_sorted_by(|a, b| a.operator_id < b.operator_id)
    );
    for candidate in &preview.candidates {
        let share = f64::from(candidate.weight) / 60.0;
        let expected = if candidate.eligible { share } else { 0.0 };
        assert!((candidate.probability - expected).abs() < 1e-12);
    }
    let again = call!(app.sources.preview_distribution(request.clone())).unwrap();
    assert_eq!(again, preview, "it changes nothing");

    replace(&app, &bot, &[]).await.unwrap();
    let empty = call!(app.sources.preview_distribution(request.clone())).unwrap();
    assert_eq!(empty.candidates, []);
    app.delete_source(&bot).await;
    let outcome = call!(app.sources.preview_distribution(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

/// The strategy of a source is read with each decision. One that this process does not know,
/// as it may be while a newer one is rolled out, is an error and never another strategy.
/// Mutant: the decision takes weighted random whatever the source says.
#[tokio::test]
async fn a_strategy_that_nobody_knows_is_an_error() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let [odd, plain] = [
        app.source("odd", &[(&ann, 1)]).await,
        app.source("plain", &[(&ann, 1)]).await,
    ];
    app.execute(&format!(
        "ALTER TABLE sources DROP CONSTRAINT sources_strategy_check;
         UPDATE sources SET strategy = 'BY_STARS' WHERE id = '{}'",
        odd.id
    ))
    .await;
    let outcome = app.create_contact(contact(&odd, external(1))).await;
    assert_error(outcome, Code::Internal, "INTERNAL");
    app.contact(&plain).await;
    app.assert_invariants().await;
}
