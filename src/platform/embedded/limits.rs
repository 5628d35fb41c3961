//! What the parts of this have in common.

use std::time::Duration;

/// The database that is there after every start.
pub const DATABASE: &str = "minicrm";

/// How long a start may take. A large log to recover from takes minutes.
pub const START_LIMIT: Duration = Duration::from_secs(200);

/// How long a stop may take: the supervisor's 30 seconds, then Postgres's own
/// five before it kills what does not obey, and some to spare.
pub const STOP_LIMIT: Duration = Duration::from_secs(45);
