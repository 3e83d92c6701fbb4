//! Answers that an HTTP/2 client asked for and does not take. Such a client reads its socket, so that no write stalls, and
//! never opens the windows of its streams (RFC 9113 §10.5). HTTP/1 has [`super::stall`] for the same.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// Bytes handed over at a time. What the library holds for a shut window is no more than this a stream.
const PIECE: usize = 16 << 10;

/// The answers of one connection that wait for its client, since when.
pub struct Unread {
    limit: Duration,
    waiting: Mutex<BTreeMap<u64, Instant>>,
    next: AtomicU64,
}

impl Unread {
    pub fn new(limit: Duration) -> Arc<Unread> {
        Arc::new(Unread {
            limit,
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    /// Offers a body to the client.
    pub fn offer<B>(self: &Arc<Self>, body: B) -> Offered<B> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.waits(number);
        Offered {
            body,
            rest: Bytes::new(),
            number,
            unread: self.clone(),
        }
    }

    /// Waits until an answer has waited for the client for too long.
    ///
    /// # Cancel safety
    /// Holds nothing.
    pub async fn overdue(&self) {
        let mut look =
            tokio::time::interval((self.limit / 4).clamp(Duration::from_millis(10), self.limit));
        loop {
            look.tick().await;
            let waiting = self.waiting.lock().expect("no panic while held");
            if waiting.values().any(|since| since.elapsed() >= self.limit) {
                return;
            }
        }
    }

    fn waits(&self, number: u64) {
        self.waiting
            .lock()
            .expect("no panic while held")
            .insert(number, Instant::now());
    }

    fn taken(&self, number: u64) {
        self.waiting
            .lock()
            .expect("no panic while held")
            .remove(&number);
    }
}

/// A body in small pieces. Between handing one over and being asked for the next, the client is waited for.
pub struct Offered<B> {
    body: B,
    rest: Bytes,
    number: u64,
    unread: Arc<Unread>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Offered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.unread.taken(self.number);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.unread.waits(self.number);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.rest.len() as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint.set_lower(inner.lower() + held);
        hint
    }
}

impl<B> Drop for Offered<B> {
    fn drop(&mut self) {
        self.unread.taken(self.number);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(4);

    async fn is_overdue(unread: &Unread) -> bool {
        tokio::time::timeout(LIMIT * 2, unread.overdue())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_nobody_takes_is_overdue_and_one_that_is_taken_is_not() {
        let unread = Unread::new(LIMIT);
        assert!(!is_overdue(&unread).await);
        let body = Full::new(Bytes::from(vec![7; PIECE * 2 + 1]));
        let mut offered = unread.offer(body.clone());
        assert!(is_overdue(&unread).await);
        offered.frame().await.unwrap().unwrap();
        assert!(
            is_overdue(&unread).await,
            "the second piece is not asked for"
        );
        drop(offered);
        assert!(!is_overdue(&unread).await);
        let whole = unread.offer(body).collect().await.unwrap().to_bytes();
        assert_eq!(whole, vec![7; PIECE * 2 + 1]);
        assert!(!is_overdue(&unread).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_has_nothing_to_say_waits_for_nobody() {
        let unread = Unread::new(LIMIT);
        let (_silent, body) = http_body_util::channel::Channel::<Bytes, std::io::Error>::new(1);
        let mut offered = unread.offer(body);
        let said = tokio::time::timeout(Duration::from_secs(1), offered.frame()).await;
        assert!(said.is_err());
        assert!(!is_overdue(&unread).await);
    }
}
