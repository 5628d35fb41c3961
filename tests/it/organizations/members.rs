//! Who is a member, and who is invited.

use minicrm::proto::{
    AddMemberRequest, Invitation, ListMembersRequest, Member, Membership, Role,
    add_member_response::Result as Added,
};
use tonic::Code;

use crate::support::{App, assert_error, assert_invalid, call, request_id};

async fn members(app: &App, page_size: i32) -> Vec<Member> {
    let mut members = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListMembersRequest {
            page_size,
            page_token,
            ..Default::default()
        };
        let page = call!(app.organizations.list_members(request)).unwrap();
        members.extend(page.members);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return members;
        }
    }
}

#[tokio::test]
async fn whoever_accepts_becomes_a_member() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let bob = app.user("bob@example.com").await;
    let bobs = app.of(&bob, &acme);
    assert_error(
        bobs.enter().await,
        Code::PermissionDenied,
        "ORGANIZATION_DENIED",
    );

    let invitation = anns.invite(" Bob@Example.com ", Role::Manager).await;
    assert_error(
        bobs.enter().await,
        Code::PermissionDenied,
        "ORGANIZATION_DENIED",
    );
    let membership = app.accept(&bob, &invitation.token).await.unwrap();
    let expected = Membership {
        organization: Some(acme.clone()),
        role: Role::Manager.into(),
        is_default: true,
    };
    assert_eq!(membership, expected);
    assert_eq!(bobs.enter().await.unwrap(), acme, "at once");
    let again = anns.add("bob@example.com", Role::Member).await;
    assert_error(again, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");

    for number in 0..5 {
        anns.member(&format!("{number}@example.com"), Role::Member)
            .await;
    }
    // Neither those of others nor who is invited.
    let eve = app.user("eve@example.com").await;
    app.organization(&eve).await;
    anns.add("new@example.com", Role::Member).await.unwrap();
    let all = members(&anns, 0).await;
    let emails: Vec<_> = all.iter().map(|member| &*member.email).collect();
    let numbers = ["4", "3", "2", "1", "0"].map(|number| format!("{number}@example.com"));
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    assert_eq!(emails[..5], numbers[..]);
    assert_eq!(emails[5..], ["bob@example.com", "ann@example.com"]);
    assert_eq!(members(&anns, 2).await, all);
    assert_eq!(members(&bobs, 0).await, all, "members see each other");

    let wrong = anns.add("nobody", Role::Unspecified).await;
    assert_invalid(wrong, &["email", "role"]);
    assert_invalid(anns.add("", Role::Member).await, &["email"]);
}

#[tokio::test]
async fn an_invitation_is_shown_once() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let anns = app.of(&ann, &acme);
    let request = AddMemberRequest {
        email: "Bob@example.com".to_owned(),
        role: Role::Manager.into(),
        request_id: request_id(),
    };
    let invite = async |request: &AddMemberRequest| {
        let added = call!(anns.organizations.add_member(request.clone())).unwrap();
        match added.result {
            Some(Added::Invitation(invitation)) => invitation,
            other => panic!("{other:?}"),
        }
    };
    let first = invite(&request).await;
    assert_eq!(
        (&*first.email, first.role()),
        ("bob@example.com", Role::Manager)
    );
    assert!(first.token.starts_with("mci_"));
    let replay = invite(&request).await;
    let expected = Invitation {
        token: String::new(),
        ..first.clone()
    };
    assert_eq!(replay, expected, "the token is shown once");
    let second = invite(&AddMemberRequest {
        request_id: String::new(),
        ..request
    })
    .await;
    assert_ne!((&second.id, &second.token), (&first.id, &first.token));
    for (id, invitations) in [(&first.id, 0), (&second.id, 1)] {
        let found = app
            .count(&format!("SELECT FROM invitations WHERE id = '{id}'"))
            .await;
        assert_eq!(found, invitations);
    }
    app.assert_nowhere(&second.token).await;
}
