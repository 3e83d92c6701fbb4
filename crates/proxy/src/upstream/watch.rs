//! Listening to a server for news as long as a link lives: its GET stream, its `subscriptions/listen`, or nothing extra on
//! wires where news comes by itself.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use wardgate_protocol::{Era, Frame, Method, Raw, edit};

use super::{
    fault::FlightFault,
    http_flight::HttpReplies,
    line::{Line, open::own_meta},
    link::{Link, Wire, mirrored},
    routes::{Event, Stray},
};

/// Between two attempts to listen again.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the server's news until the link or the line is gone.
pub async fn watch(line: Weak<Line>, link: Weak<Link>) {
    let Some((first, era)) = link.upgrade().map(|link| (link.clone(), link.era())) else {
        return;
    };
    let Some(released) = line.upgrade().map(|line| line.released.clone()) else {
        return;
    };
    let closed = first.closed.clone();
    let shared_stream = !matches!(first.wire, Wire::Http(_));
    if era == Era::Legacy {
        resubscribe(&line, &first).await;
    }
    drop(first);
    if era == Era::Legacy && shared_stream {
        return;
    }
    let follow = released.run_until_cancelled(closed.run_until_cancelled(follow(line, link, era)));
    // Which of the two ended it makes no difference.
    let _ = follow.await;
}

async fn follow(line: Weak<Line>, link: Weak<Link>, era: Era) {
    // Whether news may have gone by while the server could not be heard.
    let mut missed = false;
    while let Some((line, link)) = line.upgrade().zip(link.upgrade()) {
        let ended = match era {
            Era::Legacy => follow_stream(&line, &link, &mut missed).await,
            Era::Modern => follow_listen(&line, &link, &mut missed).await,
        };
        drop((line, link));
        match ended {
            Again::Yes => {}
            Again::AfterPause => tokio::time::sleep(PAUSE).await,
            Again::AfterLoss => {
                missed = true;
                tokio::time::sleep(PAUSE).await;
            }
            Again::No => return,
        }
    }
}

enum Again {
    Yes,
    AfterPause,
    /// The server went away rather than closing the stream; it may come back as another.
    AfterLoss,
    No,
}

/// A fresh session knows nothing of what the last one had subscribed.
async fn resubscribe(line: &Weak<Line>, link: &Arc<Link>) {
    let Some(uris) = line.upgrade().map(|line| line.subscriptions()) else {
        return;
    };
    for uri in uris {
        let params = Raw::of(&serde_json::json!({"uri": uri}));
        if let Err(fault) = link.ask(&Method::ResourcesSubscribe, &params).await {
            tracing::debug!(%fault, "subscription not renewed");
        }
    }
}

/// Holds the legacy GET stream open. A server without one answers 405, which is fine.
async fn follow_stream(line: &Arc<Line>, link: &Arc<Link>, missed: &mut bool) -> Again {
    let Wire::Http(wire) = &link.wire else {
        return Again::No;
    };
    let mut stream: HttpReplies = match wire.listen().await {
        Ok(Some(stream)) => stream,
        Ok(None) => return Again::No,
        Err(fault) => return lost(link, &fault),
    };
    if std::mem::take(missed) {
        line.all_may_have_changed();
    }
    while let Some(frame) = stream.next_any().await {
        if let Some(news) = link.stray(frame) {
            line.news(news);
        }
    }
    Again::AfterPause
}

fn lost(link: &Link, fault: &FlightFault) -> Again {
    link.note_fault(fault);
    match fault {
        FlightFault::SessionLost => Again::No,
        FlightFault::NotSent { .. }
        | FlightFault::Lost { .. }
        | FlightFault::Busy { .. }
        | FlightFault::Broken { .. } => Again::AfterLoss,
    }
}

/// Holds a `subscriptions/listen` open for what the server offers and what downstream wants.
async fn follow_listen(line: &Arc<Line>, link: &Arc<Link>, missed: &mut bool) -> Again {
    let Some(wanted) = filter(line, link) else {
        line.subscriptions_changed.notified().await;
        return Again::Yes;
    };
    let params = edit::set(
        own_meta(&line.key.declared).as_str(),
        &["notifications"],
        &wanted,
    );
    let params = Raw::trusted(params);
    let mut flight = link.flight(None);
    let frame = Frame::request(
        &flight.id(),
        Method::SubscriptionsListen.as_str(),
        Some(&params),
    );
    if let Err(fault) = flight
        .launch(&frame, &mirrored(&Method::SubscriptionsListen, &params))
        .await
    {
        return lost(link, &fault);
    }
    if std::mem::take(missed) {
        line.all_may_have_changed();
    }
    loop {
        let event = tokio::select! {
            event = flight.next() => event,
            () = line.subscriptions_changed.notified() => return Again::Yes,
        };
        match event {
            Event::Notification(frame) => note(line, frame),
            Event::Reply(frame) if frame.error().is_some() => return Again::No,
            Event::Reply(_) => return Again::AfterPause,
            Event::Fault(fault) => return lost(link, &fault),
            Event::Request(_) => {}
        }
    }
}

fn note(line: &Line, frame: Frame) {
    // A listen stream carries nothing but news, so an empty table classifies it.
    let method = frame.method().map(Method::parse);
    if method == Some(Method::NotificationSubscriptionsAcknowledged) {
        return;
    }
    let plain = match frame.params() {
        Some(params) => Frame::notification(
            frame.method().unwrap_or_default(),
            Some(&without_subscription(params)),
        ),
        None => frame,
    };
    if let Stray::News(news) = super::routes::Routes::default().deliver(plain) {
        line.news(news);
    }
}

/// The upstream's subscription id is ours alone and must not travel on.
fn without_subscription(params: &Raw) -> Raw {
    match edit::retain(params.as_str(), &["_meta"], |key| {
        key != wardgate_protocol::meta::SUBSCRIPTION_ID
    }) {
        Some(text) => Raw::trusted(text),
        None => params.clone(),
    }
}

fn filter(line: &Line, link: &Link) -> Option<String> {
    let mut wanted = serde_json::Map::new();
    for (capability, key) in [
        ("tools", "toolsListChanged"),
        ("prompts", "promptsListChanged"),
        ("resources", "resourcesListChanged"),
    ] {
        if link.hello.has(&[capability, "listChanged"]) {
            wanted.insert(key.into(), true.into());
        }
    }
    let uris = line.subscriptions();
    if !uris.is_empty() {
        wanted.insert("resourceSubscriptions".into(), uris.into());
    }
    (!wanted.is_empty()).then(|| serde_json::Value::Object(wanted).to_string())
}
