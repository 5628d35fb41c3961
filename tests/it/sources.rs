//! `SourceService`: the channels contacts come through. Weights are tested in
//! `weights`.

use minicrm::proto::{
    CreateSourceRequest, DeleteSourceRequest, DistributionStrategy, GetSourceRequest,
    ListSourcesRequest, Source, UpdateSourceRequest,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, mask, operator};

async fn create(app: &App, source: Source) -> Result<Source, Status> {
    let request = CreateSourceRequest {
        source: Some(source),
        ..Default::default()
    };
    call!(app.sources.create_source(request))
}

fn named(name: &str) -> Source {
    Source {
        name: name.to_owned(),
        ..Source::default()
    }
}

fn coded(code: &str) -> Source {
    Source {
        code: code.to_owned(),
        ..named("Bot")
    }
}

#[tokio::test]
async fn a_source_is_active_and_has_a_code_made_from_its_name() {
    let app = App::start().await;
    let bot = create(&app, named(" Telegram Bot ")).await.unwrap();
    let expected = Source {
        id: bot.id.clone(),
        code: "telegram-bot".to_owned(),
        name: "Telegram Bot".to_owned(),
        active: Some(true),
        strategy: DistributionStrategy::WeightedRandom.into(),
        create_time: bot.create_time,
        update_time: bot.create_time,
        etag: bot.etag.clone(),
        ..Source::default()
    };
    assert_eq!(bot, expected);
    assert!(bot.create_time.is_some() && !bot.etag.is_empty());
    let second = create(&app, named("Telegram bot")).await.unwrap();
    assert!(second.code.starts_with("telegram-bot") && second.code != bot.code);

    // What is a code already stays one, and what is taken gets a number.
    let longest = "a_".repeat(32);
    for (name, code) in [
        ("telegram_bot", "telegram_bot"),
        ("Telegram_Bot", "telegram_bot-2"),
        ("v2.site", "v2.site"),
        (&*longest, &*longest),
    ] {
        assert_eq!(create(&app, named(name)).await.unwrap().code, code);
    }
    let twin = create(&app, named(&longest)).await.unwrap();
    assert_eq!(twin.code, format!("{}-2", &longest[..56]));

    let given = Source {
        name: "Form".to_owned(),
        code: "Web.FORM_1-a".to_owned(),
        description: "On the\nfront page".to_owned(),
        active: Some(false),
        strategy: DistributionStrategy::WeightedRandom.into(),
        ..Source::default()
    };
    let form = create(&app, given.clone()).await.unwrap();
    let expected = Source {
        id: form.id.clone(),
        code: "web.form_1-a".to_owned(),
        create_time: form.create_time,
        update_time: form.create_time,
        etag: form.etag.clone(),
        ..given
    };
    assert_eq!(form, expected);
    assert_eq!(app.get_source(&form).await, form);
    let id = Uuid::now_v7().to_string();
    let outcome = call!(app.sources.get_source(GetSourceRequest { id }));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_code_belongs_to_one_source_until_it_is_deleted() {
    let app = App::start().await;
    let bot = create(&app, coded("bot")).await.unwrap();
    let outcome = create(&app, coded("BOT")).await;
    let details = assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    let said = &details.error_info().unwrap().metadata;
    assert_eq!(said.get("code_taken_by"), Some(&bot.id));
    let form = create(&app, coded("form")).await.unwrap();
    let renamed = Source {
        code: "Bot".to_owned(),
        ..form.clone()
    };
    let outcome = app.update_source(&renamed, &["code"]).await;
    let details = assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    let said = &details.error_info().unwrap().metadata;
    assert_eq!(said.get("code_taken_by"), Some(&bot.id));
    assert_eq!(app.get_source(&form).await, form);
    let own = app.update_source(&bot, &["code"]).await.unwrap();
    assert_eq!(own.code, "bot");

    app.delete_source(&bot).await;
    assert_eq!(
        app.update_source(&renamed, &["code"]).await.unwrap().code,
        "bot"
    );
    let outcome = create(&app, coded("bot")).await;
    assert_error(outcome, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
    create(&app, coded("form")).await.unwrap();
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let app = App::start().await;
    let given = Source {
        description: "Text".to_owned(),
        active: Some(false),
        ..coded("bot")
    };
    let bot = create(&app, given).await.unwrap();
    let update = async |source: Source, update_mask| {
        let source = Source {
            id: bot.id.clone(),
            ..source
        };
        let request = UpdateSourceRequest {
            source: Some(source),
            update_mask,
            ..Default::default()
        };
        let updated = call!(app.sources.update_source(request))?;
        assert_eq!(app.get_source(&bot).await, updated);
        Ok::<_, Status>(updated)
    };
    let stamped = |expected: Source, stamp: &Source| Source {
        etag: stamp.etag.clone(),
        update_time: stamp.update_time,
        ..expected
    };

    let first = update(named("Robot"), None).await.unwrap();
    assert_eq!(
        first,
        stamped(
            Source {
                name: "Robot".to_owned(),
                ..bot.clone()
            },
            &first
        )
    );
    assert_ne!(
        (&first.etag, first.update_time),
        (&bot.etag, bot.update_time)
    );

    let paths = mask(&["description", "active", "strategy"]);
    let second = update(named("Not named"), paths).await.unwrap();
    let expected = Source {
        description: String::new(),
        active: Some(true),
        ..first
    };
    assert_eq!(second, stamped(expected, &second));

    let third = update(coded("BOT-2"), mask(&["*"])).await.unwrap();
    let expected = Source {
        code: "bot-2".to_owned(),
        name: "Bot".to_owned(),
        ..second
    };
    assert_eq!(third, stamped(expected, &third));

    for (paths, fields) in [
        (["*"], &["source.code", "source.name"][..]),
        (["code"], &["source.code"]),
        (["name"], &["source.name"]),
        (["title"], &["update_mask"]),
    ] {
        assert_invalid(update(Source::default(), mask(&paths)).await, fields);
    }
    for path in ["id", "weights", "create_time", "update_time", "delete_time"] {
        let outcome = update(named("Robot"), mask(&[path])).await;
        assert_invalid(outcome, &["update_mask"]);
    }
    let ignored = update(named("Robot"), mask(&["etag"])).await;
    assert_eq!(ignored.unwrap(), third);

    let stale = Source {
        etag: bot.etag.clone(),
        ..named("Robot")
    };
    let outcome = update(stale, mask(&["name"])).await;
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let fresh = Source {
        etag: third.etag,
        ..named("Robot")
    };
    update(fresh, mask(&["name"])).await.unwrap();
}

#[tokio::test]
async fn a_deleted_source_loses_its_weights_and_keeps_its_contacts() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&bot).await;
    let request = DeleteSourceRequest {
        id: bot.id.clone(),
        etag: "stale".to_owned(),
        ..Default::default()
    };
    let outcome = call!(app.sources.delete_source(request.clone()));
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let request = DeleteSourceRequest {
        etag: bot.etag.clone(),
        ..request
    };
    let deleted = call!(app.sources.delete_source(request)).unwrap();
    assert!(deleted.delete_time.is_some());
    let now = app.get_source(&bot).await;
    assert_eq!(now, deleted);
    assert_eq!(now.weights, []);
    assert_eq!(app.get_contact(&contact).await, contact);
    assert_eq!(app.get_operator(&ann).await.load, 1);

    // Nobody is left to take it on a new draw, so it stays.
    assert_eq!(app.reassign(&contact).await.unwrap(), contact);
    let request = DeleteSourceRequest {
        id: bot.id.clone(),
        ..Default::default()
    };
    let outcome = call!(app.sources.delete_source(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let fresh = Source {
        etag: String::new(),
        ..bot.clone()
    };
    let outcome = app.update_source(&fresh, &["name"]).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let outcome = app.set_weight(&bot, &ann, 1).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    app.assert_invariants().await;
}

#[tokio::test]
async fn sources_are_listed_by_activity_and_code_without_weights() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let gone = app.source("a", &[]).await;
    app.delete_source(&gone).await;
    app.source("a", &[(&ann, 1)]).await;
    let off = app.source("b", &[]).await;
    let off = Source {
        active: Some(false),
        ..off
    };
    app.update_source(&off, &["active"]).await.unwrap();
    for (active, show_deleted, code, expected) in [
        (None, false, "", "b a"),
        (Some(true), false, "", "a"),
        (Some(false), false, "", "b"),
        (None, true, "", "b a a"),
        (None, false, " A ", "a"),
        (None, true, "a", "a a"),
        (Some(true), false, "b", ""),
        (None, true, "c", ""),
    ] {
        let request = ListSourcesRequest {
            active,
            show_deleted,
            code: code.to_owned(),
            ..Default::default()
        };
        let listed = call!(app.sources.list_sources(request)).unwrap().sources;
        let codes: Vec<_> = listed.iter().map(|source| source.code.as_str()).collect();
        assert_eq!(codes.join(" "), expected);
        assert!(listed.iter().all(|source| source.weights.is_empty()));
    }
    for code in ["%", "a\0b", &"a".repeat(65)] {
        let request = ListSourcesRequest {
            code: code.to_owned(),
            ..Default::default()
        };
        assert_invalid(call!(app.sources.list_sources(request)), &["code"]);
    }
}
