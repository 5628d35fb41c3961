//! What an acceptor serves.

use std::sync::Arc;

use tonic::service::Routes;

use super::{Edge, budget::Budget, requests::Callers};

/// What is served to those who connect.
pub struct Served {
    /// The services.
    pub routes: Routes,
    /// Whose limits hold.
    pub edge: Arc<Edge>,
    /// Who knows who calls.
    pub callers: Arc<dyn Callers>,
    /// Memory for what is beside the contract.
    pub beside: Arc<Budget>,
}

/// The part of the memory for what is beside the contract, one of so many, that streams leave to what is answered at once.
pub const LEFT: usize = 2;
