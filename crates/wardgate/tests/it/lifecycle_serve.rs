//! The program itself as a process of its own: started on a config, signalled, killed, and its log read.
//!
//! For tests about what a process is (signals, children, files, sockets); others are served as well by `gateway.rs`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinSet,
};
use wardgate_testkit::{DEADLINE, within};

pub struct Serve {
    child: Child,
    pub address: SocketAddr,
    pub directory: TempDir,
    log: watch::Receiver<String>,
    _readers: JoinSet<()>,
}

/// What a process holds: processes below it, threads, descriptors, bytes of resident memory.
#[derive(Debug)]
pub struct Counts {
    pub processes: usize,
    pub threads: usize,
    pub descriptors: usize,
    pub bytes: u64,
}

/// The program, run in `directory`, with nothing of this process's settings.
pub fn wardgate(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for name in ["WARDGATE_CONFIG", "WARDGATE_URL", "WARDGATE_KEY"] {
        command.env_remove(name);
    }
    command
}

impl Serve {
    /// Starts a gateway on this config, on a port of its own.
    pub async fn start(config: &str) -> Serve {
        Serve::start_in(tempfile::tempdir().unwrap(), config).await
    }

    /// As [`Serve::start`], in a directory that holds what the config names.
    pub async fn start_in(directory: TempDir, config: &str) -> Serve {
        std::fs::write(directory.path().join("wardgate.yaml"), config).unwrap();
        let mut command = wardgate(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.env("TEST_KEY", KEY);
        let mut child = command.spawn().unwrap();
        let (log, seen) = watch::channel(String::new());
        let mut readers = JoinSet::new();
        readers.spawn(collect(child.stderr.take().unwrap(), log));
        let (out, banner) = watch::channel(String::new());
        readers.spawn(collect(child.stdout.take().unwrap(), out));
        let mut serve = Serve {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            directory,
            log: seen,
            _readers: readers,
        };
        serve.address = within("the banner", serve.announced(banner)).await;
        serve
    }

    async fn announced(&self, mut banner: watch::Receiver<String>) -> SocketAddr {
        let read = |banner: &str| {
            let at = banner.find("://")? + 3;
            banner[at..].split_once('/')?.0.parse().ok()
        };
        let seen = banner
            .wait_for(|text| read(text).is_some())
            .await
            .map(|text| text.clone());
        let text = seen.unwrap_or_else(|_| panic!("no banner; it said: {}", self.log()));
        read(&text).expect("just read")
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("a process that runs")
    }

    pub fn signal(&self, with: Signal) {
        signal(self.pid(), with);
    }

    /// What the gateway holds of the machine at this moment.
    pub fn counts(&self) -> Counts {
        let of = |what: &str| format!("/proc/{}/{what}", self.pid());
        let entries = |what: &str| std::fs::read_dir(of(what)).unwrap().count();
        let statm = std::fs::read_to_string(of("statm")).unwrap();
        let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
        Counts {
            processes: descendants(self.pid()).len(),
            threads: entries("task"),
            descriptors: entries("fd"),
            bytes: pages * 4096,
        }
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        within("the end of the gateway", self.child.wait())
            .await
            .unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Replaces the config as an editor would.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.path("next.yaml"), config).unwrap();
        std::fs::rename(self.path("next.yaml"), self.path("wardgate.yaml")).unwrap();
    }

    pub fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until the log says this.
    pub async fn logged(&self, text: &str) {
        self.logged_after(0, text).await;
    }

    /// Waits until the log says this in what follows its first `start` bytes.
    pub async fn logged_after(&self, start: usize, text: &str) {
        let mut log = self.log.clone();
        let seen = within(&format!("`{text}` in the log"), async {
            log.wait_for(|log| log[start..].contains(text))
                .await
                .is_ok()
        })
        .await;
        assert!(seen, "the gateway ended; it said: {}", self.log());
    }
}

pub fn signal(pid: u32, with: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    kill_process(pid, with).expect("a process that runs");
}

/// Every process below this one, zombies included, with its command line.
pub fn descendants(of: u32) -> Vec<(u32, String)> {
    let read = |pid: u32, file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}"));
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| {
            let stat = read(pid, "stat").ok()?;
            let after_name = stat.rsplit_once(')')?.1;
            Some((pid, after_name.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![of];
    let mut at = 0;
    while at < found.len() {
        let below = parents.iter().filter(|(_, parent)| *parent == found[at]);
        let below: Vec<u32> = below.map(|(pid, _)| *pid).collect();
        found.extend(below);
        at += 1;
    }
    found
        .into_iter()
        .skip(1)
        .map(|pid| {
            let line = read(pid, "cmdline").unwrap_or_default();
            (pid, line.replace('\0', " "))
        })
        .collect()
}

/// Waits until this process has ended, whoever its parent is.
pub async fn gone(pid: u32) {
    let Ok(process) = pidfd_open(Pid::from_raw(pid as i32).unwrap(), PidfdFlags::empty()) else {
        return;
    };
    let ended = tokio::task::spawn_blocking(move || {
        let mut waited = [PollFd::new(&process, PollFlags::IN)];
        let limit = Timespec::try_from(DEADLINE).unwrap();
        poll(&mut waited, Some(&limit)).unwrap() == 1
    });
    assert!(ended.await.unwrap(), "process {pid} lives");
}

/// The value of the variable `TEST_KEY`.
pub const KEY: &str = "a-key-of-some-length-0123456789";

async fn collect(from: impl AsyncRead + Unpin, into: watch::Sender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        into.send_modify(|all| {
            all.push_str(&line);
            all.push('\n');
        });
    }
}
