//! How a deal stands, and how far it has come.

use std::iter;

use serde::{Deserialize, Serialize};

use super::text_enum;

text_enum! {
    /// How a deal stands.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    DealStatus {
        /// Nobody has begun to work on it.
        New = "NEW",
        /// It is being worked on.
        InProgress = "IN_PROGRESS",
        /// The lead has bought.
        Won = "WON",
        /// The lead will not buy.
        Lost = "LOST",
    }
}

text_enum! {
    /// How far a deal has come.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    DealStage {
        /// Whether there is something to sell is being found out.
        Qualification = "QUALIFICATION",
        /// An offer is being made.
        Proposal = "PROPOSAL",
        /// The offer is being talked about.
        Negotiation = "NEGOTIATION",
        /// Nothing more is to be done.
        Closed = "CLOSED",
    }
}

impl DealStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::New, Self::InProgress, Self::Won, Self::Lost];

    /// Whether it never changes again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }

    /// All of them with each stage that a deal can be in.
    pub fn with_stages() -> impl Iterator<Item = (Self, DealStage)> {
        let pairs = Self::ALL
            .into_iter()
            .flat_map(|status| iter::repeat(status).zip(DealStage::ALL));
        pairs.filter(|(status, stage)| !status.is_final() || *stage == DealStage::Closed)
    }
}

impl DealStage {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [
        Self::Qualification,
        Self::Proposal,
        Self::Negotiation,
        Self::Closed,
    ];

    /// Its number in the order.
    pub fn rank(self) -> usize {
        self as usize
    }

    /// The later one of this and another, which does not count if it is CLOSED.
    #[must_use]
    pub fn furthest(self, other: Self) -> Self {
        if other != Self::Closed && other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}
