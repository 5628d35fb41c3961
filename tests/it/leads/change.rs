//! `ListLeads` and its search, `UpdateLead`.

use minicrm::proto::{Lead, ListLeadsRequest, UpdateLeadRequest};
use tonic::{Code, Status};
use uuid::Uuid;

use super::{create, lead};
use crate::support::{App, assert_error, assert_invalid, call, mask};

#[tokio::test]
async fn a_search_is_literal_and_case_insensitive_in_all_texts() {
    let app = App::start().await;
    let owner = Uuid::now_v7().to_string();
    for made in [
        lead("tg:100%", "", "", "1"),
        lead("tg:1000", "", "", "2"),
        lead("", "+493055555", "", "3"),
        lead("", "", "under_score@example.org", "4"),
        lead("", "", "underXscore@example.org", "5"),
        lead("", "", "", r"6 \Back\"),
        lead("", "", "", "7 \u{c4}RGER 50%"),
    ] {
        let has_owner = ["1", "3"].contains(&&*made.name);
        let owner_user_id = if has_owner {
            owner.clone()
        } else {
            String::new()
        };
        create(
            &app,
            Lead {
                owner_user_id,
                ..made
            },
        )
        .await
        .unwrap();
    }
    for (search, owner, expected) in [
        ("", "", "7654321"),
        ("tg:100%", "", "1"),
        ("tg:100", "", "21"),
        ("100", "", ""),
        ("TG:", "", "21"),
        ("3055", "", "3"),
        ("r_s", "", "4"),
        ("R_S", "", "4"),
        ("example", "", "54"),
        (r"\b", "", "6"),
        ("\u{e4}rger", "", "7"),
        (" tg ", "", "21"),
        ("%", "", "7"),
        ("nobody", "", ""),
        ("", &owner, "31"),
        ("tg", &owner, "1"),
    ] {
        let request = ListLeadsRequest {
            search: search.to_owned(),
            owner_user_id: owner.to_owned(),
            ..Default::default()
        };
        let listed = call!(app.leads.list_leads(request)).unwrap().leads;
        let found: String = listed.iter().map(|lead| &lead.name[..1]).collect();
        assert_eq!(found, expected, "search for {search:?}");
    }
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let app = App::start().await;
    let owner_user_id = Uuid::now_v7().to_string();
    let full = Lead {
        owner_user_id,
        ..lead("a", "+4930111111", "a@example.org", "Ann")
    };
    let ann = create(&app, full).await.unwrap();
    let update = async |lead: Lead, update_mask| {
        let request = UpdateLeadRequest {
            lead: Some(Lead {
                id: ann.id.clone(),
                ..lead
            }),
            update_mask,
            ..Default::default()
        };
        let updated = call!(app.leads.update_lead(request))?;
        assert_eq!(app.get_lead(&ann.id).await, updated);
        Ok::<_, Status>(updated)
    };
    let stamped = |expected: Lead, stamp: &Lead| Lead {
        etag: stamp.etag.clone(),
        update_time: stamp.update_time,
        ..expected
    };

    let first = update(lead("", "030 222222", "", "Anna"), None)
        .await
        .unwrap();
    let expected = Lead {
        phone: "+4930222222".to_owned(),
        name: "Anna".to_owned(),
        ..ann.clone()
    };
    assert_eq!(first, stamped(expected, &first));
    assert_ne!(
        (&first.etag, first.update_time),
        (&ann.etag, ann.update_time)
    );

    let paths = mask(&["external_id", "email", "owner_user_id"]);
    let second = update(lead("", "", "New@example.org", "Other"), paths)
        .await
        .unwrap();
    let expected = Lead {
        external_id: String::new(),
        email: "new@example.org".to_owned(),
        owner_user_id: String::new(),
        ..first
    };
    assert_eq!(second, stamped(expected, &second));

    let third = update(lead("b", "", "", ""), mask(&["*"])).await.unwrap();
    let only = Lead {
        id: ann.id.clone(),
        create_time: ann.create_time,
        ..lead("b", "", "", "")
    };
    assert_eq!(third, stamped(only, &third));

    for path in ["id", "contacts", "deals", "create_time", "update_time"] {
        let outcome = update(lead("c", "", "", "C"), mask(&[path])).await;
        assert_invalid(outcome, &["update_mask"]);
    }
    let ignored = mask(&["etag"]);
    assert_eq!(
        update(lead("c", "", "", "C"), ignored).await.unwrap(),
        third
    );
    let outcome = update(lead("c", "", "", ""), mask(&["name", "nickname"])).await;
    assert_invalid(outcome, &["update_mask"]);
    let stale = Lead {
        etag: ann.etag.clone(),
        ..lead("c", "", "", "")
    };
    let outcome = update(stale.clone(), None).await;
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let fresh = Lead {
        etag: third.etag,
        ..stale
    };
    update(fresh.clone(), None).await.unwrap();
    let request = UpdateLeadRequest {
        lead: Some(Lead {
            id: Uuid::now_v7().to_string(),
            ..fresh
        }),
        ..Default::default()
    };
    let outcome = call!(app.leads.update_lead(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}
