//! Commands in the foreground: run one to its end, show or keep what it prints.
//! Servers that must outlive a line of code are in `peers/process.rs`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::repo;

/// A command in the repository's root whose `PATH` starts with the tools installed for tests, and which asks no proxy
/// for what is on this machine.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(repo::root())
        .env("PATH", path_with_peers());
    for name in ["NO_PROXY", "no_proxy"] {
        let others = env::var(name)
            .map(|others| others + ",")
            .unwrap_or_default();
        command.env(name, others + "127.0.0.1,localhost");
    }
    command
}

/// The same, ended after so many seconds: a hanging peer must not hang the run.
pub fn limited(seconds: u32, program: impl AsRef<OsStr>) -> Command {
    let mut command = command("timeout");
    command
        .args(["--kill-after=5", &seconds.to_string()])
        .arg(program);
    command
}

/// The same, ended when this process ends for whatever reason, an interrupt included. For servers.
pub fn leashed(program: impl AsRef<OsStr>) -> Command {
    let mut command = command("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// `cargo` as the one that started this process, free of what it set for us.
pub fn cargo() -> Command {
    let mut command = command("cargo");
    for (name, _) in env::vars_os() {
        let own = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if own {
            command.env_remove(name);
        }
    }
    command
}

fn path_with_peers() -> OsString {
    let peers = repo::peers_dir();
    let mut parts = vec![
        peers.join("cargo/bin"),
        peers.join("runtime/node_modules/.bin"),
        peers.join("venv/bin"),
    ];
    if let Some(path) = env::var_os("PATH") {
        parts.extend(env::split_paths(&path));
    }
    env::join_paths(parts).expect("no folder of PATH holds a colon")
}

/// Runs to the end with our own input and output; an unsuccessful exit is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let line = describe(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs to the end and returns what went to standard output; an unsuccessful exit is an error with its last words.
pub fn read(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!(
            "`{line}` ended with {}: {}",
            output.status,
            last_words(&output.stderr)
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether the command can be started and succeeds, with nothing shown.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs to the end, showing both outputs as they come and keeping them. The flag says whether it succeeded.
pub fn show_and_keep(command: &mut Command) -> Result<(bool, String)> {
    let line = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = child.stdout.take().context("standard output was piped")?;
    let stderr = child.stderr.take().context("standard error was piped")?;
    let errors = thread::spawn(move || echo(stderr));
    let mut kept = echo(stdout);
    kept.push_str(&errors.join().expect("echoing lines does not panic"));
    let status = child.wait()?;
    Ok((status.success(), kept))
}

fn echo(stream: impl Read) -> String {
    let mut kept = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        // A reader that went away (`| head`) is no reason to lose the count.
        let _ = writeln!(std::io::stdout(), "{line}");
        kept.push_str(&line);
        kept.push('\n');
    }
    kept
}

pub fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// The last lines of an output, short enough for one line of a report.
pub fn last_words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(6)..].join(" / ")
}
