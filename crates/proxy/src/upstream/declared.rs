//! What a client lets servers ask of it, small enough to be part of every key. Extensions are not in it: they are negotiated
//! with each request, and would split lines and views for nothing.

use wardgate_protocol::{Era, capabilities::ClientCapabilities};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Declared(u8);

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
        Declared(
            flags
                .iter()
                .rev()
                .fold(0, |bits, flag| bits << 1 | u8::from(*flag)),
        )
    }

    /// Returns what to declare on a session of this era: the modern era declares with each request.
    pub fn on(self, era: Era) -> Declared {
        if era == Era::Modern {
            Declared::default()
        } else {
            self
        }
    }

    pub fn capabilities(self) -> ClientCapabilities {
        let flag = |at: u8| self.0 >> at & 1 == 1;
        ClientCapabilities {
            elicitation_form: flag(0),
            elicitation_url: flag(1),
            sampling: flag(2),
            sampling_tools: flag(3),
            sampling_context: flag(4),
            roots: flag(5),
            ..ClientCapabilities::default()
        }
    }

    /// Says whether a server could ask anything at all.
    pub fn is_interactive(self) -> bool {
        self.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_declared_comes_back() {
        for bits in 0..64 {
            let declared = Declared(bits);
            let again = Declared::of(&declared.capabilities());
            let without_sampling_parts = if bits & 0b100 == 0 {
                bits & !0b11000
            } else {
                bits
            };
            assert_eq!(again, Declared(without_sampling_parts), "{bits:06b}");
            assert_eq!(declared.is_interactive(), bits != 0);
        }
    }
}
