//! Event streams as a client reads them (WHATWG HTML, "server-sent events"), kept apart from the product's own codec.

use serde_json::Value;

/// One event with its last `id` and `retry` fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub id: Option<String>,
    pub name: Option<String>,
    pub retry: Option<u64>,
    pub data: String,
}

impl Event {
    /// Returns the message in `data`; `None` for an event without one.
    pub fn message(&self) -> Option<Value> {
        (!self.data.is_empty()).then(|| serde_json::from_str(&self.data).expect("JSON in an event"))
    }
}

/// Collects bytes and gives out whole events. Comments are counted and dropped.
#[derive(Debug, Default)]
pub struct Events {
    bytes: Vec<u8>,
    pub comments: usize,
}

impl Events {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            let end = self.bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let block = String::from_utf8(block).expect("event streams are UTF-8");
            if let Some(event) = self.parse(&block) {
                return Some(event);
            }
        }
    }

    fn parse(&mut self, block: &str) -> Option<Event> {
        let mut event = Event::default();
        let (mut data, mut fields) = (Vec::new(), 0);
        for line in block.lines().filter(|line| !line.is_empty()) {
            if line.starts_with(':') {
                self.comments += 1;
                continue;
            }
            fields += 1;
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "id" => event.id = Some(value),
                "event" => event.name = Some(value),
                "retry" => event.retry = value.parse().ok(),
                "data" => data.push(value),
                other => panic!("field `{other}` in an event stream"),
            }
        }
        event.data = data.join("\n");
        (fields > 0).then_some(event)
    }
}
