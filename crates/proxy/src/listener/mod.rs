//! Where clients come in: Streamable HTTP and stdio. Everything here judges transport and envelope; nothing here decides.

pub mod accept;
pub mod annex;
pub mod body;
pub mod credentials;
pub mod edge;
mod failures;
pub mod framing;
pub mod http;
mod metadata;
pub mod post;
pub mod quota;
pub mod reply;
pub mod running;
pub mod session_stream;
pub mod stall;
pub mod stdio;
pub mod strict;
pub mod tls;
pub mod unread;

pub use accept::Listener;
