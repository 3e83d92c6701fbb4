//! Joining the two eras: a client of either talks to a server of either.
//!
//! | client | server | how |
//! |---|---|---|
//! | modern | modern | requests and answers pass through; `input_required` too |
//! | legacy | legacy | the server's requests are asked of the client on the same stream |
//! | legacy | modern | `input_required` is turned into requests to the client, then the call is sent again with the answers |
//! | modern | legacy | the server's requests are turned into `input_required`; the upstream call is parked until the client returns |

pub mod ask;
pub mod dialog;
pub mod form;
pub mod link;
pub mod notice;
pub mod park;
pub mod request;
pub mod task_ids;
