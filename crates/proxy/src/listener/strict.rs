//! A socket that shows the HTTP library well-framed requests only. Where the framing breaks, the library is shown bytes it must
//! refuse and then the end, so that it answers what came before, says 400 and closes. Judging is [`super::framing`]'s.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::framing::Framing;

/// Allowed nowhere in a head, in a chunk's size or at the end of a chunk; the empty line is what makes the library look.
const REFUSED: &[u8] = b"\0\r\n\r\n";

pub struct Strict<S> {
    socket: S,
    framing: Framing,
    /// What is still to be shown after the framing broke; nothing follows it.
    last: Option<&'static [u8]>,
    /// Until the first line is there: the library waits without limit while it does not know the protocol.
    opening: Option<Pin<Box<Sleep>>>,
}

impl<S> Strict<S> {
    pub fn new(socket: S, first_line: Duration) -> Strict<S> {
        Strict {
            socket,
            framing: Framing::default(),
            last: None,
            opening: Some(Box::pin(tokio::time::sleep(first_line))),
        }
    }

    fn show_last(&mut self, buf: &mut ReadBuf<'_>) {
        let last = self.last.unwrap_or_default();
        let (shown, rest) = last.split_at(last.len().min(buf.remaining()));
        buf.put_slice(shown);
        self.last = Some(rest);
    }

    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        self.opening
            .as_mut()
            .is_some_and(|opening| opening.as_mut().poll(cx).is_ready())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.last.is_some() {
            self.show_last(buf);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if read.is_pending() && self.is_overdue(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        ready!(read)?;
        if let Err(broken) = self.framing.feed(&buf.filled()[before..]) {
            buf.set_filled(before + broken.at);
            self.last = Some(REFUSED);
            self.show_last(buf);
        }
        if self.framing.has_begun() {
            self.opening = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn shown(text: &'static [u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Strict::new(text, Duration::from_secs(1))
            .read_to_end(&mut all)
            .await
            .map(|_| all)
    }

    #[tokio::test]
    async fn good_bytes_are_shown_as_they_are() {
        let text = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(shown(text).await.unwrap(), text);
    }

    #[tokio::test]
    async fn broken_framing_ends_in_what_is_refused_and_nothing_after() {
        let text = b"POST / HTTP/1.1\r\nHost: a\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(
            shown(text).await.unwrap(),
            b"POST / HTTP/1.1\r\nHost: a\0\r\n\r\n".as_slice()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_opening_times_out_and_a_silent_request_is_not_its_business() {
        let (_far, near) = tokio::io::duplex(64);
        let mut socket = Strict::new(near, Duration::from_secs(1));
        let fault = socket.read_u8().await.unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::TimedOut);

        let (mut far_two, near) = tokio::io::duplex(64);
        let mut socket = Strict::new(near, Duration::from_secs(1));
        tokio::io::AsyncWriteExt::write_all(&mut far_two, b"GET / HTTP/1.1\r\n")
            .await
            .unwrap();
        let mut line = [0; 16];
        socket.read_exact(&mut line).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(5), socket.read_u8()).await;
        assert!(waited.is_err());
    }
}
