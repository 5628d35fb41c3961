//! Who proves who they are before their request is read.

use futures_util::{FutureExt, future::BoxFuture};
use tonic::codegen::http::HeaderMap;

use super::{
    caller::{bearer, membership, named_organization},
    frame::Frame,
};
use crate::{
    access::Caller,
    error::{Error, Result},
    platform::ingress::{Callers, Deadline, Owner},
};

impl Callers for Frame {
    /// Without authentication everybody is known: they are on this machine.
    fn check<'c>(
        &'c self,
        headers: &'c HeaderMap,
        Deadline(deadline): Deadline,
    ) -> BoxFuture<'c, Result<Owner>> {
        async move {
            self.check_prepared()?;
            // One that is no name is refused later.
            let named = named_organization(headers).unwrap_or_default();
            let Some(tokens) = &self.tokens else {
                let named = named.filter(|named| self.organizations.contains(named));
                let id = named.or(self.organizations.first().copied());
                return Ok(Owner::Known(id.unwrap_or_default().into()));
            };
            let token = bearer(headers).ok_or(Error::Unauthenticated)?;
            let db = self.db.until(deadline);
            let caller = self.identities.caller(&db, &**tokens, token).await?;
            let id = match caller {
                Caller::Key {
                    organization_id, ..
                } => organization_id.as_uuid(),
                // What they name counts only if they are in it.
                Caller::User { id, .. } => {
                    let memberships = self.identities.memberships(&db, id).await?;
                    membership(&memberships, named).map_or(id.as_uuid(), |(organization_id, _)| {
                        organization_id.as_uuid()
                    })
                }
            };
            Ok(Owner::Known(id))
        }
        .boxed()
    }
}
