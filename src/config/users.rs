//! What `minicrm users` takes.

use clap::Subcommand;

/// What is done with users.
#[derive(Debug, Clone, Subcommand)]
pub enum Users {
    /// Makes a user, whose address counts as verified, and prints a token for
    /// `ResetPassword`, valid once and for an hour.
    Create {
        /// E-mail address.
        #[arg(long)]
        email: String,
        /// The user's name.
        #[arg(long)]
        name: String,
        /// Name of a new organization, which the user owns. Without it, they are a
        /// member of none.
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
        /// Reads the password from the standard input; no token is printed.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Says that the address is the user's.
    Verify {
        /// E-mail address.
        #[arg(long)]
        email: String,
    },
    /// Prints a token for `ResetPassword`, valid once and for an hour. The present
    /// password and sessions last until it is used.
    Reset {
        /// E-mail address.
        #[arg(long)]
        email: String,
    },
    /// Prints all users: id, address, whether it is verified, when they were made, and
    /// their name, with tabs between.
    List,
}
