//! What kinds of things there are, as errors name them.

use std::fmt;

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of thing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Resource {
            $($(#[$doc])* $name,)*
        }

        impl Resource {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the details of errors.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

resources! {
    /// Somebody who asks.
    Lead = "lead",
    /// An enquiry.
    Contact = "contact",
    /// Somebody who handles contacts.
    Operator = "operator",
    /// A channel that contacts come through.
    Source = "source",
    /// An operator's share of a source's contacts.
    OperatorWeight = "operator_weight",
    /// A sale.
    Deal = "deal",
    /// Something to do about a deal.
    Task = "task",
    /// A tenant.
    Organization = "organization",
    /// Somebody's membership in an organization.
    Member = "member",
    /// An offer of membership.
    Invitation = "invitation",
    /// A key of a service.
    ApiKey = "api_key",
    /// Somebody with a password.
    User = "user",
}

/// In words.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}
