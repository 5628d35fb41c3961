//! What speaks proto: a folder per service, a function per method that checks the request,
//! runs it in a transaction and answers. Only the server imports these.

pub mod contacts;
