//! The stages of a call, one file each. A stage hands the next a value only it can make.

pub mod identify;
pub mod resolve;
pub mod validate;
pub mod connect;
pub mod forward;
pub mod sanitize;
pub mod record;
