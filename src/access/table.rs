//! The one table of who may call which method. A method without a row does not
//! compile: `rpc::reply` asks for it. `docs/reference/permissions.md` is made of it.
//!
//! A row that ends in `Confirmed` or `Exclusive` says that the caller's access level is read
//! again (see [`Trust`]). A test wants it for what only owners and admins change, and
//! for what deletes.

use super::{
    Grant::{All, No, Own},
    Method, Permissions, Trust,
    Who::{self, Anyone, User},
};
use crate::proto;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The service.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// Both, as `Service/Method`.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    /// How sure that must be.
    pub trust: Trust,
}

macro_rules! trust {
    () => {
        Trust::Remembered
    };
    ($trust:ident) => {
        Trust::$trust
    };
}

macro_rules! table {
    ($($service:ident { $($method:ident($request:ident): $who:expr $(, $trust:ident)?;)* })*) => {
        $($(
            impl Method for proto::$request {
                const NAME: &'static str = stringify!($method);
                const PATH: &'static str = concat!(stringify!($service), "/", stringify!($method));
                const WHO: Who = $who;
                const TRUST: Trust = trust!($($trust)?);
            }
        )*)*

        /// All methods.
        pub const TABLE: &[Row] = &[$($(
            Row {
                service: stringify!($service),
                method: stringify!($method),
                path: <proto::$request as Method>::PATH,
                who: $who,
                trust: <proto::$request as Method>::TRUST,
            },
        )*)*];
    };
}

const OWNER: Permissions = Permissions {
    owner: All,
    admin: No,
    manager: No,
    member: No,
    intake: No,
    read: No,
};
const ADMIN: Permissions = Permissions {
    admin: All,
    ..OWNER
};
const MANAGER: Permissions = Permissions {
    manager: All,
    ..ADMIN
};
const MEMBER: Permissions = Permissions {
    member: All,
    ..MANAGER
};

/// Only an owner may.
const OWNER_ONLY: Who = Who::Permitted(OWNER);
/// Settings, members, keys, what is final for others, and what is personal.
const ADMIN_ONLY: Who = Who::Permitted(ADMIN);
/// Leaving is everybody's right.
const LEAVE: Who = Who::Permitted(Permissions {
    manager: Own,
    member: Own,
    ..ADMIN
});
/// Everything else that is changed.
const MANAGE: Who = Who::Permitted(MANAGER);
/// What members change if it is theirs.
const OWN_RECORDS: Who = Who::Permitted(Permissions {
    member: Own,
    ..MANAGER
});
/// Intake.
const INTAKE: Who = Who::Permitted(Permissions {
    intake: All,
    ..MANAGER
});
/// What members see.
const ANY_MEMBER: Who = Who::Permitted(MEMBER);
/// What services read, too.
const READ: Who = Who::Permitted(Permissions {
    read: All,
    ..MEMBER
});

