//! Config → Snapshot, pure.
