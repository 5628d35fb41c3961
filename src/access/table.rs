//! The one table of who may call which method. A method without a row does not
//! compile: `rpc::reply` asks for it. `docs/reference/permissions.md` is made of it.
//!
//! A row that ends in `Confirmed` or `Exclusive` says that the caller's place is read
//! again (see [`Trust`]). A test wants it for what only owners and admins change, and
//! for what deletes.

use super::{
    Grant::{All, No, Own},
    Method, Places, Trust,
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

const OWNER: Places = Places {
    owner: All,
    admin: No,
    manager: No,
    member: No,
    intake: No,
    read: No,
};
const ADMIN: Places = Places {
    admin: All,
    ..OWNER
};
const MANAGER: Places = Places {
    manager: All,
    ..ADMIN
};
const MEMBER: Places = Places {
    member: All,
    ..MANAGER
};

/// Only an owner may.
const OWN: Who = Who::Places(OWNER);
/// Settings, members, keys, what is final for others, and what is personal.
const SET_UP: Who = Who::Places(ADMIN);
/// Leaving is everybody's right.
const LEAVE: Who = Who::Places(Places {
    manager: Own,
    member: Own,
    ..ADMIN
});
/// Everything else that is changed.
const MANAGE: Who = Who::Places(MANAGER);
/// What members change if it is theirs.
const WORK: Who = Who::Places(Places {
    member: Own,
    ..MANAGER
});
/// Intake.
const TAKE_IN: Who = Who::Places(Places {
    intake: All,
    ..MANAGER
});
/// What members see.
const SEE: Who = Who::Places(MEMBER);
/// What services read, too.
const READ: Who = Who::Places(Places {
    read: All,
    ..MEMBER
});

table! {
    LeadService {
        CreateLead(CreateLeadRequest): WORK;
        GetLead(GetLeadRequest): READ;
        LookupLead(LookupLeadRequest): READ;
        ListLeads(ListLeadsRequest): READ;
        UpdateLead(UpdateLeadRequest): WORK;
        DeleteLead(DeleteLeadRequest): WORK, Confirmed;
        ExportLead(ExportLeadRequest): SET_UP, Confirmed;
        EraseLead(EraseLeadRequest): SET_UP, Confirmed;
    }
    ContactService {
        CreateContact(CreateContactRequest): TAKE_IN;
        BatchCreateContacts(BatchCreateContactsRequest): TAKE_IN;
        GetContact(GetContactRequest): READ;
        ListContacts(ListContactsRequest): READ;
        UpdateContact(UpdateContactRequest): WORK;
        SetContactStatus(SetContactStatusRequest): WORK;
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
        CreateDeal(CreateDealRequest): WORK;
        GetDeal(GetDealRequest): READ;
        ListDeals(ListDealsRequest): READ;
        UpdateDeal(UpdateDealRequest): WORK;
        ReopenDeal(ReopenDealRequest): SET_UP, Confirmed;
        DeleteDeal(DeleteDealRequest): WORK, Confirmed;
    }
    TaskService {
        CreateTask(CreateTaskRequest): WORK;
        GetTask(GetTaskRequest): READ;
        ListTasks(ListTasksRequest): READ;
        UpdateTask(UpdateTaskRequest): WORK;
        CompleteTask(CompleteTaskRequest): WORK;
        ReopenTask(ReopenTaskRequest): WORK;
        DeleteTask(DeleteTaskRequest): WORK, Confirmed;
    }
    ActivityService {
        ListActivities(ListActivitiesRequest): READ;
        CreateComment(CreateCommentRequest): WORK;
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
        UpdateOrganization(UpdateOrganizationRequest): SET_UP, Exclusive;
        ListMembers(ListMembersRequest): SEE;
        SetDefaultOrganization(SetDefaultOrganizationRequest): User;
        DeleteOrganization(DeleteOrganizationRequest): OWN, Exclusive;
        AddMember(AddMemberRequest): SET_UP, Exclusive;
        AcceptInvitation(AcceptInvitationRequest): User;
        ListInvitations(ListInvitationsRequest): SET_UP;
        RevokeInvitation(RevokeInvitationRequest): SET_UP, Exclusive;
        UpdateMemberRole(UpdateMemberRoleRequest): SET_UP, Exclusive;
        RemoveMember(RemoveMemberRequest): LEAVE, Exclusive;
        TransferOwnership(TransferOwnershipRequest): OWN, Exclusive;
        CreateApiKey(CreateApiKeyRequest): SET_UP, Exclusive;
        ListApiKeys(ListApiKeysRequest): SET_UP;
        RevokeApiKey(RevokeApiKeyRequest): SET_UP, Exclusive;
        ListAuditEvents(ListAuditEventsRequest): SET_UP;
    }
}
