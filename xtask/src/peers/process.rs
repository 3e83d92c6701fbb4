//! Processes in the background: each in a group of its own, its output in a log file, and gone when the value is
//! dropped. Nothing is ever stopped by name.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::shell;

const START_SECONDS_MAX: u64 = 60;
const POLL: Duration = Duration::from_millis(50);
/// How long a group may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// A child that leads a process group; the whole group ends with the value.
#[derive(Debug)]
pub struct Group {
    child: Child,
}

impl Group {
    /// The child must have been started with `process_group(0)`.
    pub fn of(child: Child) -> Self {
        Self { child }
    }

    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    fn signal(&self, signal: Signal) {
        let leader = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // A group that ended already is what we want.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            pause();
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A server in the background that answers on a loopback port.
#[derive(Debug)]
pub struct Server {
    group: Group,
    log: PathBuf,
}

impl Server {
    /// Starts the command and returns once something accepts connections on the port.
    pub fn start(command: &mut Command, port: u16, log: &Path) -> Result<Self> {
        let line = shell::describe(command);
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        let mut server = Self {
            group: Group::of(child),
            log: log.to_path_buf(),
        };
        server
            .wait_until_it_accepts(port)
            .with_context(|| format!("`{line}`"))?;
        Ok(server)
    }

    fn wait_until_it_accepts(&mut self, port: u16) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while Instant::now() < deadline {
            if let Some(status) = self.group.ended()? {
                bail!("ended with {status}: {}", self.last_words());
            }
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return Ok(());
            }
            pause();
        }
        bail!(
            "does not listen on port {port} after {START_SECONDS_MAX} s: {}",
            self.last_words()
        )
    }

    /// The end of what the server printed.
    pub fn last_words(&self) -> String {
        std::fs::read(&self.log)
            .map_or_else(|error| error.to_string(), |bytes| shell::last_words(&bytes))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process's start and end can only be polled for"
)]
fn pause() {
    std::thread::sleep(POLL);
}

/// A loopback port that was free a moment ago. All ports of a call are held together, so that they differ.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
