//! The checked terms of approvals.

use serde::Serialize;

use crate::units::Span;

#[derive(Clone, Debug, Serialize)]
pub struct Approvals {
    pub wait: Span,
    pub decide_within: Span,
    pub use_within: Span,
    pub pending: u32,
}
