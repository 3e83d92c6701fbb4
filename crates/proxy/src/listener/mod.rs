//! Where clients come in: Streamable HTTP and stdio. Everything here judges transport and envelope; nothing here decides.

pub mod accept;
pub mod tls;
pub mod quota;
pub mod stall;
pub mod edge;
pub mod credentials;
pub mod body;
pub mod http;
pub mod post;
pub mod reply;
pub mod session_stream;
pub mod stdio;

pub use accept::Listener;
