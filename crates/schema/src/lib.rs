//! JSON Schema for tool arguments and structured results: compile once with bounded cost, check with the first failure only.
//!
//! A schema comes from a stranger. `document.rs` finds its subschemas and refuses references that leave it, `cost.rs`
//! refuses shapes that no engine could check in time, and only then does the engine see it. `explain.rs` words a failure; `beyond.rs` is
//! for numbers that no double holds.

mod beyond;
mod check;
mod cost;
mod depth;
mod document;
mod explain;
mod fault;
mod keywords;
mod pattern;

pub use check::{Mismatch, Schema};
pub use fault::SchemaFault;
