//! The data plane: everything between a client's bytes and an upstream's bytes.
//!
//! Start with [`pipeline`]: it is the way of a call. [`listener`] brings messages to it, [`session`] makes every revision
//! look like the newest, [`stage`] holds one file per step, [`upstream`] speaks to servers, [`bridge`] joins the two eras.
//! This crate knows no config file, no database and no concrete sink: [`gate::Ports`] hands those in.

pub mod pipeline;
pub mod gate;
pub mod call;
pub mod cx;
pub mod exchange;
pub mod stop;
pub mod outcome;
pub mod record;
pub mod seal;
pub mod listener;
pub mod session;
pub mod stage;
pub mod way;
pub mod bridge;
pub mod catalog;
pub mod upstream;

#[cfg(test)]
mod testing;

pub use gate::{Gate, Ports};
