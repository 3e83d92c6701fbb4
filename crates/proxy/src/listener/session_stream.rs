//! GET and DELETE of a legacy session: its stream of news, picking up a broken stream, and its end.

use std::sync::Arc;

use http::{StatusCode, header};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;
use wardgate_model::Caller;
use wardgate_protocol::{Era, Method, Revision};
use wardgate_snapshot::Toolset;

use super::{
    http::{Visit, because},
    reply::{self, Opening, Reply},
};
use crate::{
    call::Credentials,
    gate::Gate,
    outcome::Answer,
    overrides::ongoing::Ticket,
    session::{
        Session,
        news::{self, Hearer, Interest},
        quota::OpenStream,
        recognise,
        stream::StreamLog,
    },
    stage::{heed, identify::identify, record::Refused, standing},
    stop::Stop,
    upstream::changes::Change,
};

/// Opens the session's stream, or reads on where `Last-Event-ID` says.
pub async fn get(visit: &Visit) -> Reply {
    if visit.says_modern() || visit.session_token().is_none() {
        return visit.not_allowed().await;
    }
    let (caller, session) = match session(visit).await {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    let accepts = visit.head.get_all(header::ACCEPT).iter().any(|value| {
        let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
        value.contains("text/event-stream") || value.contains("*/*")
    });
    if !accepts {
        visit
            .refused(because("Accept must list text/event-stream"))
            .await;
        return reply::empty(StatusCode::NOT_ACCEPTABLE);
    }
    let streams_max = visit.snapshot.gateway.caps.streams_per_caller_max;
    // Counted in first: a rule that comes into force now ends it.
    let ongoing = &visit.door.gate.ongoing;
    let subject = heed::subject(caller.identity(), &visit.toolset);
    let ticket = ongoing.enter(subject, true, CancellationToken::new());
    if let Err(stop) = heed::caller(&visit.door.gate, ticket.subject()) {
        return refuse(visit, &stop).await;
    }
    let held = match visit.door.gate.streams.open(&caller, streams_max) {
        Ok(held) => held,
        Err(stop) => return refuse(visit, &stop).await,
    };
    match visit.header("last-event-id").and_then(event_id) {
        Some((number, after)) => match session.find_stream(number) {
            Some(log) => stream(
                visit,
                session,
                (held, ticket),
                (number, log, after),
                Opening::Plain,
            ),
            None => fresh(visit, session, (held, ticket)),
        },
        None => fresh(visit, session, (held, ticket)),
    }
}

/// Ends the session.
pub async fn delete(visit: &Visit) -> Reply {
    if visit.says_modern() || visit.session_token().is_none() {
        return visit.not_allowed().await;
    }
    match session(visit).await {
        Ok((_, session)) => {
            visit.door.gate.sessions.end(&session);
            reply::empty(StatusCode::NO_CONTENT)
        }
        Err(reply) => reply,
    }
}

async fn refuse(visit: &Visit, stop: &Stop) -> Reply {
    visit.refused(Refused::stopped(stop, Era::Legacy)).await;
    reply::answer(Answer::stop(None, &Method::Ping, Era::Legacy, stop))
}

async fn session(visit: &Visit) -> Result<(Caller, Arc<Session>), Reply> {
    let gate = &visit.door.gate;
    let (snapshot, toolset) = (&visit.snapshot, &visit.toolset);
    let caller = match identify(gate, snapshot, toolset, &visit.credentials).await {
        Ok(caller) => caller,
        Err(stop) => return Err(refuse(visit, &stop).await),
    };
    match recognise::session(gate, visit.session_token().as_deref(), &caller, toolset) {
        Ok(session) => Ok((caller, session)),
        Err(stop) => Err(refuse(visit, &stop).await),
    }
}

fn event_id(text: &str) -> Option<(u64, u64)> {
    let (number, after) = text.split_once('-')?;
    Some((number.parse().ok()?, after.parse().ok()?))
}

fn fresh(visit: &Visit, session: Arc<Session>, held: (OpenStream, Ticket)) -> Reply {
    let (number, log) = session.stream();
    let opening = if session.revision >= Revision::V2025_11_25 {
        Opening::Primed
    } else {
        Opening::Plain
    };
    log.carry_news();
    stream(visit, session, held, (number, log, 0), opening)
}

/// Streams the log `number` from after the event it was read to.
fn stream(
    visit: &Visit,
    session: Arc<Session>,
    (held, ticket): (OpenStream, Ticket),
    (number, log, after): (u64, Arc<StreamLog>, u64),
    opening: Opening,
) -> Reply {
    let reader = log.reader(after);
    let open = CancellationToken::new();
    if log.carries_news() {
        visit.door.gate.tasks.spawn(follow(
            visit.door.gate.clone(),
            (visit.toolset.clone(), visit.credentials.clone()),
            session,
            log,
            (open.clone(), ticket),
            visit.door.gate.upstreams.subscribe(),
        ));
    }
    reply::legacy_stream(number, reader, opening, (open.drop_guard(), held))
}

/// Writes news to the stream while someone reads it.
async fn follow(
    gate: Arc<Gate>,
    (toolset, credentials): (Arc<Toolset>, Credentials),
    session: Arc<Session>,
    log: Arc<StreamLog>,
    (closed, ticket): (CancellationToken, Ticket),
    mut changes: Receiver<Change>,
) {
    let hearer = Hearer {
        gate: &gate,
        toolset: &toolset.name,
        credentials: &credentials,
    };
    let had = ticket.subject().caller.clone();
    let mut lost = std::pin::pin!(standing::lost(&gate, &toolset.name, &credentials, &had));
    loop {
        let changed = tokio::select! {
            () = &mut lost => break,
            () = closed.cancelled() => return,
            () = session.ended.cancelled() => break,
            () = ticket.cancelled() => break,
            () = gate.draining.cancelled() => break,
            changed = changes.recv() => changed,
        };
        let interest = Interest {
            tools: true,
            prompts: true,
            resources: true,
            uris: session.subscribed(),
        };
        for frame in news::frames(hearer, &interest, changed, &mut changes).await {
            log.append(frame);
        }
    }
    log.finish();
}
