//! Why something fails, as programs are told (`google.rpc.ErrorInfo`, AIP-193). The
//! reference of errors is made of it.

use std::fmt;

use tonic::Code;

macro_rules! reasons {
    ($(
        $(#[doc = $when:literal])+
        $name:ident = $text:literal, $code:ident: $sentence:literal;
    )*) => {
        /// Why something fails.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[doc = $when])+ $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The reason in `ErrorInfo`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code of its status.
            pub const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)* }
            }

            /// What people are told, unless more can be said.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// When it is the reason, for the reference.
            pub const fn when(self) -> &'static str {
                match self { $(Self::$name => concat!($($when),+),)* }
            }
        }
    };
}

reasons! {
    /// Fields are missing or wrong: ids, texts, numbers, enum values, masks, page tokens;
    /// `BadRequest` names the fields and what is wrong with each, as many as fit in 4 KiB of
    /// trailers; the last then says how many more.
    InvalidFields = "INVALID_FIELDS", InvalidArgument: "The request has invalid fields.";
    /// The bytes are not the message of this method, or a text is not UTF-8.
    MalformedRequest = "MALFORMED_REQUEST", InvalidArgument: "The request cannot be decoded.";
    /// The `request_id` was used for another request.
    RequestIdReused = "REQUEST_ID_REUSED", InvalidArgument:
        "The request_id was used for another request.";
    /// The call carries no valid token or key, or the refresh token is not valid any more.
    Unauthenticated = "UNAUTHENTICATED", Unauthenticated: "The call carries no valid token or key.";
    /// E-mail address or password is wrong, or the mailed token is not valid, or not any
    /// more.
    CredentialsInvalid = "CREDENTIALS_INVALID", Unauthenticated: "The credentials are wrong.";
    /// `x-organization-id` names an organization that is not the caller's, or no
    /// organization.
    OrganizationDenied = "ORGANIZATION_DENIED", PermissionDenied:
        "You have no access to this organization.";
    /// The user has no organization.
    OrganizationRequired = "ORGANIZATION_REQUIRED", PermissionDenied: "You are in no organization.";
    /// The caller's role, or the key's access, does not suffice.
    RoleDenied = "ROLE_DENIED", PermissionDenied: "Your role or key does not permit this.";
    /// A member may do this only with what is theirs.
    NotOwn = "NOT_OWN", PermissionDenied: "You may do this only with what is yours.";
    /// Only owners and admins move a deal back to an earlier stage.
    StageRollback = "STAGE_ROLLBACK", PermissionDenied:
        "Only owners and admins may move a deal back.";
    /// Only an owner may do this.
    OwnerRequired = "OWNER_REQUIRED", PermissionDenied: "Only an owner may do this.";
    /// A key cannot do what a user does for themselves.
    UserRequired = "USER_REQUIRED", PermissionDenied:
        "Only a user may do this, not a service with a key.";
    /// Only who is invited registers here.
    InvitationRequired = "INVITATION_REQUIRED", PermissionDenied:
        "Only who is invited may register here.";
    /// Nobody registers here.
    RegistrationClosed = "REGISTRATION_CLOSED", PermissionDenied: "Nobody may register here.";
    /// There is no such lead, contact, operator, source, weight, deal or task, or member,
    /// key or invitation.
    ResourceNotFound = "RESOURCE_NOT_FOUND", NotFound: "There is no such thing.";
    /// Another lead has this identifier, another source this code, another user this
    /// address; or they are a member already; of leads and sources all fields are named,
    /// each with who has its value.
    ResourceAlreadyExists = "RESOURCE_ALREADY_EXISTS", AlreadyExists:
        "Another thing has this value already.";
    /// A reassignment or reopening would exceed the operator's limit.
    OperatorAtLimit = "OPERATOR_AT_LIMIT", FailedPrecondition: "The operator has reached a limit.";
    /// The request was done before, and what it led to has been erased since.
    ResultErased = "RESULT_ERASED", FailedPrecondition:
        "The request was done before, and what it led to has been erased since.";
    /// A reassignment or reopening needs an operator who is not active.
    OperatorInactive = "OPERATOR_INACTIVE", FailedPrecondition: "The operator is not active.";
    /// The source takes no contacts in.
    SourceInactive = "SOURCE_INACTIVE", FailedPrecondition:
        "The source takes no contacts in at present.";
    /// A closed contact cannot be reassigned; reopen it first.
    ContactClosed = "CONTACT_CLOSED", FailedPrecondition: "The contact is closed.";
    /// The source has 1000 other weights.
    TooManyWeights = "TOO_MANY_WEIGHTS", FailedPrecondition:
        "The source has as many weights as a source may have.";
    /// A lead with active contacts cannot be deleted.
    LeadHasOpenContacts = "LEAD_HAS_OPEN_CONTACTS", FailedPrecondition:
        "The lead has contacts that are not closed.";
    /// A lead with deals cannot be deleted.
    LeadHasDeals = "LEAD_HAS_DEALS", FailedPrecondition: "The lead has deals.";
    /// A deal that is WON needs an amount above 0.
    DealAmountRequired = "DEAL_AMOUNT_REQUIRED", FailedPrecondition:
        "A deal that is won needs an amount.";
    /// WON and LOST are final, and a deal does not leave CLOSED; owners and admins can
    /// reopen it.
    DealClosed = "DEAL_CLOSED", FailedPrecondition: "The deal is closed.";
    /// The deal to be reopened is open.
    DealOpen = "DEAL_OPEN", FailedPrecondition: "The deal is open.";
    /// The user owns as many organizations, or the organization has as many pending
    /// invitations, as there may be; the subject of `QuotaFailure` is `user:<id>` or
    /// `organization:<id>`.
    QuotaExceeded = "QUOTA_EXCEEDED", ResourceExhausted: "There may be no more of these.";
    /// No owner would be left.
    LastOwner = "LAST_OWNER", FailedPrecondition:
        "The organization would be left without an owner.";
    /// There are no users, because the service runs without authentication.
    AuthenticationOff = "AUTHENTICATION_OFF", FailedPrecondition:
        "The service runs without authentication, so there are no users.";
    /// The service sends no mails.
    MailOff = "MAIL_OFF", FailedPrecondition: "The service sends no mails.";
    /// The thing has changed since the `etag` sent along was read: read it again.
    EtagMismatch = "ETAG_MISMATCH", Aborted: "The thing has changed since it was read.";
    /// Others kept getting in the way; nothing was done, try again.
    TransactionConflict = "TRANSACTION_CONFLICT", Aborted:
        "Concurrent changes got in each other's way. Try again.";
    /// A lock or a query took too long; nothing was done, try again.
    ResourceBusy = "RESOURCE_BUSY", Aborted: "The database took too long. Try again.";
    /// Too many calls are in flight, too many contacts or changes wait already, or all
    /// connections to the database that the organization may use are busy, or the memory
    /// for requests is taken; nothing was done, try again later.
    Overloaded = "OVERLOADED", ResourceExhausted: "Too many requests are waiting. Try again later.";
    /// Too many answers wait to be sent, so this one was dropped; a write was done, repeat
    /// it with its `request_id` to get its answer.
    AnswersWaiting = "ANSWERS_WAITING", ResourceExhausted:
        "too many answers are waiting to be sent";
    /// More calls a second than the organization or the key may make; nothing was done; the
    /// subject of `QuotaFailure` is `organization:<id>` or `api_key:<id>`.
    RateLimited = "RATE_LIMITED", ResourceExhausted:
        "There are too many calls a second. Try again later.";
    /// The request is longer than 4 MiB, as sent or decompressed, or takes more than 12 MiB
    /// when it is decoded; where callers need not say who they are (`Login`), longer than
    /// 16 KiB.
    MessageTooLarge = "MESSAGE_TOO_LARGE", ResourceExhausted: "The request is too long.";
    /// The answer would be longer than 4 MiB: pages and limits keep all methods from it;
    /// what a write did stays done.
    AnswerTooLarge = "ANSWER_TOO_LARGE", ResourceExhausted: "The answer is too long.";
    /// The disk of the database is full: nothing was done; reads go on.
    StorageFull = "STORAGE_FULL", ResourceExhausted: "The disk of the database is full.";
    /// Too many wrong passwords for the account or from the address, or too many
    /// registrations, refreshes, mailed tokens or mails; not before the delay in `RetryInfo`.
    TooManyAttempts = "TOO_MANY_ATTEMPTS", ResourceExhausted:
        "There were too many attempts. Try again later.";
    /// The call's deadline passed, or what the service allows; a write was done as a whole
    /// or not at all, repeat it with its `request_id`.
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded: "The deadline has passed.";
    /// The database does not answer; a write may have been done, repeat it with its
    /// `request_id`.
    DatabaseUnavailable = "DATABASE_UNAVAILABLE", Unavailable:
        "The database is not available. Try again later.";
    /// There is no such method or service, or the request is compressed in a way that is
    /// not understood.
    Unimplemented = "UNIMPLEMENTED", Unimplemented:
        "There is no such method, or not with this encoding.";
    /// A fault of the service; its log says more, under the id that is `incident` in the
    /// metadata of `ErrorInfo`.
    Internal = "INTERNAL", Internal: "Something went wrong in the service.";
}

/// The sentence.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
