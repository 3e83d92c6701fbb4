//! What a client says it can be asked.

use crate::{method::Method, raw::Raw};

/// The client capabilities a gateway must act on, read from raw capabilities of either era.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientCapabilities {
    /// `elicitation` present (an empty object means form mode).
    pub elicitation_form: bool,
    pub elicitation_url: bool,
    pub sampling: bool,
    pub sampling_tools: bool,
    pub sampling_context: bool,
    pub roots: bool,
    pub roots_list_changed: bool,
    /// Extension ids under `extensions`, sorted.
    pub extensions: Vec<String>,
}

impl ClientCapabilities {
    pub fn read(raw: &Raw) -> ClientCapabilities {
        todo!("{raw:?}")
    }
    /// Says whether a server may send this request (`elicitation/create` by `params.mode`, sampling with `tools`, `roots/list`).
    pub fn allow(&self, method: &Method, params: Option<&Raw>) -> bool {
        todo!("{method:?}{params:?}")
    }
    /// Returns the raw capabilities to declare on a legacy upstream session that may send what this client allows.
    pub fn to_legacy(&self) -> Raw {
        todo!()
    }
    /// Says whether a server could send any request at all.
    pub fn interactive(&self) -> bool {
        self.elicitation_form || self.elicitation_url || self.sampling || self.roots
    }
}
