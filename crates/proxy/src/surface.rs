//! A watch over the promise that what is callable is listed: now and then a call that was permitted is looked up in its
//! caller's list.

use std::sync::atomic::{AtomicU64, Ordering};

/// One call of so many is looked up, the first among them.
const EVERY: u64 = 64;

#[derive(Debug, Default)]
pub struct Surface {
    permitted: AtomicU64,
    checked: AtomicU64,
    disagreements: AtomicU64,
}

impl Surface {
    /// Counts a permitted call and, if it is its turn, asks whether its tool is listed.
    pub fn permitted(&self, tool: &str, is_listed: impl FnOnce() -> bool) {
        let before = self.permitted.fetch_add(1, Ordering::Relaxed);
        if !before.is_multiple_of(EVERY) {
            return;
        }
        self.checked.fetch_add(1, Ordering::Relaxed);
        if !is_listed() {
            tracing::error!(tool, "a call was permitted of a tool that is not listed");
            self.disagreements.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls that were looked up.
    pub fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }

    /// Calls that were permitted of a tool that was not listed.
    pub fn disagreements(&self) -> u64 {
        self.disagreements.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_of_many_is_looked_up() {
        let surface = Surface::default();
        for _ in 0..2 * EVERY {
            surface.permitted("pay/refund", || false);
        }
        assert_eq!(surface.disagreements(), 2);
        surface.permitted("pay/refund", || true);
        assert_eq!((surface.checked(), surface.disagreements()), (3, 2));
    }
}
