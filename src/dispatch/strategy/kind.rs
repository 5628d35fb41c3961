//! The strategies there are.

use crate::model::text_enum;

text_enum! {
    /// How a source has its operators chosen, as it is stored with the source.
    Strategy {
        /// At random, in proportion to the weights.
        WeightedRandom = "WEIGHTED_RANDOM",
    }
}
