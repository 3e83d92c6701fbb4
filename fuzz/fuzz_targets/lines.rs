//! `piece length, stream`: lines are what stands between line feeds, however the stream is cut, and never longer than the cap.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_protocol::lines::Lines;

const CAP: usize = 64;

/// The lines up to the first that is too long, and whether there was one.
type Split = (Vec<Vec<u8>>, bool);

fuzz_target!(|data: &[u8]| {
    let Some((piece, stream)) = data.split_first() else { return };
    let expected = plainly(stream);
    assert_eq!(split([stream]), expected);
    assert_eq!(split(stream.chunks(usize::from(*piece).max(1))), expected);
    assert_eq!(split(stream.chunks(1)), expected);
});

fn plainly(stream: &[u8]) -> Split {
    let mut lines: Vec<_> = stream.split(|byte| *byte == b'\n').collect();
    let unfinished = lines.pop().unwrap_or_default();
    let short = lines.iter().take_while(|line| line.len() <= CAP).count();
    let too_long = short < lines.len() || unfinished.len() > CAP;
    let trimmed = lines[..short].iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec());
    (trimmed.filter(|line| !line.is_empty()).collect(), too_long)
}

fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Split {
    let mut lines = Lines::new(CAP);
    let mut found = Vec::new();
    for piece in pieces {
        lines.buffer().extend_from_slice(piece);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push(line.to_vec()),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, false)
}
