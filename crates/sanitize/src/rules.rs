//! What to look for and what to do about it: settings as an operator words them, and the rules made of them once.
//!
//! Not here: what a secret looks like (`detect/`), and the way through a text (`engine.rs`).

use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use crate::hidden::Place;
use crate::keywords::Keywords;
use crate::sensitive::Pattern;

/// What a detector looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// Keys, tokens, passwords, private keys.
    Secrets,
    /// Personal data that can be told by its form.
    Pii,
    /// Values at the places an operator declared.
    Declared,
    /// Control characters and sequences a terminal would obey.
    Terminal,
    /// Characters a reader cannot see.
    Hidden,
    /// Instructions to a model in what should be data.
    Injection,
}

impl Detector {
    pub fn as_str(self) -> &'static str {
        match self {
            Detector::Secrets => "secrets",
            Detector::Pii => "pii",
            Detector::Declared => "declared",
            Detector::Terminal => "terminal",
            Detector::Hidden => "hidden",
            Detector::Injection => "injection",
        }
    }
}

/// What is done about a find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Action {
    /// The text must not go on.
    Block,
    /// The find is replaced by `[redacted:kind]`; hidden characters and control sequences are taken out.
    Redact,
    /// The find is reported and the text stays.
    Mark,
    /// Nobody looks.
    #[default]
    Off,
}

/// A place in a document, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// A JSON Pointer (RFC 6901) in which a segment `*` stands for any one key or index.
    pub pointer: String,
    /// The kind its finds are reported as: 1 to 32 of `a-z 0-9 _`.
    pub label: String,
}

/// An action per detector, and what they need besides.
#[derive(Clone, Debug)]
pub struct Settings {
    pub place: Place,
    pub secrets: Action,
    pub pii: Action,
    /// Whether IP addresses count as personal data.
    pub ip_addresses: bool,
    pub declared: Action,
    pub sensitive: Vec<Sensitive>,
    pub terminal: Action,
    pub hidden: Action,
    pub injection: Action,
}

impl Settings {
    /// Looks for nothing: the ground to build settings on.
    pub fn off(place: Place) -> Self {
        Settings {
            place,
            secrets: Action::Off,
            pii: Action::Off,
            ip_addresses: false,
            declared: Action::Off,
            sensitive: Vec::new(),
            terminal: Action::Off,
            hidden: Action::Off,
            injection: Action::Off,
        }
    }

    fn action_mut(&mut self, detector: Detector) -> &mut Action {
        match detector {
            Detector::Secrets => &mut self.secrets,
            Detector::Pii => &mut self.pii,
            Detector::Declared => &mut self.declared,
            Detector::Terminal => &mut self.terminal,
            Detector::Hidden => &mut self.hidden,
            Detector::Injection => &mut self.injection,
        }
    }
}

impl Default for Settings {
    /// For results: secrets, declared places, control sequences and hidden characters go, instructions are reported.
    fn default() -> Self {
        Settings {
            secrets: Action::Redact,
            declared: Action::Redact,
            terminal: Action::Redact,
            hidden: Action::Redact,
            injection: Action::Mark,
            ..Settings::off(Place::Result)
        }
    }
}

/// Why settings make no rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RulesFault {
    #[error("`{pointer}` is not a JSON Pointer")]
    NotAPointer { pointer: String },
    #[error("label `{label}` is not 1 to 32 of a-z 0-9 _")]
    NotALabel { label: String },
}

/// Settings made ready to be used: immutable, and cheap to make and to clone.
#[derive(Clone)]
pub struct Rules(Arc<Compiled>);

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rules").field(self.settings()).finish()
    }
}

struct Compiled {
    settings: Settings,
    patterns: Vec<Pattern>,
    keywords: &'static Keywords,
}

impl Rules {
    /// Makes rules of settings.
    ///
    /// # Errors
    /// [`RulesFault`] for the first pointer or label that is none.
    pub fn new(settings: Settings) -> Result<Rules, RulesFault> {
        let patterns = settings.sensitive.iter().map(Pattern::read);
        let patterns = match settings.declared {
            Action::Off => Vec::new(),
            _ => patterns.collect::<Result<_, _>>()?,
        };
        let keywords = Keywords::shared(
            settings.secrets != Action::Off,
            settings.injection != Action::Off,
        );
        Ok(Rules(Arc::new(Compiled {
            settings,
            patterns,
            keywords,
        })))
    }

    /// Returns rules that besides redact what these detectors find, unless it is blocked anyway.
    pub fn redacting(&self, detectors: &[Detector]) -> Rules {
        let mut settings = self.settings().clone();
        for detector in detectors {
            let action = settings.action_mut(*detector);
            if *action != Action::Block {
                *action = Action::Redact;
            }
        }
        // What could be read once can be read again.
        Rules::new(settings).unwrap_or_else(|_| self.clone())
    }

    /// Returns what is done about the finds of a detector.
    pub fn action(&self, detector: Detector) -> Action {
        let settings = self.settings();
        match detector {
            Detector::Secrets => settings.secrets,
            Detector::Pii => settings.pii,
            Detector::Declared => settings.declared,
            Detector::Terminal => settings.terminal,
            Detector::Hidden => settings.hidden,
            Detector::Injection => settings.injection,
        }
    }

    pub(crate) fn looks_for(&self, detector: Detector) -> bool {
        self.action(detector) != Action::Off
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.0.patterns
    }

    pub(crate) fn keywords(&self) -> &Keywords {
        self.0.keywords
    }
}
