//! How long answers and errors are, and how much lists say there is.

mod fill;
mod sizes;
mod times;
mod totals;
mod trailers;
mod whole;
