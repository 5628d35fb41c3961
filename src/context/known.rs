//! Who proves who they are before their request is read.

use futures_util::{FutureExt, future::BoxFuture};
use tonic::codegen::http::HeaderMap;

use super::{App, caller::bearer};
use crate::{
    edge::{Callers, Deadline},
    error::{Error, Result},
};

impl Callers for App {
    /// Without authentication everybody is known: they are on this machine.
    fn check<'c>(
        &'c self,
        headers: &'c HeaderMap,
        Deadline(deadline): Deadline,
    ) -> BoxFuture<'c, Result<()>> {
        async move {
            if self.prepared.get().is_none() {
                return Err(Error::unavailable("the database is not prepared yet"));
            }
            let Some(auth) = &self.auth else {
                return Ok(());
            };
            let token = bearer(headers).ok_or(Error::Unauthenticated)?;
            let db = self.db.until(deadline);
            let caller = self.identities.caller(&db, &auth.keys, token);
            caller.await.map(|_| ())
        }
        .boxed()
    }
}