table! {
    LeadService {
        CreateLead(CreateLeadRequest): OWN_RECORDS;
        GetLead(GetLeadRequest): READ;
        LookupLead(LookupLeadRequest): READ;
        ListLeads(ListLeadsRequest): READ;
        UpdateLead(UpdateLeadRequest): OWN_RECORDS;
        DeleteLead(DeleteLeadRequest): OWN_RECORDS, Confirmed;
        ExportLead(ExportLeadRequest): ADMIN_ONLY, Confirmed;
        EraseLead(EraseLeadRequest): ADMIN_ONLY, Confirmed;
    }
    ContactService {
        CreateContact(CreateContactRequest): INTAKE;
        BatchCreateContacts(BatchCreateContactsRequest): INTAKE;
        GetContact(GetContactRequest): READ;
        ListContacts(ListContactsRequest): READ;
        UpdateContact(UpdateContactRequest): OWN_RECORDS;
        SetContactStatus(SetContactStatusRequest): OWN_RECORDS;
        ReassignContact(ReassignContactRequest): MANAGE;
        ListAssignments(ListAssignmentsRequest): READ;
    }
    OperatorService {
        CreateOperator(CreateOperatorRequest): MANAGE;
        GetOperator(GetOperatorRequest): READ;
        ListOperators(ListOperatorsRequest): READ;
        UpdateOperator(UpdateOperatorRequest): MANAGE;
        DeleteOperator(DeleteOperatorRequest): MANAGE, Confirmed;
    }
    SourceService {
        CreateSource(CreateSourceRequest): MANAGE;
        GetSource(GetSourceRequest): READ;
        ListSources(ListSourcesRequest): READ;
        UpdateSource(UpdateSourceRequest): MANAGE;
        DeleteSource(DeleteSourceRequest): MANAGE, Confirmed;
        SetOperatorWeight(SetOperatorWeightRequest): MANAGE;
        RemoveOperatorWeight(RemoveOperatorWeightRequest): MANAGE;
        ReplaceOperatorWeights(ReplaceOperatorWeightsRequest): MANAGE;
        PreviewDistribution(PreviewDistributionRequest): READ;
    }
    AnalyticsService {
        GetOverview(GetOverviewRequest): READ;
        GetDistribution(GetDistributionRequest): READ;
        ListOperatorLoads(ListOperatorLoadsRequest): READ;
        GetDealSummary(GetDealSummaryRequest): READ;
        GetDealFunnel(GetDealFunnelRequest): READ;
    }
    DealService {
        CreateDeal(CreateDealRequest): OWN_RECORDS;
        GetDeal(GetDealRequest): READ;
        ListDeals(ListDealsRequest): READ;
        UpdateDeal(UpdateDealRequest): OWN_RECORDS;
        ReopenDeal(ReopenDealRequest): ADMIN_ONLY, Confirmed;
        DeleteDeal(DeleteDealRequest): OWN_RECORDS, Confirmed;
    }
    TaskService {
        CreateTask(CreateTaskRequest): OWN_RECORDS;
        GetTask(GetTaskRequest): READ;
        ListTasks(ListTasksRequest): READ;
        UpdateTask(UpdateTaskRequest): OWN_RECORDS;
        CompleteTask(CompleteTaskRequest): OWN_RECORDS;
        ReopenTask(ReopenTaskRequest): OWN_RECORDS;
        DeleteTask(DeleteTaskRequest): OWN_RECORDS, Confirmed;
    }
    ActivityService {
        ListActivities(ListActivitiesRequest): READ;
        CreateComment(CreateCommentRequest): OWN_RECORDS;
    }
    AuthService {
        Register(RegisterRequest): Anyone;
        Login(LoginRequest): Anyone;
        Refresh(RefreshRequest): Anyone;
        Logout(LogoutRequest): Anyone;
        GetMe(GetMeRequest): User;
        ChangePassword(ChangePasswordRequest): User;
        RequestEmailVerification(RequestEmailVerificationRequest): User;
        VerifyEmail(VerifyEmailRequest): Anyone;
        RequestPasswordReset(RequestPasswordResetRequest): Anyone;
        ResetPassword(ResetPasswordRequest): Anyone;
        GetJsonWebKeySet(GetJsonWebKeySetRequest): Anyone;
    }
    OrganizationService {
        CreateOrganization(CreateOrganizationRequest): User;
        GetOrganization(GetOrganizationRequest): READ;
        ListMyOrganizations(ListMyOrganizationsRequest): User;
        UpdateOrganization(UpdateOrganizationRequest): ADMIN_ONLY, Exclusive;
        ListMembers(ListMembersRequest): ANY_MEMBER;
        SetDefaultOrganization(SetDefaultOrganizationRequest): User;
        DeleteOrganization(DeleteOrganizationRequest): OWNER_ONLY, Exclusive;
        AddMember(AddMemberRequest): ADMIN_ONLY, Exclusive;
        AcceptInvitation(AcceptInvitationRequest): User;
        ListInvitations(ListInvitationsRequest): ADMIN_ONLY;
        RevokeInvitation(RevokeInvitationRequest): ADMIN_ONLY, Exclusive;
        UpdateMemberRole(UpdateMemberRoleRequest): ADMIN_ONLY, Exclusive;
        RemoveMember(RemoveMemberRequest): LEAVE, Exclusive;
        TransferOwnership(TransferOwnershipRequest): OWNER_ONLY, Exclusive;
        CreateApiKey(CreateApiKeyRequest): ADMIN_ONLY, Exclusive;
        ListApiKeys(ListApiKeysRequest): ADMIN_ONLY;
        RevokeApiKey(RevokeApiKeyRequest): ADMIN_ONLY, Exclusive;
        ListAuditEvents(ListAuditEventsRequest): ADMIN_ONLY;
    }
}
