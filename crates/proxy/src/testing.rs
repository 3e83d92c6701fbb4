//! Small values for this crate's own unit tests.

use wardgate_model::TenantId;
use wardgate_snapshot::{Approvals, Audit, Caps, Gateway};

pub fn gateway() -> Gateway {
    Gateway {
        environment: "dev".into(),
        listen: "127.0.0.1:8080".parse().expect("an address"),
        admin: None,
        tls: None,
        hosts: vec!["gate.example".into()],
        origins: vec!["https://good.example".into()],
        anonymous: true,
        assume: false,
        keys: Vec::new(),
        caps: Caps::default(),
        tenant: TenantId::new("local"),
        record: false,
        audit: Audit::default(),
        approvals: Approvals::default(),
        seal_key: None,
    }
}
