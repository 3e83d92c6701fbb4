//! The one way to start the product in a test: a folder of its own, a config, the built program on a free port.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use wardgate_testkit::DEADLINE;

/// Nothing but the built-in test server, which writes its side effects down.
pub const LAB: &str = "servers:\n  lab: {lab: {effects: effects.jsonl}}\n";

/// The state folder of every gateway here.
pub const STATE: &str = "wardgate-data";

/// A gateway that listens. Told to stop when dropped, killed if it does not.
pub struct TestGateway {
    pub address: SocketAddr,
    pub folder: TempDir,
    program: Program,
    env: Vec<(String, String)>,
}

/// What is left of a gateway that was told to stop.
pub struct Finished {
    pub records: Vec<Value>,
    pub log: String,
    pub success: bool,
    /// Kept, so that files can still be read.
    pub folder: TempDir,
}

impl TestGateway {
    /// Starts with the built-in test server behind it.
    pub async fn lab() -> TestGateway {
        TestGateway::start(LAB).await
    }

    /// Starts with this config. It listens on a free port, whatever the config says.
    pub async fn start(config: &str) -> TestGateway {
        TestGateway::start_with(config, &[]).await
    }

    /// Starts with this config and these variables.
    pub async fn start_with(config: &str, env: &[(&str, &str)]) -> TestGateway {
        let folder = tempfile::tempdir().expect("a folder");
        TestGateway::start_in(folder, config, env).await
    }

    /// Starts in a folder that holds files already, or what an earlier gateway left.
    pub async fn start_in(folder: TempDir, config: &str, env: &[(&str, &str)]) -> TestGateway {
        std::fs::write(folder.path().join("wardgate.yaml"), config).expect("a config");
        let env: Vec<_> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut command = wardgate(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let log = folder.path().join("log");
        let program = Program::start(command, log);
        let address = program.address();
        TestGateway {
            address,
            folder,
            program,
            env,
        }
    }

    /// What the gateway has logged so far.
    pub fn log(&self) -> String {
        self.program.log()
    }

    /// The lines of a file of JSON lines in the folder so far; none if there is no file.
    pub fn lines(&self, file: &str) -> Vec<Value> {
        json_lines(&self.folder.path().join(file))
    }

    /// The side effects of the built-in test server of [`LAB`] so far.
    pub fn effects(&self) -> Vec<Value> {
        self.lines("effects.jsonl")
    }

    /// A second gateway over the same config that serves one client on its standard input. Its records are its own.
    pub fn stdio(&self) -> wardgate_testkit::stdio::Stdio {
        stdio(self.folder.path(), &self.env)
    }

    /// Tells the gateway to stop, waits for it and reads what it left. Only now every record is in the file.
    pub async fn stop(mut self) -> Finished {
        let success = self.program.stop();
        Finished {
            records: records(&self.folder.path().join(STATE)),
            log: self.log(),
            success,
            folder: self.folder,
        }
    }
}

impl Finished {
    /// The records of `tools/call`.
    pub fn calls(&self) -> Vec<&Value> {
        self.of("tools/call")
    }

    /// What the records of one method say in the end.
    pub fn of(&self, method: &str) -> Vec<&Value> {
        self.records
            .iter()
            .filter(|record| record["what"]["method"] == method && record["stage"] == "complete")
            .collect()
    }

    pub fn effects(&self) -> Vec<Value> {
        json_lines(&self.folder.path().join("effects.jsonl"))
    }
}

/// A gateway on standard input and output with the config in this folder, its state and log apart from those of a
/// gateway that listens.
pub fn stdio(folder: &Path, env: &[(String, String)]) -> wardgate_testkit::stdio::Stdio {
    let config = std::fs::read_to_string(folder.join("wardgate.yaml")).expect("a config");
    let apart = folder.join("stdio");
    std::fs::create_dir_all(&apart).expect("a folder");
    std::fs::write(apart.join("wardgate.yaml"), config).expect("a config");
    let mut command = wardgate(&apart, &["serve", "--stdio"]);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command.stderr(File::create(apart.join("log")).expect("a log"));
    wardgate_testkit::stdio::Stdio::start(command.into())
}

/// The lab as a server of its own, reached over HTTP.
pub struct TestLab {
    pub address: SocketAddr,
    _folder: TempDir,
    program: Program,
}

impl TestLab {
    /// Starts `wardgate lab` with these options besides the port.
    pub fn start(options: &[&str]) -> TestLab {
        let folder = tempfile::tempdir().expect("a folder");
        let mut args = vec!["lab", "--port", "0"];
        args.extend(options);
        let program = Program::start(wardgate(folder.path(), &args), folder.path().join("log"));
        TestLab {
            address: program.address(),
            _folder: folder,
            program,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.program.child.id()
    }
}

/// The records in a state folder, read as an operator reads them; none where there is no ledger.
pub fn records(state: &Path) -> Vec<Value> {
    let mut export = wardgate(
        Path::new("."),
        &["audit", "export", "--format", "jsonl", "--state"],
    );
    let output = export.arg(state).output().expect("the built program");
    let text = String::from_utf8(output.stdout).expect("text");
    let line = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(line).collect()
}

/// The built program with these arguments, and nothing of this process's own settings.
pub fn wardgate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    for name in [
        "WARDGATE_CONFIG",
        "WARDGATE_URL",
        "WARDGATE_ADMIN",
        "WARDGATE_KEY",
        "WARDGATE_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

/// A running program that says on standard output where it listens.
struct Program {
    child: Child,
    log: PathBuf,
    said: mpsc::Receiver<SocketAddr>,
    ended: bool,
}

impl Program {
    fn start(mut command: Command, log: PathBuf) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the built program");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (say, said) = mpsc::channel();
        // Reads to the end, so that the program never waits for room in the pipe.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(address) = address_in(&line) {
                    let _ = say.send(address);
                }
            }
        });
        Program {
            child,
            log,
            said,
            ended: false,
        }
    }

    fn address(&self) -> SocketAddr {
        self.said
            .recv_timeout(DEADLINE)
            .unwrap_or_else(|_| panic!("it does not listen:\n{}", self.log()))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends the program: politely, then not. Returns whether it ended well by itself.
    fn stop(&mut self) -> bool {
        self.ended = true;
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let (done, ended) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(15)) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        });
        let status = self.child.wait().expect("a child");
        drop(done);
        watch.join().expect("the watch");
        status.success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.ended {
            self.stop();
        }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://").or(line.split_once("https://"))?;
    rest.split('/').next()?.parse().ok()
}

fn json_lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}")))
        .collect()
}
