//! News from servers that is nobody's answer: lists changed, resources updated.

use wardgate_model::Alias;
use wardgate_protocol::Raw;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shelf {
    Tools,
    Prompts,
    Resources,
    Templates,
}

#[derive(Clone, Debug)]
pub enum News {
    /// A list of this kind is not what it was.
    List(Shelf),
    /// The resource changed; params as the server sent them.
    Resource { uri: String, params: Raw },
}

/// One piece of news. Without a server it is about everything (a reload).
#[derive(Clone, Debug)]
pub struct Change {
    pub server: Option<Alias>,
    pub news: News,
}

impl Change {
    pub fn everything() -> Change {
        Change {
            server: None,
            news: News::List(Shelf::Tools),
        }
    }
}
