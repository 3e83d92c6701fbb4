//! Limits as the gateway meets them: through the crate's front door, over a clock moved by hand.

mod accuracy;
mod keys;
mod model;
mod promises;
mod reload;
mod restart;
mod simulation;
mod soft;
mod standings;
mod threads;
mod world;
