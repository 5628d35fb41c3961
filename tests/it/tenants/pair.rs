//! How one organization asks about the things of another.

use std::collections::{BTreeMap, HashMap};

use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::tenant::Tenant;
use crate::support::App;

/// An answer or an error as bytes, in one order, with `to` in the place of `from`.
fn bytes<T: Message>(outcome: &Result<T, Status>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = match outcome {
        Ok(answer) => answer.encode_to_vec(),
        Err(status) => {
            let mut details = status.get_error_details();
            let info = details.error_info().unwrap().clone();
            let metadata: BTreeMap<_, _> = info.metadata.into_iter().collect();
            details.set_error_info(info.reason, info.domain, HashMap::new());
            let (message, length) = (status.message(), status.details().len());
            format!("{message} {details:?} {metadata:?} {length}").into_bytes()
        }
    };
    while let Some(start) = find(&bytes, from) {
        bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes
        .windows(text.len())
        .position(|part| part == text.as_bytes())
}

/// Two organizations, and how the first asks about the second.
pub struct Pair {
    pub a: Tenant,
    pub b: Tenant,
}

impl Pair {
    pub async fn new() -> Self {
        let app = App::secure().await;
        Self {
            a: Box::pin(Tenant::new(&app, "of-a")).await,
            b: Box::pin(Tenant::new(&app, "of-b")).await,
        }
    }

    /// Asserts that what was answered about `known` says no more than what was
    /// about `unknown`.
    #[track_caller]
    pub fn assert_blind<T: Message + std::fmt::Debug>(
        &self,
        [known, unknown]: [&str; 2],
        outcomes: [&Result<T, Status>; 2],
        code: Code,
        what: &str,
    ) {
        for outcome in outcomes {
            let found = outcome.as_ref().err().map_or(Code::Ok, Status::code);
            assert_eq!(found, code, "{what}: {outcome:?}");
        }
        let found = bytes(outcomes[0], known, unknown);
        let expected = bytes(outcomes[1], known, unknown);
        assert!(found == expected, "{what}: {outcomes:?}");
        for mark in self.b.marks() {
            assert_eq!(find(&found, &mark), None, "{what}: {mark}");
        }
    }
}

/// Calls each method about what is known to the other, and about nothing.
macro_rules! blind {
    ($pair:ident, $known:expr, $code:ident: $($service:ident.$method:ident($request:expr);)*) => {$(
        let asked = &$pair.a.app;
        let known = $known.to_string();
        let unknown = if Uuid::try_parse(&known).is_ok() {
            Uuid::now_v7().to_string()
        } else {
            known.replace("of-b", "of-x")
        };
        let request = $request;
        let outcomes = [
            call!(asked.$service.$method(request(known.clone()))),
            call!(asked.$service.$method(request(unknown.clone()))),
        ];
        let what = format!("{} at line {}", stringify!($method), line!());
        $pair.assert_blind([&known, &unknown], outcomes.each_ref(), Code::$code, &what);
    )*};
}
pub(super) use blind;

/// A request or a thing with these fields.
macro_rules! with {
    ($message:ident { $($field:ident: $value:expr),* }) => {
        {
            #[allow(clippy::needless_update, reason = "some messages have no more fields")]
            let message = $message { $($field: $value,)* ..Default::default() };
            message
        }
    };
}
pub(super) use with;
