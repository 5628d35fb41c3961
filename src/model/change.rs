//! What happened, as whoever makes it happen says it, once: all that follows from it (what
//! the audit tells, what is on a deal's timeline, what is counted) is derived from this.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    ContactStatus,
    deal::{DealStage, DealStatus},
};
use crate::ids::{
    ApiKeyId, ContactId, DealId, InvitationId, LeadId, OperatorId, OrganizationId, PoolId,
    SourceId, TaskId, UserId,
};

/// A contact, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactFacts {
    /// Its source.
    pub source_id: SourceId,
    /// When it was created.
    pub create_time: DateTime<Utc>,
    /// Who has it; none in the backlog.
    pub operator_id: Option<OperatorId>,
    /// The pool it was drawn from, if it was: what was to be expected is recorded with it.
    pub pool_id: Option<PoolId>,
    /// Its status.
    pub status: ContactStatus,
}

/// A deal, as far as its timeline tells of it and it is counted.
#[derive(Debug, Clone, PartialEq)]
pub struct DealFacts {
    /// The deal.
    pub id: DealId,
    /// The contact that it began with.
    pub contact_id: Option<ContactId>,
    /// Whose it is.
    pub owner_user_id: Option<UserId>,
    /// What it is about, in money.
    pub amount: BigDecimal,
    /// The money.
    pub currency: String,
    /// How it stands.
    pub status: DealStatus,
    /// How far it has come.
    pub stage: DealStage,
    /// How far it had come at most.
    pub reached_stage: DealStage,
    /// When it was created.
    pub create_time: DateTime<Utc>,
}

/// A task, as far as the timeline of its deal tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFacts {
    /// The task.
    pub id: TaskId,
    /// The deal.
    pub deal_id: DealId,
    /// What is to be done.
    pub title: String,
    /// The day it is due by.
    pub due_date: Option<NaiveDate>,
}

/// Something that happened to one thing, or to things that are one to whoever did it. Where
/// there is a `before` it is what the thing was when it was locked.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A contact was taken in.
    ContactCreated {
        /// The contact.
        id: ContactId,
        /// What it is.
        contact: ContactFacts,
    },
    /// A contact was changed, by hand or by a decision.
    ContactChanged {
        /// The contact.
        id: ContactId,
        /// What it was.
        before: ContactFacts,
        /// What it is.
        after: ContactFacts,
    },
    /// Contacts went back to the backlog because their operator goes: a part of something
    /// else.
    ContactsReleased {
        /// What they were.
        before: Vec<ContactFacts>,
        /// What they are.
        after: Vec<ContactFacts>,
    },
    /// A lead was created by hand. (Those that come with contacts are counted as they are
    /// inserted.)
    LeadCreated(LeadId),
    /// What is known of a lead was changed.
    LeadUpdated(LeadId),
    /// What was known of a lead was erased, everywhere.
    LeadErased(LeadId),
    /// A lead was deleted.
    LeadDeleted {
        /// The lead.
        id: LeadId,
        /// Its contacts, deleted with it.
        contacts: Vec<ContactFacts>,
    },
    /// A deal was created.
    DealCreated(DealFacts),
    /// A deal was changed.
    DealChanged {
        /// What it was.
        before: DealFacts,
        /// What it is.
        after: DealFacts,
    },
    /// A deal was given to another owner because its own goes: a part of something else.
    DealHandedOver {
        /// What it was.
        before: DealFacts,
        /// What it is.
        after: DealFacts,
    },
    /// A deal was deleted, with its timeline.
    DealDeleted(DealFacts),
    /// Somebody wrote on the timeline of a deal, where it stands already: whoever writes is
    /// answered with it.
    CommentWritten(DealId),
    /// A task was created.
    TaskCreated(TaskFacts),
    /// A task was changed.
    TaskChanged {
        /// What it was.
        before: TaskFacts,
        /// What it is.
        after: TaskFacts,
    },
    /// A task was done.
    TaskCompleted(TaskFacts),
    /// A task turned out not to be done.
    TaskReopened(TaskFacts),
    /// A task was deleted.
    TaskDeleted(TaskFacts),
    /// An operator was created.
    OperatorCreated(OperatorId),
    /// An operator was changed.
    OperatorUpdated(OperatorId),
    /// An operator was deleted.
    OperatorDeleted(OperatorId),
    /// A source was created.
    SourceCreated(SourceId),
    /// A source was changed.
    SourceUpdated(SourceId),
    /// A source was deleted.
    SourceDeleted(SourceId),
    /// It was said who takes how many of a source's contacts.
    SourceWeightsSet(SourceId),
    /// An organization was created.
    OrganizationCreated(OrganizationId),
    /// An organization was changed.
    OrganizationUpdated(OrganizationId),
    /// An organization was closed; what belongs to it is removed later.
    OrganizationClosed(OrganizationId),
    /// Somebody was invited.
    MemberInvited(InvitationId),
    /// An invitation was accepted: there is a new member.
    InvitationAccepted(InvitationId),
    /// An invitation was withdrawn.
    InvitationRevoked(InvitationId),
    /// What a member may do was said.
    MemberRoleSet(UserId),
    /// A member is the owner from now on, in the place of whoever was.
    OwnershipTransferred(UserId),
    /// A member is none any more.
    MemberRemoved(UserId),
    /// A member has said that this organization is meant if they name none.
    DefaultOrganizationSet(UserId),
    /// A key was created.
    ApiKeyCreated(ApiKeyId),
    /// A key was revoked.
    ApiKeyRevoked(ApiKeyId),
    /// A user has come, as a member of the organization.
    UserRegistered(UserId),
}

impl Change {
    /// What the audit tells that it was done to; nothing of what is a part of something else.
    pub fn resource_id(&self) -> Option<Uuid> {
        Some(match self {
            Self::ContactsReleased { .. } | Self::DealHandedOver { .. } => return None,
            Self::ContactCreated { id, .. } | Self::ContactChanged { id, .. } => id.as_uuid(),
            Self::LeadCreated(id)
            | Self::LeadUpdated(id)
            | Self::LeadErased(id)
            | Self::LeadDeleted { id, .. } => id.as_uuid(),
            Self::DealCreated(deal)
            | Self::DealChanged { after: deal, .. }
            | Self::DealDeleted(deal) => deal.id.as_uuid(),
            Self::CommentWritten(id) => id.as_uuid(),
            Self::TaskCreated(task)
            | Self::TaskChanged { after: task, .. }
            | Self::TaskCompleted(task)
            | Self::TaskReopened(task)
            | Self::TaskDeleted(task) => task.id.as_uuid(),
            Self::OperatorCreated(id) | Self::OperatorUpdated(id) | Self::OperatorDeleted(id) => {
                id.as_uuid()
            }
            Self::SourceCreated(id)
            | Self::SourceUpdated(id)
            | Self::SourceDeleted(id)
            | Self::SourceWeightsSet(id) => id.as_uuid(),
            Self::OrganizationCreated(id)
            | Self::OrganizationUpdated(id)
            | Self::OrganizationClosed(id) => id.as_uuid(),
            Self::MemberInvited(id)
            | Self::InvitationAccepted(id)
            | Self::InvitationRevoked(id) => id.as_uuid(),
            Self::MemberRoleSet(id)
            | Self::OwnershipTransferred(id)
            | Self::MemberRemoved(id)
            | Self::DefaultOrganizationSet(id)
            | Self::UserRegistered(id) => id.as_uuid(),
            Self::ApiKeyCreated(id) | Self::ApiKeyRevoked(id) => id.as_uuid(),
        })
    }
}
