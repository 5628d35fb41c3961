//! Time is virtual.
