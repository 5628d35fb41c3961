//! Nobody meets another's data: organizations next to each other, and members
//! who may change only what is theirs.

mod deals;
mod own;
mod pages;
mod pair;
mod repeats;
mod sale;
mod swaps;
mod team;
mod tenant;
