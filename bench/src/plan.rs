//! What is measured, and for how long: the whole stays under four minutes, `--quick` under forty seconds.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// How the upstream answers, which is also how it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// HTTP, one JSON object.
    Json,
    /// HTTP, an event stream.
    Sse,
    /// A line on a child's standard output.
    Stdio,
}

impl Reply {
    pub fn as_str(self) -> &'static str {
        match self {
            Reply::Json => "json",
            Reply::Sse => "sse",
            Reply::Stdio => "stdio",
        }
    }
}

/// One kind of call, driven over every way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    pub reply: Reply,
    pub payload_bytes: usize,
    pub concurrency: usize,
}

/// As it is named on the command line: `json:1024:16`.
impl std::str::FromStr for Case {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Case> {
        let parts: Vec<_> = text.split(':').collect();
        let [reply, payload_bytes, concurrency] = parts[..] else {
            bail!("a case is `json|sse|stdio:BYTES:CONCURRENCY`");
        };
        let reply = [Reply::Json, Reply::Sse, Reply::Stdio]
            .into_iter()
            .find(|known| known.as_str() == reply)
            .context("the reply is json, sse or stdio")?;
        Ok(Case {
            reply,
            payload_bytes: payload_bytes.parse()?,
            concurrency: concurrency.parse()?,
        })
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub quick: bool,
    pub cases: Vec<Case>,
    /// Calls before anything is counted.
    pub warm_up: Duration,
    /// The ways take turns this often, so that a slow moment of the machine hits all of them.
    pub rounds: u32,
    /// Closed loop, per way and round.
    pub closed: Duration,
    /// Open loop, per way.
    pub open: Duration,
    /// Arrival rate of the open loop, as a share of what the slowest way took in the closed loop.
    pub open_share: f64,
    pub starts: usize,
    pub sessions: usize,
    pub catalog_tools: usize,
    pub catalog_lists: usize,
}

/// The case that the targets are read from.
pub const HEADLINE: Case = Case {
    reply: Reply::Json,
    payload_bytes: 1024,
    concurrency: 16,
};

impl Plan {
    /// One case for longer, to compare a change with.
    pub fn only(case: Case) -> Plan {
        Plan {
            cases: vec![case],
            rounds: 6,
            closed: Duration::from_millis(1_000),
            ..Plan::of(true)
        }
    }

    pub fn of(quick: bool) -> Plan {
        let (concurrencies, stdio_payloads): (&[usize], &[usize]) = match quick {
            true => (&[16], &[1024]),
            false => (&[1, 16, 64], &[1024, 64 * 1024]),
        };
        let mut cases = Vec::new();
        for reply in [Reply::Json, Reply::Sse, Reply::Stdio] {
            let payloads = if reply == Reply::Stdio {
                stdio_payloads
            } else {
                &[1024, 64 * 1024]
            };
            for payload_bytes in payloads {
                cases.extend(concurrencies.iter().map(|concurrency| Case {
                    reply,
                    payload_bytes: *payload_bytes,
                    concurrency: *concurrency,
                }));
            }
        }
        let millis =
            |long: u64, short: u64| Duration::from_millis(if quick { short } else { long });
        Plan {
            quick,
            cases,
            warm_up: millis(200, 100),
            rounds: if quick { 1 } else { 2 },
            closed: millis(700, 400),
            open: millis(1_200, 400),
            open_share: 0.55,
            starts: if quick { 1 } else { 5 },
            sessions: if quick { 200 } else { 2_000 },
            catalog_tools: 10_000,
            catalog_lists: if quick { 5 } else { 40 },
        }
    }
}
