//! What operators and their tests run beside the gateway. The first resident is the lab, an MCP
//! server of known behaviour; it shares no code with the gateway so that the two cannot agree by
//! mistake.

pub mod lab;
