//! The stages of a call, one file each. A stage hands the next a value only it can make.

pub mod admit;
pub mod approve;
pub mod authorize;
pub mod clean;
pub mod connect;
mod forged;
pub mod forward;
pub mod heed;
pub mod identify;
pub mod intend;
pub mod output;
pub mod record;
pub mod reserve;
pub mod resolve;
pub mod sanitize;
pub mod standing;
mod tokens;
pub mod validate;
