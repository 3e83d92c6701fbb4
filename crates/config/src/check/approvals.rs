//! `gateway.approvals`, of which its schema says all there is to say.

use crate::{config::approvals::Approvals, raw::approvals::RawApprovals};

pub fn check(raw: &RawApprovals) -> Approvals {
    Approvals {
        wait: raw.wait,
        decide_within: raw.decide_within,
        use_within: raw.use_within,
        pending: raw.pending,
    }
}
