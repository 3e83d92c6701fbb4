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
    Pid, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process, set_child_subreaper,
    set_parent_process_death_signal, wait,
};
use tokio::signal::unix::{self, SignalKind, signal};

/// Between TERM and KILL of what is left of the tree.
const GRACE: Duration = Duration::from_millis(1500);

/// Runs the command after `--` under supervision and ends as it ends. Before `--` stands who is to be outlived by nobody.
pub fn supervise(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let parent = args
        .next()
        .and_then(|pid| Pid::from_raw(pid.to_str()?.parse().ok()?));
    match command(args).and_then(|command| run(command, parent)) {
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
async fn run(command: Command, parent: Option<Pid>) -> std::io::Result<u8> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    set_child_subreaper(Some(getpid()))?;
    let mut told_to_stop = signal(SignalKind::terminate())?;
    let mut deaths = signal(SignalKind::child())?;
    if getppid() != parent {
        // It was killed before its death could be told to us.
        return Ok(0);
    }
    let mut launcher = Command::new(std::env::current_exe()?);
    launcher
        .arg("__exec")
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .process_group(0);
    let root = Pid::from_child(&launcher.spawn()?);
    let nowhere = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nowhere)?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    let code = tokio::select! {
        code = ended(root, &mut deaths) => code?,
        _ = told_to_stop.recv() => {
            strike(Signal::TERM);
            match tokio::time::timeout(GRACE, ended(root, &mut deaths)).await {
                Ok(code) => code?,
                Err(_) => 1,
            }
        }
    };
    fell().await;
    Ok(code)
}

/// Waits until the command ends, and sees off the orphans of the tree meanwhile, whose parent we have become.
async fn ended(root: Pid, deaths: &mut unix::Signal) -> std::io::Result<u8> {
    loop {
        while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
            if pid == root {
                return Ok(code(status));
            }
        }
        deaths.recv().await;
    }
}

fn code(status: WaitStatus) -> u8 {
    status
        .exit_status()
        .map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

/// Takes down whatever is left below us: asks first, then does not.
async fn fell() {
    for with in [Signal::TERM, Signal::KILL] {
        let until = tokio::time::Instant::now() + GRACE;
        while !descendants().is_empty() {
            if tokio::time::Instant::now() >= until {
                break;
            }
            strike(with);
            tokio::time::sleep(Duration::from_millis(20)).await;
            // None left to wait for is as good.
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
    }
}

/// Signals every process below us. One that forks meanwhile is found on the next round.
fn strike(with: Signal) {
    for pid in descendants() {
        // Already gone is what we want.
        let _ = kill_process(pid, with);
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
