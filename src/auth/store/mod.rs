//! Every query on `users`, `sessions` and `refresh_tokens`, and what is written
//! elsewhere when a user registers. Knows nothing of the wire.

pub mod sessions;
pub mod users;
