//! The data plane: everything between a client's bytes and an upstream's bytes.
//!
//! Start with [`pipeline`]: it is the way of a call. [`listener`] brings messages to it, [`session`] makes every revision
//! look like the newest, [`stage`] holds one file per step, [`upstream`] speaks to servers, [`bridge`] joins the two eras.
//! This crate knows no config file, no database and no concrete sink: [`gate::Ports`] hands those in.

mod absence;
pub mod allowance;
pub mod approval;
pub mod bridge;
pub mod call;
pub mod catalog;
pub mod cx;
pub mod exchange;
pub mod explain;
pub mod gate;
mod gather;
pub mod issued;
pub mod keyring;
pub mod listener;
pub mod outcome;
pub mod overrides;
pub mod pipeline;
pub mod record;
pub mod seal;
pub mod session;
pub mod stage;
pub mod stop;
pub mod surface;
pub mod upstream;
pub mod way;

#[cfg(test)]
mod testing;

pub use gate::{Gate, Ports};
