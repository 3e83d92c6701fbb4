//! MCP as data: envelopes, revisions, header rules, stream codec. No IO, no clock, no tokio.
//!
//! Payloads stay raw text ([`Raw`]); only what routing needs is read, and what must change is spliced,
//! so unknown fields, key order and number spelling survive. Start with [`frame`], then [`edit`].

pub mod raw;
pub mod limits;
mod skip;
mod escape;
mod keys;
pub mod scan;
pub mod id;
mod envelope;
pub mod frame;
pub mod edit;
pub mod revision;
pub mod method;
pub mod meta;
pub mod capabilities;
pub mod headers;
pub mod param_headers;
pub mod error;
pub mod finish;
pub mod sse;
pub mod lines;

pub use error::RpcError;
pub use frame::{Frame, Kind};
pub use id::RequestId;
pub use limits::Limits;
pub use method::Method;
pub use raw::Raw;
pub use revision::{Era, Revision};
