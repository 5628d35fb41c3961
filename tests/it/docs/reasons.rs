//! When there is an error of which reason, with one of each.

use std::{sync::Arc, time::Duration};

use minicrm::error::{
    CONTACT_CLOSED, DEAL_AMOUNT_REQUIRED, DEAL_CLOSED, DEAL_OPEN, Error, INVITATION_REQUIRED,
    LAST_OWNER, LEAD_HAS_DEALS, LEAD_HAS_OPEN_CONTACTS, NOT_OWN, OPERATOR_INACTIVE,
    ORGANIZATION_REQUIRED, OWNER_REQUIRED, REGISTRATION_CLOSED, ROLE_DENIED, SOURCE_INACTIVE,
    STAGE_ROLLBACK, TOO_MANY_WEIGHTS, USER_REQUIRED,
};
use tonic_types::FieldViolation;
use uuid::Uuid;

const ID: Uuid = Uuid::nil();
const DELAY: Duration = Duration::from_secs(1);

fn precondition(reason: &'static str, kind: &'static str) -> Error {
    Error::Precondition {
        reason,
        kind,
        id: ID,
    }
}

fn invalid() -> Error {
    let field = FieldViolation::new("lead.phone", "is not a valid phone number");
    Error::Invalid(vec![field], 0)
}

fn internal() -> Error {
    Error::Internal {
        incident: ID,
        cause: Arc::new(std::io::Error::other("")),
    }
}

