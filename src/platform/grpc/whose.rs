//! Whose things a list is of.

use crate::{ids::UserId, platform::grpc::validate::Violations};

/// Whose things to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's and nobody's.
    #[default]
    Any,
    /// Those that nobody has.
    Nobody,
    /// Those of this user.
    User(UserId),
}

impl Whose {
    /// Reads the user of a request, and whether it asks for what nobody has.
    pub fn parse(
        violations: &mut Violations,
        (user_field, user_id): (&str, &str),
        (nobody_field, nobody): (&str, bool),
    ) -> Self {
        let user_id = violations.optional_id(user_field, user_id);
        if nobody && user_id.is_some() {
            violations.add(
                nobody_field,
                format!("cannot be combined with {user_field}"),
            );
        }
        match user_id {
            Some(user_id) => Self::User(user_id),
            None if nobody => Self::Nobody,
            None => Self::Any,
        }
    }

    /// The user, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user_id) => Some(user_id),
            Self::Any | Self::Nobody => None,
        }
    }
}
