//! The gateway as its clients, its servers and its operator meet it: the built program, real sockets, real children.
//!
//! One binary, one module per subject. Everything starts with [`gateway::TestGateway`].

mod door;
mod gateway;
mod smoke;
mod transcripts;
