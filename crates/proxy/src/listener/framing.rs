//! Where one HTTP/1 request ends and the next begins, judged strictly and before the HTTP library sees it, so that nobody in
//! front of us can have understood the same bytes otherwise (request smuggling). Pure: bytes in, verdict out.
//!
//! Names, values and targets are the library's business; this is about line ends and lengths only. See [`super::strict`].

use memchr::memchr;

/// Bytes that break the framing; those before `at` do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    pub at: usize,
}

/// A line longer than this is refused; the library's cap on heads is reached sooner.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Follows one connection from its first byte.
#[derive(Debug, Default)]
pub struct Framing {
    at: At,
    /// The line under way, as far as earlier reads brought it.
    carry: Vec<u8>,
    head: Head,
    /// Requests whose first line has been seen.
    requests: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    RequestLine,
    Field,
    ChunkSize,
    ChunkEnd,
    Trailer,
    /// In a body, with what follows it.
    Data {
        left: u64,
        chunked: bool,
    },
    /// Not HTTP/1: its frames carry their lengths.
    Http2,
}

/// What the fields so far say of the body.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    old: bool,
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    /// Says whether the first line has come, so that it is known which protocol is spoken.
    pub fn has_begun(&self) -> bool {
        self.requests > 0
    }

    /// Follows the next bytes.
    ///
    /// # Errors
    /// At the line end, or the body byte, where the framing is broken. Nothing after that can be trusted.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut seen = 0;
        while seen < bytes.len() {
            match self.at {
                At::Http2 => return Ok(()),
                At::Data { left, chunked } => {
                    let taken = left.min((bytes.len() - seen) as u64);
                    seen += taken as usize;
                    self.at = after_data(left - taken, chunked);
                }
                _ => {
                    let Some(length) = memchr(b'\n', &bytes[seen..]) else {
                        let too_long = self.carry.len() + bytes.len() - seen > LINE_BYTES_MAX;
                        self.carry.extend_from_slice(&bytes[seen..]);
                        return if too_long {
                            Err(Broken { at: seen })
                        } else {
                            Ok(())
                        };
                    };
                    let end = seen + length;
                    self.line(&bytes[seen..end]).ok_or(Broken { at: end })?;
                    seen = end + 1;
                }
            }
        }
        Ok(())
    }

    /// RFC 9112 §2.2: lines end in CR LF. A lone CR or LF is where two parsers may differ.
    fn line(&mut self, tail: &[u8]) -> Option<()> {
        let carry = std::mem::take(&mut self.carry);
        let joined;
        let line = if carry.is_empty() {
            tail
        } else {
            joined = [carry.as_slice(), tail].concat();
            joined.as_slice()
        };
        let line = line.strip_suffix(b"\r")?;
        if memchr(b'\r', line).is_some() {
            return None;
        }
        self.at = match self.at {
            At::RequestLine if line.is_empty() => At::RequestLine,
            At::RequestLine => self.request_line(line),
            At::Field if line.is_empty() => self.body()?,
            At::Field => self.field(line)?,
            At::ChunkSize => chunk(line)?,
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::ChunkEnd => return None,
            At::Trailer if line.is_empty() => At::RequestLine,
            At::Trailer => At::Trailer,
            At::Data { .. } | At::Http2 => self.at,
        };
        Some(())
    }

    fn request_line(&mut self, line: &[u8]) -> At {
        self.requests += 1;
        // RFC 9113 §3.4: what an HTTP/2 connection begins with.
        if self.requests == 1 && line == b"PRI * HTTP/2.0" {
            return At::Http2;
        }
        self.head = Head {
            old: !line.ends_with(b" HTTP/1.1"),
            ..Head::default()
        };
        At::Field
    }

    /// RFC 9112 §5.2, §6: no folded lines, one length said once, no coding but `chunked`.
    fn field(&mut self, line: &[u8]) -> Option<At> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return None;
        }
        let colon = memchr(b':', line)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.head.length.is_some() {
                return None;
            }
            self.head.length = Some(decimal(value)?);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.head.chunked || !is_chunked(&line[colon + 1..]) {
                return None;
            }
            self.head.chunked = true;
        }
        Some(At::Field)
    }

    /// RFC 9112 §6.1, §6.3: both framings at once, or chunks from a sender too old for them, are an attack.
    fn body(&mut self) -> Option<At> {
        match self.head {
            Head {
                chunked: true,
                length: Some(_),
                ..
            }
            | Head {
                chunked: true,
                old: true,
                ..
            } => None,
            Head { chunked: true, .. } => Some(At::ChunkSize),
            Head { length, .. } => Some(after_head(length.unwrap_or(0))),
        }
    }
}

