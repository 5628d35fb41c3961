//! Users and keys as proto has them.

use crate::{
    auth::{store::users::User, tokens::JsonWebKey},
    platform::grpc::convert::timestamp,
    proto,
};

impl From<User> for proto::User {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            create_time: Some(timestamp(user.create_time)),
            update_time: Some(timestamp(user.update_time)),
            email_verify_time: user.email_verify_time.map(timestamp),
        }
    }
}

impl From<JsonWebKey> for proto::JsonWebKey {
    fn from(key: JsonWebKey) -> Self {
        Self {
            kty: key.kty.to_owned(),
            crv: key.crv.to_owned(),
            kid: key.kid,
            r#use: key.r#use.to_owned(),
            alg: key.alg.to_owned(),
            x: key.x,
        }
    }
}
