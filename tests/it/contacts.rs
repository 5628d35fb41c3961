//! ContactService through the wire.
