//! HTTP/1.1 as bytes (RFC 9112): heads and bodies read from a socket. Shared by the client and the scripted upstream,
//! and strict enough to notice a peer that frames wrongly.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// First line and header fields, in order, as sent.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub first: String,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Framing {
    pub fn of(head: &Head, default: Framing) -> Framing {
        if head
            .get("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            return Framing::Chunked;
        }
        match head.get("content-length") {
            Some(length) => Framing::Length(length.trim().parse().expect("a number")),
            None => default,
        }
    }
}

/// A socket and what was read from it ahead of need.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Wire {
        Wire {
            stream,
            ahead: Vec::new(),
        }
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads more; `false` at the end of the stream.
    async fn more(&mut self) -> io::Result<bool> {
        self.ahead.reserve(16 << 10);
        let read = self.stream.read_buf(&mut self.ahead).await?;
        Ok(read > 0)
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.ahead.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Reads a head; `None` when the peer closed before one was complete.
    pub async fn head(&mut self) -> io::Result<Option<Head>> {
        let Some(first) = self.line().await? else {
            return Ok(None);
        };
        let mut head = Head {
            first,
            headers: Vec::new(),
        };
        loop {
            match self.line().await? {
                None => return Ok(None),
                Some(line) if line.is_empty() => return Ok(Some(head)),
                Some(line) => {
                    let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
                    head.headers
                        .push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
    }

    /// Reads the next piece of a body; `None` at its end. `left` is kept by the caller between pieces.
    pub async fn piece(&mut self, framing: &mut Framing) -> io::Result<Option<Vec<u8>>> {
        match *framing {
            Framing::Length(0) => Ok(None),
            Framing::Length(left) => {
                if self.ahead.is_empty() && !self.more().await? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let take = left.min(self.ahead.len());
                *framing = Framing::Length(left - take);
                Ok(Some(self.ahead.drain(..take).collect()))
            }
            Framing::UntilClose => {
                if self.ahead.is_empty() && !self.more().await? {
                    return Ok(None);
                }
                Ok(Some(std::mem::take(&mut self.ahead)))
            }
            Framing::Chunked => self.chunk().await,
        }
    }

    async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(size) = self.line().await? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let digits = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        while self.ahead.len() < size + 2 {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let chunk = self.ahead.drain(..size).collect();
        self.ahead.drain(..2);
        Ok((size > 0).then_some(chunk))
    }

    pub async fn body(&mut self, mut framing: Framing) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece(&mut framing).await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// Waits until the peer has closed, whatever it still sends.
    pub async fn closed(&mut self) {
        while self.more().await.unwrap_or(false) {
            self.ahead.clear();
        }
    }
}
