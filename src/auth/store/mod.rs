//! Every query on `users`, `sessions`, their `refresh_tokens` and `user_tokens`, and what is written
//! elsewhere when a user registers. Knows nothing of the wire.

pub mod sessions;
pub mod tokens;
pub mod users;
