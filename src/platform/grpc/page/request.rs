//! Which requests ask for pages.

use prost::Message;

use crate::proto;

/// A request for a page of a list.
pub trait ListRequest: Message + Clone {
    /// What it can be ordered by, the default first.
    const ORDERS: &'static [&'static str];
    /// How much a page holds unless told otherwise, and at most.
    const SIZES: (i32, i32);
    /// The parts that are about the page: size, token and order.
    fn page(&self) -> (i32, &str, &str);
    /// Whether to count what is on all pages.
    fn include_total(&self) -> bool;
    /// The same request without what may differ from page to page: what a token is
    /// bound to.
    #[must_use]
    fn query(&self) -> Self;
}

macro_rules! list_request {
    ($($request:ident $(, $order_by:ident $([$($order:literal),*])?)?;)*) => {$(
        impl ListRequest for proto::$request {
            const ORDERS: &'static [&'static str] = &["create_time" $($($(, $order)*)?)?];
            const SIZES: (i32, i32) = (50, 1000);

            fn page(&self) -> (i32, &str, &str) {
                (self.page_size, &self.page_token, { "" $(; &self.$order_by)? })
            }

            fn include_total(&self) -> bool {
                self.include_total
            }

            fn query(&self) -> Self {
                let mut query = self.clone();
                query.page_size = 0;
                query.page_token.clear();
                query.include_total = false;
                query
            }
        }
    )*};
}

list_request! {
    ListLeadsRequest, order_by;
    ListContactsRequest, order_by;
    ListOperatorsRequest, order_by;
    ListSourcesRequest, order_by;
    ListAssignmentsRequest;
    ListOperatorLoadsRequest;
    ListMyOrganizationsRequest;
    ListMembersRequest;
    ListApiKeysRequest;
    ListInvitationsRequest;
    ListAuditEventsRequest;
    ListDealsRequest, order_by ["update_time", "amount"];
    ListTasksRequest, order_by ["due_date"];
    ListActivitiesRequest;
}

/// Requests for all there is, which comes in pages only if it is much.
macro_rules! whole_request {
    ($($request:ident),*) => {$(
        impl ListRequest for proto::$request {
            const ORDERS: &'static [&'static str] = &["create_time"];
            const SIZES: (i32, i32) = (20_000, 20_000);

            fn page(&self) -> (i32, &str, &str) {
                (self.page_size, &self.page_token, "")
            }

            fn include_total(&self) -> bool {
                false
            }

            fn query(&self) -> Self {
                let mut query = self.clone();
                query.page_size = 0;
                query.page_token.clear();
                query
            }
        }
    )*};
}

whole_request!(ExportLeadRequest, GetDistributionRequest);
