//! What a client lets servers ask of it, and which extensions and experiments it knows: small enough to be part of every key.
//! The tasks extension is not in it: it is negotiated with each request and cannot cross the eras.

use std::sync::Arc;

use wardgate_protocol::{Era, Raw, capabilities::ClientCapabilities, edit};

use crate::way::task::EXTENSION as TASKS;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Declared {
    /// One bit for each thing a server may ask.
    asks: u8,
    /// `experimental` and `extensions`.
    extra: Option<Arc<str>>,
}

/// A client whose settings are larger declares none to servers of a session; requests of the modern era carry them all the same.
const EXTRA_BYTES_MAX: usize = 4096;

impl Declared {
    pub fn of(said: &ClientCapabilities) -> Declared {
        let flags = [
            said.elicitation_form,
            said.elicitation_url,
            said.sampling,
            said.sampling && said.sampling_tools,
            said.sampling && said.sampling_context,
            said.roots,
        ];
        Declared {
            asks: flags
                .iter()
                .rev()
                .fold(0, |bits, flag| bits << 1 | u8::from(*flag)),
            extra: extra(said).filter(|extra| extra.len() <= EXTRA_BYTES_MAX),
        }
    }

    /// Returns what to declare on a line of this era: the modern era lets servers ask by what each request declares.
    pub fn on(self, era: Era) -> Declared {
        match era {
            Era::Legacy => self,
            Era::Modern => Declared { asks: 0, ..self },
        }
    }

    /// Returns the same without extensions and experiments.
    pub fn core(self) -> Declared {
        Declared {
            extra: None,
            ..self
        }
    }

    pub fn has_extra(&self) -> bool {
        self.extra.is_some()
    }

    /// Returns the capabilities to declare to a server.
    pub fn capabilities(&self) -> Raw {
        self.to_said().to_legacy()
    }

    fn to_said(&self) -> ClientCapabilities {
        let flag = |at: u8| self.asks >> at & 1 == 1;
        ClientCapabilities {
            elicitation_form: flag(0),
            elicitation_url: flag(1),
            sampling: flag(2),
            sampling_tools: flag(3),
            sampling_context: flag(4),
            roots: flag(5),
            extra: self.extra.clone(),
            ..ClientCapabilities::default()
        }
    }

    /// Says whether it is what a client declares that declares nothing.
    pub fn is_plain(&self) -> bool {
        *self == Declared::default()
    }
}

fn extra(said: &ClientCapabilities) -> Option<Arc<str>> {
    let extra = said.extra.as_ref()?;
    if !said.extensions.iter().any(|id| id == TASKS) {
        return Some(extra.clone());
    }
    let left = without_tasks(extra)?;
    let left = ClientCapabilities::read(&Raw::trusted(left));
    left.extra
}

/// Returns capabilities without the tasks extension; `None` when they do not have it.
pub fn without_tasks(capabilities: &str) -> Option<String> {
    edit::retain(capabilities, &["extensions"], |id| id != TASKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_declared_comes_back() {
        for bits in 0..64 {
            let declared = Declared {
                asks: bits,
                extra: None,
            };
            let again = Declared::of(&declared.to_said());
            let without_sampling_parts = if bits & 0b100 == 0 {
                bits & !0b11000
            } else {
                bits
            };
            assert_eq!(again.asks, without_sampling_parts, "{bits:06b}");
            assert_eq!(declared.is_plain(), bits == 0);
        }
    }

    #[test]
    fn extensions_are_declared_but_for_tasks_and_never_at_length() {
        let extra = |capabilities: &str| {
            let said = ClientCapabilities::read(&Raw::trusted(capabilities.to_owned()));
            Declared::of(&said).capabilities().as_str().to_owned()
        };
        let tasks = format!(r#""{TASKS}":{{}}"#);
        assert_eq!(extra(&format!(r#"{{"extensions":{{{tasks}}}}}"#)), "{}");
        assert_eq!(
            extra(&format!(
                r#"{{"extensions":{{{tasks},"a/b":{{"c":[1]}}}}}}"#
            )),
            r#"{"extensions":{"a/b":{"c":[1]}}}"#
        );
        let long = format!(
            r#"{{"extensions":{{"a/b":{{"c":"{}"}}}}}}"#,
            "x".repeat(5000)
        );
        assert_eq!(extra(&long), "{}");
    }
}
