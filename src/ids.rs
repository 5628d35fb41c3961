//! Ids of things, a type for each kind: one cannot stand for another.
//!
//! ```
//! use minicrm::ids::{LeadId, OperatorId};
//!
//! fn assign(lead: LeadId, operator: OperatorId) -> String {
//!     format!("{lead} -> {operator}")
//! }
//!
//! let (lead, operator) = (LeadId::generate(), OperatorId::generate());
//! assign(lead, operator);
//! ```
//!
//! The same with the two swapped does not compile:
//!
//! ```compile_fail,E0308
//! use minicrm::ids::{LeadId, OperatorId};
//!
//! fn assign(lead: LeadId, operator: OperatorId) -> String {
//!     format!("{lead} -> {operator}")
//! }
//!
//! let (lead, operator) = (LeadId::generate(), OperatorId::generate());
//! assign(operator, lead);
//! ```
//!
//! Nor does it with an id that has no kind: what comes from outside gets one where it
//! is checked.
//!
//! ```compile_fail,E0308
//! use minicrm::ids::LeadId;
//!
//! let lead: LeadId = uuid::Uuid::nil();
//! ```

use std::fmt;

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::{Builder, Uuid};

/// An id of some kind of thing, as what treats all kinds alike sees it.
pub trait Id: Copy + fmt::Display + AsRef<[u8]> + Into<Uuid> {
    /// The id with these bits. Only for what has checked that they are one of this kind.
    fn from_uuid(id: Uuid) -> Self;
}

/// Declares the type of the ids of one kind of thing, which columns of type `uuid` hold.
macro_rules! typed_id {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[serde(transparent)]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, greater than those generated before, as far as clocks agree.
            pub fn generate() -> Self {
                Self(generate())
            }

            /// The one with these bits. Those that a request names come from
            /// `Violations::id`.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The one with this number, for tests.
            #[cfg(test)]
            pub const fn from_u128(id: u128) -> Self {
                Self(Uuid::from_u128(id))
            }

            /// Its bits, for what knows no kinds.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// Whether it is all zeros, as it is by default: the id of nothing.
            pub const fn is_nil(self) -> bool {
                self.0.is_nil()
            }
        }

        impl Id for $name {
            fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <Uuid as diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg>>
                    ::to_sql(&self.0, out)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(
                bytes: <diesel::pg::Pg as diesel::backend::Backend>::RawValue<'_>,
            ) -> diesel::deserialize::Result<Self> {
                <Uuid as diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg>>
                    ::from_sql(bytes).map(Self)
            }
        }
    };
}

macro_rules! typed_ids {
    ($($(#[$attribute:meta])* $name:ident,)*) => {
        $(typed_id! { $(#[$attribute])* $name })*
    };
}

typed_ids! {
    /// Of an organization: the tenant that everything else belongs to.
    OrganizationId,
    /// Of a user, who may be a member of several organizations.
    UserId,
    /// Of a session of a user.
    SessionId,
    /// Of a service's key.
    ApiKeyId,
    /// Of an invitation to an organization.
    InvitationId,
    /// Of an operator, who gets contacts.
    OperatorId,
    /// Of a source, which contacts come from.
    SourceId,
    /// Of a lead.
    LeadId,
    /// Of a contact.
    ContactId,
    /// Of a decision about who handles a contact.
    AssignmentId,
    /// Of who could get a contact at the time of a draw: a hash of them.
    PoolId,
    /// Of a deal.
    DealId,
    /// Of a task.
    TaskId,
    /// Of an entry on a deal's timeline.
    ActivityId,
}

impl Id for Uuid {
    fn from_uuid(id: Uuid) -> Self {
        id
    }
}

/// A new id: a `UUIDv7` by the clock and the randomness of this process, for what is not of
/// the [database's time](id_at).
pub(crate) fn generate() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    Uuid::now_v7()
}

/// An id on the wire; empty if there is none.
pub(crate) fn text(id: Option<impl Id>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// A new id, by the database's clock, for the contact or lead with this index among those
/// created at `time`: ids of one time are in the order of their indices, as far as there are
/// 4096. So a range of times is a range of ids, which every index on contacts ends in.
pub fn id_at<I: Id>(rng: &mut impl Rng, time: DateTime<Utc>, index: usize) -> I {
    let mut random = random(rng);
    let [.., high, low] = index.to_be_bytes();
    random[0] = high & 0x0f;
    random[1] = low;
    I::from_uuid(Builder::from_unix_timestamp_millis(millis(time), &random).into_uuid())
}

/// The same for things that come one after the other within a millisecond, in transactions
/// of their own: ids are in the order of the microsecond, and then of their indices.
pub fn ordered_id_at<I: Id>(rng: &mut impl Rng, time: DateTime<Utc>, index: usize) -> I {
    let mut random = random(rng);
    let [.., high, low] = (time.timestamp_subsec_micros() % 1000).to_be_bytes();
    random[0] = high;
    random[1] = low;
    let [.., high, low] = index.to_be_bytes();
    random[2] = high & 0x3f;
    random[3] = low;
    I::from_uuid(Builder::from_unix_timestamp_millis(millis(time), &random).into_uuid())
}

fn random(rng: &mut impl Rng) -> [u8; 10] {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    random
}

/// The least id of things created at `time` or later. Of those created before,
/// only some of the same millisecond have a greater one.
pub fn first_id_at<I: Id>(time: DateTime<Utc>) -> I {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis(time).to_be_bytes()[2..]);
    I::from_uuid(Uuid::from_bytes(bytes))
}

fn millis(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_in_the_order_of_time_and_index(
            micros in 0_i64..4_000_000_000_000_000,
            later in 1_000_i64..1_000_000_000,
            index in 0_usize..4095,
        ) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let later = DateTime::from_timestamp_micros(micros + later).unwrap();
            #[expect(clippy::disallowed_methods, reason = "any will do")]
            let rng = &mut rand::rng();
            let id: Uuid = id_at(rng, time, index);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert!(first_id_at::<Uuid>(time) <= id);
            prop_assert!(id < id_at::<Uuid>(rng, time, index + 1));
            prop_assert!(id < first_id_at::<Uuid>(later));
            let id: Uuid = ordered_id_at(rng, time, index);
            prop_assert_eq!(id.get_version_num(), 7);
            prop_assert!(first_id_at::<Uuid>(time) <= id);
            prop_assert!(id < ordered_id_at::<Uuid>(rng, time, index + 1));
            prop_assert!(id < ordered_id_at::<Uuid>(rng, time + TimeDelta::microseconds(1), 0));
        }
    }
}