/// An error of every reason, and when there is one.
pub fn errors() -> Vec<(Error, &'static str)> {
    vec![
        (
            invalid(),
            "fields are missing or wrong: ids, texts, numbers, enum values, masks, page tokens; \
             BadRequest names the fields and what is wrong with each, as many as fit in 4 KiB of \
             trailers; the last then says how many more",
        ),
        (
            Error::Malformed,
            "the bytes are not the message of this method, or a text is not UTF-8",
        ),
        (
            Error::RequestIdReused,
            "the `request_id` was used for another request",
        ),
        (
            Error::Unauthenticated,
            "the call carries no valid token or key, or the refresh token is not valid any more",
        ),
        (
            Error::CredentialsInvalid,
            "e-mail address or password is wrong, or the mailed token is not valid, or not any \
             more",
        ),
        (
            Error::OrganizationDenied,
            "`x-organization-id` names an organization that is not the caller's, or no \
             organization",
        ),
        (
            Error::Denied(ORGANIZATION_REQUIRED),
            "the user has no organization",
        ),
        (
            Error::Denied(ROLE_DENIED),
            "the caller's role, or the key's access, does not suffice \
             ([permissions](permissions.md))",
        ),
        (
            Error::Denied(NOT_OWN),
            "a member may do this only with what is theirs",
        ),
        (
            Error::Denied(STAGE_ROLLBACK),
            "only owners and admins move a deal back to an earlier stage",
        ),
        (Error::Denied(OWNER_REQUIRED), "only an owner may do this"),
        (
            Error::Denied(USER_REQUIRED),
            "a key cannot do what a user does for themselves",
        ),
        (
            Error::Denied(INVITATION_REQUIRED),
            "only who is invited registers here",
        ),
        (Error::Denied(REGISTRATION_CLOSED), "nobody registers here"),
        (
            Error::not_found("lead", ID),
            "there is no such lead, contact, operator, source, weight, deal or task, or member, \
             key or invitation",
        ),
        (
            Error::taken("lead", vec![("phone", ID)]),
            "another lead has this identifier, another source this code, another user this \
             address; or they are a member already; of leads and sources all fields are named, \
             each with who has its value",
        ),
        (
            Error::OperatorFull {
                id: ID,
                limit: 3,
                window_seconds: None,
            },
            "a reassignment or reopening would exceed the operator's limit",
        ),
        (
            precondition(OPERATOR_INACTIVE, "operator"),
            "a reassignment or reopening needs an operator who is not active",
        ),
        (
            precondition(SOURCE_INACTIVE, "source"),
            "the source takes no contacts in",
        ),
        (
            precondition(CONTACT_CLOSED, "contact"),
            "a closed contact cannot be reassigned; reopen it first",
        ),
        (
            precondition(TOO_MANY_WEIGHTS, "source"),
            "the source has 1000 other weights",
        ),
        (
            precondition(LEAD_HAS_OPEN_CONTACTS, "lead"),
            "a lead with active contacts cannot be deleted",
        ),
        (
            precondition(LEAD_HAS_DEALS, "lead"),
            "a lead with deals cannot be deleted",
        ),
        (
            precondition(DEAL_AMOUNT_REQUIRED, "deal"),
            "a deal that is WON needs an amount above 0",
        ),
        (
            precondition(DEAL_CLOSED, "deal"),
            "WON and LOST are final, and a deal does not leave CLOSED; owners and admins can \
             reopen it",
        ),
        (
            precondition(DEAL_OPEN, "deal"),
            "the deal to be reopened is open",
        ),
        (
            precondition(LAST_OWNER, "organization"),
            "no owner would be left",
        ),
        (
            Error::ResultErased,
            "the request was done before, and what it led to has been erased since",
        ),
        (
            Error::AuthenticationOff,
            "there are no users, because the service runs without authentication",
        ),
        (Error::MailOff, "the service sends no mails"),
        (
            Error::Stale {
                kind: "deal",
                id: ID,
            },
            "the thing has changed since the `etag` sent along was read: read it again",
        ),
        (
            Error::Conflict,
            "others kept getting in the way; nothing was done, try again",
        ),
        (
            Error::Busy,
            "a lock or a query took too long; nothing was done, try again",
        ),
        (
            Error::overloaded("queue"),
            "too many calls are in flight, too many contacts or changes wait already, or all \
             connections to the database that the organization may use are busy, or the memory \
             for requests is taken; nothing was done, try again later",
        ),
        (
            Error::AnswersWaiting,
            "too many answers wait to be sent, so this one was dropped; a write was done, repeat \
             it with its `request_id` to get its answer",
        ),
        (
            Error::RateLimited {
                kind: "api_key",
                id: ID,
                retry_after: DELAY,
            },
            "more calls a second than the organization or the key may make; nothing was done; the \
             subject of QuotaFailure is `organization:<id>` or `api_key:<id>`",
        ),
        (
            Error::QuotaExceeded {
                what: "pending invitations",
                kind: "organization",
                id: ID,
            },
            "the user owns as many organizations, or the organization has as many pending \
             invitations, as there may be; the subject of QuotaFailure is `user:<id>` or \
             `organization:<id>`",
        ),
        (
            Error::MessageTooLarge,
            "the request is longer than 4 MiB, as sent or decompressed, or takes more than 12 MiB \
             when it is decoded; where callers need not say who they are (`Login`), longer than \
             16 KiB",
        ),
        (
            Error::AnswerTooLarge,
            "the answer would be longer than 4 MiB: pages and limits keep all methods from it; \
             what a write did stays done",
        ),
        (
            Error::StorageFull,
            "the disk of the database is full: nothing was done; reads go on",
        ),
        (
            Error::TooManyAttempts { retry_after: DELAY },
            "too many wrong passwords for the account or from the address, or too many \
             registrations, refreshes, mailed tokens or mails; not before the delay in RetryInfo",
        ),
        (
            Error::DeadlineExceeded,
            "the call's deadline passed, or what the service allows \
             ([`--max-timeout-seconds`](configuration.md)); a write was done as a whole or not at \
             all, repeat it with its `request_id`",
        ),
        (
            Error::unavailable("gone"),
            "the database does not answer; a write may have been done, repeat it with its \
             `request_id`",
        ),
        (
            Error::Unimplemented,
            "there is no such method or service, or the request is compressed in a way that is \
             not understood",
        ),
        (
            internal(),
            "a fault of the service; its log says more, under the id that is `incident` in the \
             metadata of ErrorInfo",
        ),
    ]
}
