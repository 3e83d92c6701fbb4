//! The switch that works with the admin API closed, the store down and the runtime busy: a file in the state folder, looked at
//! ten times a second by a thread of its own, and a signal that writes it.
//!
//! It is looked at rather than watched: the folder also holds the database, which would wake a watcher at every commit.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use futures_util::FutureExt;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use wardgate_control::overrides::{Emergency as Stop, of_emergency};
use wardgate_proxy::{
    Gate,
    overrides::{Rule, in_force::Source},
};

use super::{draft, kill_file, moment};

/// The file in the state folder.
pub const FILE: &str = "KILL";
/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(100);
/// A larger file is not one that a person wrote.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// What the signal adds to the file.
const BY_SIGNAL: &str = "\n--cancel everything stopped by a signal\n";

pub struct Emergency {
    /// Dropped, it ends the thread.
    pressed: Sender<()>,
    thread: JoinHandle<()>,
}

impl Emergency {
    /// Obeys what the file says by the time this returns, and from then on.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(gate: &Arc<Gate>, state: &Path) -> io::Result<Emergency> {
        let mut watch = Watch {
            path: state.join(FILE),
            gate: gate.clone(),
            said: Said::Nothing,
            latched: false,
            rules: Vec::new(),
        };
        watch.look();
        let (pressed, presses) = channel();
        let thread = std::thread::Builder::new().name("kill-file".into());
        let thread = thread.spawn(move || watch.run(&presses))?;
        Ok(Emergency { pressed, thread })
    }

    /// Stops everything at each signal, until `stop`.
    pub fn obey(
        &self,
        signal: Signal,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let pressed = self.pressed.clone();
        async move {
            let mut signal = signal;
            while let Some(Some(())) = stop.run_until_cancelled(signal.recv()).await {
                // It ends after this does.
                let _ = pressed.send(());
            }
        }
    }

    pub async fn close(self) {
        let Emergency { pressed, thread } = self;
        drop(pressed);
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("the watch of the emergency switch panicked");
        }
    }
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// There is no file.
    Nothing,
    Stops(Vec<Rule>),
    /// It is there, and says nothing that can be relied on.
    Unclear(String),
}

impl Said {
    fn rules(&self) -> Vec<Rule> {
        match self {
            Said::Nothing => Vec::new(),
            Said::Stops(rules) => rules.clone(),
            Said::Unclear(_) => vec![kill_file::everything(false)],
        }
    }
}

/// What the file in a state folder stops, as a gateway on it would obey.
pub fn emergencies(state: &Path) -> Vec<Stop> {
    let rules = said(&state.join(FILE)).rules();
    rules.iter().map(emergency).collect()
}

/// A rule of the switch, as operators are told of it.
pub fn emergency(rule: &Rule) -> Stop {
    Stop {
        id: rule.id.clone(),
        matches: rule.matches.clone(),
        reason: rule.reason.clone(),
        cancel: rule.cancels,
    }
}

struct Watch {
    path: PathBuf,
    gate: Arc<Gate>,
    said: Said,
    /// A signal came that could not be written into the file.
    latched: bool,
    rules: Vec<Rule>,
}

impl Watch {
    fn run(mut self, presses: &Receiver<()>) {
        loop {
            match presses.recv_timeout(EVERY) {
                Ok(()) => self.press(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
        }
    }

    /// Writes into the file, so that a restart does not forget it and whoever lifts it has one place to look.
    fn press(&mut self) {
        tracing::warn!(file = %self.path.display(), "told by a signal to stop everything");
        if let Err(fault) = append(&self.path) {
            tracing::error!(file = %self.path.display(), %fault, "the signal is obeyed but not written down");
            self.latched = true;
        }
    }

    fn look(&mut self) {
        let said = said(&self.path);
        if said != self.said {
            if said == Said::Nothing {
                self.latched = false;
            }
            if let Said::Unclear(detail) = &said {
                tracing::error!(file = %self.path.display(), detail, "the emergency switch cannot be understood, everything is stopped");
            }
            self.said = said;
        }
        let rules = self.rules();
        if rules != self.rules {
            let before = std::mem::replace(&mut self.rules, rules);
            self.obey(&before);
        }
    }

    fn rules(&self) -> Vec<Rule> {
        let latched = self.latched.then(|| kill_file::everything(true));
        self.said.rules().into_iter().chain(latched).collect()
    }

    fn obey(&self, before: &[Rule]) {
        let cancelled = self.gate.overrule(Source::Emergency, self.rules.clone());
        let began = self.rules.iter().filter(|rule| !before.contains(rule));
        let ended = before.iter().filter(|rule| !self.rules.contains(rule));
        for rule in began {
            tracing::warn!(stopped = %rule.matches, reason = rule.reason, cancelled, "emergency stop");
            self.note("create", rule);
        }
        for rule in ended {
            tracing::warn!(stopped = %rule.matches, "emergency stop lifted");
            self.note("lift", rule);
        }
    }

    /// Nobody waits for the record: the switch works without a store.
    fn note(&self, verb: &'static str, rule: &Rule) {
        let Some(ledger) = &self.gate.ports.ledger else {
            return;
        };
        let tenant = &self.gate.snapshot().gateway.tenant;
        let record = of_emergency(
            verb,
            &rule.id,
            &rule.matches,
            &rule.reason,
            tenant,
            moment(),
        );
        let _ = ledger.note(draft(record)).now_or_never();
    }
}

/// Only that there is no file means that nothing is stopped.
fn said(path: &Path) -> Said {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Said::Nothing,
        Err(error) => return Said::Unclear(error.to_string()),
    };
    match kill_file::parse(&text) {
        Ok(rules) => Said::Stops(rules),
        Err(broken) => Said::Unclear(broken.to_string()),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = open(path)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    match text.len() as u64 > FILE_BYTES_MAX {
        true => Err(ErrorKind::FileTooLarge.into()),
        false => Ok(text),
    }
}

/// Opening a pipe would wait for who writes it.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn append(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(BY_SIGNAL.as_bytes())?;
    file.sync_all()
}
