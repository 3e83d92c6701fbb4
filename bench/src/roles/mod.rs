//! The processes a run starts of itself. Each says its address on standard output and ends when its standard input does.

pub mod echo;
mod listen;
pub mod relay;
pub mod stdio_echo;
