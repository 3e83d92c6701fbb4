//! The gateway as its clients, its servers and its operator meet it: the built program, real sockets, real children.
//!
//! One binary, one module per subject. Everything starts with [`gateway::TestGateway`].

mod bridging;
mod crossings;
mod declared;
mod door;
mod edge;
mod edge_fairness;
mod edge_http2;
mod edge_slow;
mod edge_smuggling;
mod edge_tls;
mod fidelity;
mod gateway;
mod hostile;
mod hostile_cuts;
mod hostile_doors;
mod hostile_floods;
mod hostile_hangs;
mod hostile_people;
mod hostile_stdio;
mod identity;
mod lifecycle_children;
mod lifecycle_crashes;
mod lifecycle_drain;
mod lifecycle_lists;
mod lifecycle_reload;
mod lifecycle_restart;
mod lifecycle_serve;
mod lifecycle_sessions;
mod limits;
mod messages;
mod mirrored;
mod output;
mod policies;
mod records;
mod records_crashes;
mod records_full;
mod refusals;
mod smoke;
mod tasks;
mod tenants;
mod tokens;
mod toolsets;
mod transcripts;
mod workloads;
