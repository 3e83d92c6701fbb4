//! `piece length, stream`: how a stream is cut changes nothing, caps hold, and what was read can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_protocol::sse::{self, Decoder, Event, SseFault};

const CAP: usize = 256;

fuzz_target!(|data: &[u8]| {
    let Some((piece, stream)) = data.split_first() else { return };
    let whole = decode([stream]);
    assert_eq!(whole, decode(stream.chunks(usize::from(*piece).max(1))));
    assert_eq!(whole, decode(stream.chunks(1)));
    for event in whole.unwrap_or_default() {
        assert_ne!(event, Event::default());
        assert!(event.data.as_ref().is_none_or(|data| data.len() <= CAP));
        is_written_again(event);
    }
});

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Event>, SseFault> {
    let mut decoder = Decoder::new(CAP);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece)?;
        events.extend(std::iter::from_fn(|| decoder.next_event()));
    }
    Ok(events)
}

fn is_written_again(event: Event) {
    let Some(data) = &event.data else { return };
    let text = std::str::from_utf8(data).expect("data is UTF-8");
    let written = sse::encode(event.id.as_deref(), event.retry_ms, text);
    let mut decoder = Decoder::new(4 * CAP);
    decoder.push(&written).expect("what is written is no larger");
    assert_eq!(decoder.next_event(), Some(Event { event: None, ..event }));
    assert_eq!(decoder.next_event(), None);
}
