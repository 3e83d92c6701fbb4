//! The supervisor of one child process tree (`wardgate __child`). It outlives a gateway that was killed, for as long as it takes
//! to take the tree down: it is the tree's subreaper, so that no grandchild escapes, and it dies with its parent's death signal.
//!
//! It touches no message: the child inherits standard input and output, and the supervisor lets go of its own copies.

use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    time::Duration,
};

use rustix::process::{
    Pid, Signal, getpid, getppid, kill_process, set_child_subreaper,
    set_parent_process_death_signal,
};
use tokio::signal::unix::{SignalKind, signal};

/// Between TERM and KILL of what is left of the tree.
const GRACE: Duration = Duration::from_millis(1500);

/// Runs the command after `--` under supervision and ends as it ends.
pub fn supervise(args: impl Iterator<Item = OsString>) -> ExitCode {
    match command(args).and_then(run) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(127)
        }
    }
}

/// Replaces this process by the command, which gets a death signal of its own in case the supervisor is killed.
pub fn exec(args: impl Iterator<Item = OsString>) -> ExitCode {
    let Err(error) = command(args).and_then(|mut command| {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Err::<std::convert::Infallible, _>(command.exec())
    });
    eprintln!("cannot start the command: {error}");
    ExitCode::from(127)
}

fn command(args: impl Iterator<Item = OsString>) -> std::io::Result<Command> {
    let mut args = args.skip_while(|arg| arg == "--");
    let program = args
        .next()
        .ok_or_else(|| std::io::Error::other("no command"))?;
    let mut command = Command::new(program);
    command.args(args);
    Ok(command)
}

#[tokio::main(flavor = "current_thread")]
async fn run(command: Command) -> std::io::Result<u8> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))?;
    set_child_subreaper(Some(getpid()))?;
    let mut told_to_stop = signal(SignalKind::terminate())?;
    if getppid() != parent {
        return Ok(0);
    }
    let mut launcher = tokio::process::Command::new(std::env::current_exe()?);
    launcher
        .arg("__exec")
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .process_group(0);
    let mut child = launcher.spawn()?;
    let root = child.id();
    let nowhere = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nowhere)?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    let code = tokio::select! {
        status = child.wait() => status?.code().map_or(1, |code| code as u8),
        _ = told_to_stop.recv() => {
            strike(Signal::TERM, root);
            match tokio::time::timeout(GRACE, child.wait()).await {
                Ok(status) => status?.code().map_or(1, |code| code as u8),
                Err(_) => 1,
            }
        }
    };
    fell(root).await;
    Ok(code)
}

/// Takes down whatever is left below us.
async fn fell(root: Option<u32>) {
    if descendants().is_empty() {
        return;
    }
    strike(Signal::TERM, None);
    let until = tokio::time::Instant::now() + GRACE;
    while tokio::time::Instant::now() < until {
        if descendants().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    strike(Signal::KILL, root);
}

/// Signals every process below us; those that fork meanwhile are found on the next round.
fn strike(with: Signal, root: Option<u32>) {
    for _ in 0..5 {
        let mut all = descendants();
        all.extend(root.and_then(|pid| Pid::from_raw(pid as i32)));
        for pid in &all {
            // Already gone is what we want.
            let _ = kill_process(*pid, with);
        }
        if with != Signal::KILL || descendants().is_empty() {
            return;
        }
    }
}

/// Returns every live process below this one, by /proc.
fn descendants() -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| Some((pid, parent_of(pid)?)))
        .collect();
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut at = 0;
    while at < found.len() {
        let of = found[at];
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == of)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    found
        .into_iter()
        .skip(1)
        .filter_map(Pid::from_raw)
        .collect()
}

/// The parent of a process that is not yet a zombie. proc(5): the name may hold spaces and parentheses.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
    let state = after_name.next()?;
    let parent = after_name.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}
