//! Who stands between the load and the upstream, and where each lets calls in.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::gateway::{Gateway, Rules};
use crate::load::{Door, HttpLane, StdioChild, StdioLane};
use crate::message::Request;
use crate::plan::{Case, Reply};
use crate::process::Process;

/// A way from the load to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Nothing in between.
    Direct,
    /// A proxy that copies bytes.
    Relay,
    /// The gateway with everything off that can be.
    Transparent,
    /// The gateway with a key, validation, sanitising and a record nobody waits for.
    Checked,
    /// The gateway that decides by policies and limits besides.
    Governed,
    /// The same for a tool that may change something: its call waits for the disk twice.
    Durable,
}

impl Way {
    pub const ALL: [Way; 6] = [
        Way::Direct,
        Way::Relay,
        Way::Transparent,
        Way::Checked,
        Way::Governed,
        Way::Durable,
    ];
    /// Those that lead through a gateway, with what it does there.
    const GATEWAYS: [(Way, Rules); 4] = [
        (Way::Transparent, Rules::Transparent),
        (Way::Checked, Rules::Checked),
        (Way::Governed, Rules::Governed),
        (Way::Durable, Rules::Durable),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Way::Direct => "direct",
            Way::Relay => "relay",
            Way::Transparent => "transparent",
            Way::Checked => "checked",
            Way::Governed => "governed",
            Way::Durable => "durable",
        }
    }
}

/// A role of this program, listening.
pub struct Role {
    pub process: Process,
    pub address: SocketAddr,
}

impl Role {
    /// Starts a role and waits until it says where it listens. Its standard input stays open until this one ends.
    fn start(arguments: &[&str]) -> Result<Role> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("the role has no output")?;
        let process = Process::of(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .with_context(|| format!("the role `{}` did not start", arguments[0]))?;
        Ok(Role { process, address })
    }
}

/// All processes that run side by side.
pub struct Fleet {
    pub echo: Role,
    pub relay: Role,
    /// None when the gateway is not built.
    pub gateways: Vec<(Way, Gateway)>,
}

impl Fleet {
    pub async fn start(tools: usize) -> Result<Fleet> {
        let echo = Role::start(&["echo"])?;
        let relay = Role::start(&["relay", &echo.address.to_string()])?;
        let mut gateways = Vec::new();
        if Gateway::is_built() {
            for (way, rules) in Way::GATEWAYS {
                gateways.push((way, Gateway::start(rules, echo.address, tools).await?));
            }
        }
        Ok(Fleet {
            echo,
            relay,
            gateways,
        })
    }

    fn gateway(&self, wanted: Way) -> Option<&Gateway> {
        let mut gateways = self.gateways.iter();
        let (_, gateway) = gateways.find(|(way, _)| *way == wanted)?;
        Some(gateway)
    }

    /// The process that stands in a way.
    pub fn middle(&self, way: Way) -> Option<&Process> {
        match way {
            Way::Direct => None,
            Way::Relay => Some(&self.relay.process),
            _ => self.gateway(way).map(|gateway| &gateway.process),
        }
    }

    /// Where calls to an upstream path go in; `None` if the way does not exist here.
    pub fn door(&self, way: Way, upstream: &str) -> Option<Door> {
        let open = |address, path| {
            Some(Door {
                address,
                path,
                key: None,
            })
        };
        match way {
            Way::Direct => open(self.echo.address, format!("/mcp/{upstream}")),
            Way::Relay => open(self.relay.address, format!("/mcp/{upstream}")),
            _ => self.gateway(way).map(|gateway| gateway.door(upstream)),
        }
    }

    /// The lanes of a case over a way; `None` if the case cannot go that way.
    pub async fn lanes(&self, way: Way, case: Case) -> Result<Option<Lanes>> {
        let message = Request::echo(case.payload_bytes);
        if case.reply == Reply::Stdio && way == Way::Direct {
            let child = StdioChild::start()?;
            let lane = |_| StdioLane::open(child.clone(), message.clone(), case.payload_bytes);
            return Ok(Some(Lanes::Stdio(
                (0..case.concurrency).map(lane).collect(),
            )));
        }
        if case.reply == Reply::Stdio && way == Way::Relay {
            return Ok(None);
        }
        let Some(door) = self.door(way, case.reply.as_str()) else {
            return Ok(None);
        };
        let mut lanes = Vec::with_capacity(case.concurrency);
        for _ in 0..case.concurrency {
            lanes.push(HttpLane::open(door.clone(), message.clone(), case.payload_bytes).await?);
        }
        Ok(Some(Lanes::Http(lanes)))
    }
}

/// Lanes of one kind.
pub enum Lanes {
    Http(Vec<HttpLane>),
    Stdio(Vec<StdioLane>),
}
