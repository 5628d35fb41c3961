//! What methods of several services read from proto, or answer.

use phonenumber::country;

use crate::{
    leads::LeadIdentity,
    operators::store::Operator,
    platform::grpc::{
        convert::timestamp,
        validate::{MAX_NAME, Violations},
    },
    proto,
};

/// The identity of a lead at `path` of a request.
pub fn lead_identity(
    violations: &mut Violations,
    path: &str,
    identity: &proto::LeadIdentity,
    region: Option<country::Id>,
) -> LeadIdentity {
    let parsed = LeadIdentity {
        external_id: violations.optional_line(
            &format!("{path}.external_id"),
            &identity.external_id,
            MAX_NAME,
        ),
        phone: violations.phone(&format!("{path}.phone"), &identity.phone, region),
        email: violations.email(&format!("{path}.email"), &identity.email),
        name: violations.line(&format!("{path}.name"), &identity.name, MAX_NAME),
    };
    if parsed.external_id.is_none() && parsed.phone.is_none() && parsed.email.is_none() {
        violations.add(path, "needs an external_id, a phone or an email");
    }
    parsed
}

/// The operator as it is answered, with the contacts given to it within its
/// window.
pub fn operator(operator: Operator, window_load: i32) -> proto::Operator {
    proto::Operator {
        id: operator.id.to_string(),
        name: operator.name,
        active: Some(operator.active),
        load_limit: operator.load_limit,
        window_limit: operator.window_limit,
        window: Some(prost_types::Duration {
            seconds: i64::from(operator.window_seconds),
            nanos: 0,
        }),
        load: operator.load,
        window_load,
        user_id: operator
            .user_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        create_time: Some(timestamp(operator.create_time)),
        update_time: Some(timestamp(operator.update_time)),
        delete_time: operator.delete_time.map(timestamp),
        etag: operator.revision.to_string(),
    }
}
