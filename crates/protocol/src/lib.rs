//! MCP as data: envelopes, revisions, header rules, stream codec. No IO, no clock, no tokio.
//!
//! Payloads stay raw text ([`Raw`]); only what routing needs is read, and what must change is spliced,
//! so unknown fields, key order and number spelling survive. Start with [`frame`], then [`edit`].

pub mod capabilities;
pub mod edit;
mod envelope;
pub mod error;
mod escape;
pub mod finish;
pub mod frame;
pub mod headers;
pub mod id;
mod keys;
pub mod limits;
pub mod lines;
pub mod meta;
pub mod method;
pub mod param_headers;
pub mod params;
pub mod raw;
pub mod revision;
pub mod scan;
mod skip;
pub mod sse;
pub mod trace;

pub use error::RpcError;
pub use frame::{Frame, Kind};
pub use id::RequestId;
pub use limits::Limits;
pub use method::Method;
pub use params::{Lookup, Params};
pub use raw::Raw;
pub use revision::{Era, Revision};
pub use trace::Trace;