fn after_head(length: u64) -> At {
    match length {
        0 => At::RequestLine,
        left => At::Data {
            left,
            chunked: false,
        },
    }
}

fn after_data(left: u64, chunked: bool) -> At {
    match (left, chunked) {
        (0, true) => At::ChunkEnd,
        (0, false) => At::RequestLine,
        (left, chunked) => At::Data { left, chunked },
    }
}

/// RFC 9112 §7.1: `chunk-size [ chunk-ext ]`. Extensions are passed over.
fn chunk(line: &[u8]) -> Option<At> {
    let size = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let is_hex = (1..=15).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(size).ok().filter(|_| is_hex)?;
    match u64::from_str_radix(text, 16).ok()? {
        0 => Some(At::Trailer),
        left => Some(At::Data {
            left,
            chunked: true,
        }),
    }
}

fn decimal(value: &[u8]) -> Option<u64> {
    let is_decimal = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value)
        .ok()
        .filter(|_| is_decimal)?
        .parse()
        .ok()
}

/// Only spaces and tabs may stand around it: other white space is what makes one reader see the word and another not.
fn is_chunked(value: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| is_space(byte)).count();
    let end = value.iter().rev().take_while(|byte| is_space(byte)).count();
    value
        .get(start..value.len() - end.min(value.len() - start))
        .is_some_and(|word| word.eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the text whole and byte by byte; both must agree on where it breaks.
    fn judge(text: &[u8]) -> Result<At, usize> {
        let mut whole = Framing::default();
        let verdict = whole.feed(text).map_err(|broken| broken.at);
        let mut slow = Framing::default();
        let bytewise = text
            .iter()
            .enumerate()
            .try_for_each(|(at, byte)| slow.feed(&[*byte]).map_err(|_| at));
        assert_eq!(verdict, bytewise, "{}", text.escape_ascii());
        if verdict.is_ok() {
            assert_eq!(whole.at, slow.at, "{}", text.escape_ascii());
        }
        verdict.map(|()| whole.at)
    }

    fn with(fields: &str) -> Vec<u8> {
        format!("POST /mcp HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
    }

    #[test]
    fn well_framed_requests_lead_back_to_the_start() {
        for text in [
            with("Content-Length: 0\r\n"),
            with(""),
            [with("Content-Length: 5\r\n").as_slice(), b"\nGET\r"].concat(),
            [with("content-length:\t2 \r\n").as_slice(), b"{}"].concat(),
            [
                with("Transfer-Encoding: Chunked\r\n").as_slice(),
                b"3;a=\"b\"\r\n\r\n\n\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            ]
            .concat(),
            [b"\r\n\r\n".as_slice(), &with("")].concat(),
            [with("").as_slice(), &with("Content-Length: 1\r\n"), b"x"].concat(),
            b"GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx".to_vec(),
        ] {
            assert_eq!(judge(&text), Ok(At::RequestLine), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_two_readers_could_frame_otherwise_is_broken() {
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding:\r\n",
            "X: a\n",
            "X: a\rb\r\n",
            "X: a\r\n folded\r\n",
            "X: a\r\n\tfolded\r\n",
            "no colon\r\n",
        ] {
            assert!(judge(&with(fields)).is_err(), "{fields:?}");
        }
        assert!(judge(b"POST / HTTP/1.1\nHost: a\r\n\r\n").is_err());
        assert!(judge(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
        assert!(judge(b"\nGET / HTTP/1.1\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_framed_strictly() {
        let chunked = |body: &str| {
            judge(
                &[
                    with("Transfer-Encoding: chunked\r\n").as_slice(),
                    body.as_bytes(),
                ]
                .concat(),
            )
        };
        for body in [
            "3\nabc\r\n",
            "3;x\nabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "fffffffffffffffff\r\n",
            "3 3\r\nabc\r\n",
            "0\r\nX: y\n",
        ] {
            assert!(chunked(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn the_verdict_falls_on_the_line_end_and_what_precedes_it_stands() {
        let good = with("");
        let both = [
            good.as_slice(),
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        ]
        .concat();
        let at = judge(&both).unwrap_err();
        assert_eq!(both[at], b'\n');
        assert!(at > good.len());
    }

    #[test]
    fn http2_is_left_alone() {
        let mut framing = Framing::default();
        assert!(!framing.has_begun());
        framing
            .feed(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\n\n")
            .unwrap();
        assert!(framing.has_begun());
        assert!(judge(&[with("").as_slice(), b"PRI * HTTP/2.0\r\n\r\nSM\n"].concat()).is_err());
    }
}
