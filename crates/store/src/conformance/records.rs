//! Promises of [`Records`]. That an acknowledged line survives a crash is for the adapter's own tests to try.

use wardgate_model::{PrincipalId, RecordId};

use super::{
    Subject,
    sample::{at, head, head_of, line, lines, tenant, tool},
};
use crate::{Cursor, Head, Line, RecordFilter, Records, Spend, Stage, StoreError, Timestamp};

async fn append(records: &dyn Records, lines: &[Line]) {
    records.append(lines, &head_of(lines)).await.unwrap();
}

/// A line that says the least there is to say.
fn bare(tenant: &str, seq: u64) -> Line {
    Line {
        principal: None,
        toolset: None,
        tool: None,
        effect: None,
        status: None,
        key: None,
        trace: None,
        spend: Spend::default(),
        ..line(tenant, seq)
    }
}

fn received(tenant: &str, seq: u64) -> Line {
    Line {
        stage: Stage::Received,
        ..bare(tenant, seq)
    }
}

/// The line that completes another one.
fn completing(seq: u64, of: &Line) -> Line {
    Line {
        of: Some(of.id.clone()),
        ..line(of.tenant.as_str(), seq)
    }
}

fn ids(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.id.as_str()).collect()
}

pub async fn lines_read_back_byte_for_byte(subject: &Subject) {
    let records = &*subject.store.records;
    let long = Line {
        text: "{\"é\":1e400,\"b\":  1.0}\u{7f}\u{0}🦀".repeat(20_000),
        of: Some(RecordId::new("rec_x")),
        ..line("acme", 3)
    };
    let written = [line("acme", 1), bare("acme", 2), long];
    append(records, &written).await;
    for line in &written {
        assert_eq!(records.get(&line.id).await, Ok(Some(line.clone())));
    }
    assert_eq!(
        records.chain(&tenant("acme"), 0, 10).await,
        Ok(written.to_vec())
    );
    assert_eq!(records.get(&RecordId::new("unknown")).await, Ok(None));
}

pub async fn a_batch_that_does_not_follow_leaves_nothing(subject: &Subject) {
    let records = &*subject.store.records;
    append(records, &lines("acme", 1, 3)).await;
    let heads = records.heads().await.unwrap();
    let elsewhere = |lines: &[Line], moved: fn(&mut Head)| {
        let mut heads = head_of(lines);
        heads.iter_mut().for_each(moved);
        (lines.to_vec(), heads)
    };
    let right = lines("acme", 4, 5);
    let twice = || [head(&right[1]), head(&right[1])].to_vec();
    let gap = [line("acme", 4), line("acme", 6)].to_vec();
    let wrong = [
        elsewhere(&lines("acme", 5, 6), |_| ()),
        elsewhere(&lines("acme", 3, 4), |_| ()),
        elsewhere(&lines("other", 2, 3), |_| ()),
        elsewhere(&lines("other", 0, 1), |_| ()),
        elsewhere(&gap, |_| ()),
        elsewhere(&right, |head| head.seq += 1),
        elsewhere(&right, |head| head.hash[31] ^= 1),
        elsewhere(&right, |head| head.tenant = tenant("other")),
        (right.clone(), Vec::new()),
        (right.clone(), twice()),
        (Vec::new(), vec![head(&line("acme", 9))]),
    ];
    for (lines, moved) in wrong {
        let refused = records.append(&lines, &moved).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{lines:?} {moved:?}"
        );
        assert_eq!(records.heads().await.as_ref(), Ok(&heads));
        assert_eq!(records.chain(&tenant("acme"), 3, 10).await, Ok(Vec::new()));
        assert_eq!(records.chain(&tenant("other"), 0, 10).await, Ok(Vec::new()));
    }
    append(records, &right).await;
}

pub async fn a_record_id_is_taken_once(subject: &Subject) {
    let records = &*subject.store.records;
    append(records, &lines("acme", 1, 1)).await;
    let fine = line("other", 1);
    let double = Line {
        id: line("acme", 1).id,
        ..line("other", 2)
    };
    let batch = [fine.clone(), double];
    let refused = records.append(&batch, &head_of(&batch)).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
    assert_eq!(records.get(&fine.id).await, Ok(None));
    assert_eq!(records.head(&tenant("other")).await, Ok(None));
}

pub async fn a_second_writer_is_fenced_off(subject: &Subject) {
    append(&*subject.store.records, &lines("acme", 1, 1)).await;
    let replica = (subject.again)().await;
    let said = subject
        .race((0..20).map(|n| {
            let store = if n % 2 == 0 { &subject.store } else { &replica };
            let records = store.records.clone();
            let mut mine = line("acme", 2);
            mine.id = RecordId::new(format!("rec_{n}"));
            async move { records.append(&[mine.clone()], &[head(&mine)]).await }
        }))
        .await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 1);
    let chain = subject
        .store
        .records
        .chain(&tenant("acme"), 0, 10)
        .await
        .unwrap();
    assert_eq!(chain.len(), 2);
}

pub async fn a_batch_may_be_large(subject: &Subject) {
    let records = &*subject.store.records;
    let mut batch: Vec<Line> = (1..=600)
        .flat_map(|seq| [received("a", seq), line("b", seq)])
        .collect();
    batch.extend((601..=1_200).map(|seq| completing(seq, &received("a", seq - 600))));
    let heads = [head(&line("b", 600)), head(&line("a", 1_200))];
    records.append(&batch, &heads).await.unwrap();
    assert_eq!(records.heads().await.unwrap().len(), 2);
    assert_eq!(
        records
            .chain(&tenant("a"), 0, u32::MAX)
            .await
            .unwrap()
            .len(),
        1_000
    );
    assert_eq!(
        records
            .chain(&tenant("a"), 1_000, u32::MAX)
            .await
            .unwrap()
            .len(),
        200
    );
    assert_eq!(records.unfinished(10).await, Ok(Vec::new()));
}

pub async fn a_chain_is_read_in_order_in_bounded_pages(subject: &Subject) {
    let records = &*subject.store.records;
    append(records, &lines("other", 1, 4)).await;
    append(records, &lines("acme", 1, 4)).await;
    append(records, &lines("acme", 5, 7)).await;
    let mut read = Vec::new();
    loop {
        let behind = read.last().map_or(0, |line: &Line| line.seq);
        let part = records.chain(&tenant("acme"), behind, 3).await.unwrap();
        assert!(part.len() <= 3);
        if part.is_empty() {
            break;
        }
        read.extend(part);
    }
    assert_eq!(read, lines("acme", 1, 7));
}

pub async fn heads_move_with_their_lines(subject: &Subject) {
    let records = &*subject.store.records;
    assert_eq!(records.head(&tenant("acme")).await, Ok(None));
    assert_eq!(records.heads().await, Ok(Vec::new()));
    append(records, &lines("b", 1, 1)).await;
    let both = [line("a", 1), line("b", 2), line("a", 2)];
    records
        .append(&both, &[head(&both[1]), head(&both[2])])
        .await
        .unwrap();
    assert_eq!(
        records.head(&tenant("a")).await,
        Ok(Some(head(&line("a", 2))))
    );
    let later = (subject.again)().await.records;
    let heads = vec![head(&line("a", 2)), head(&line("b", 2))];
    assert_eq!(later.heads().await, Ok(heads));
}

pub async fn what_was_received_is_unfinished_until_it_is_complete(subject: &Subject) {
    let records = &*subject.store.records;
    let first = received("acme", 1);
    let second = received("acme", 2);
    let at_once = received("acme", 3);
    let batch = [
        first.clone(),
        second.clone(),
        at_once.clone(),
        completing(4, &at_once),
    ];
    append(records, &batch).await;
    append(records, &[received("aaa", 1)]).await;
    let unfinished = async |limit| records.unfinished(limit).await.unwrap();
    let both = vec![received("aaa", 1), first.clone(), second.clone()];
    let mut found = unfinished(10).await;
    found.sort_by(|a, b| (&a.tenant, a.seq).cmp(&(&b.tenant, b.seq)));
    assert_eq!(found, both);
    assert_eq!(unfinished(1).await.len(), 1);
    append(records, &[completing(5, &first)]).await;
    let later = (subject.again)().await.records;
    let mut left = later.unfinished(10).await.unwrap();
    left.retain(|line| line.tenant == tenant("acme"));
    assert_eq!(left, [second]);
}

pub async fn each_filter_holds_what_matches(subject: &Subject) {
    let records = &*subject.store.records;
    let text = |text: &str| Some(text.to_owned());
    let odd = [
        line("acme", 1),
        Line {
            principal: Some(PrincipalId::new("bot")),
            ..line("acme", 2)
        },
        Line {
            tool: Some(tool("other")),
            ..line("acme", 3)
        },
        Line {
            kind: "auth.failure".to_owned(),
            ..line("acme", 4)
        },
        received("acme", 5),
        Line {
            effect: text("deny"),
            ..line("acme", 6)
        },
        Line {
            status: text("failure"),
            ..line("acme", 7)
        },
        completing(8, &received("acme", 5)),
        Line {
            key: text("'"),
            ..line("acme", 9)
        },
        Line {
            trace: text("%"),
            ..line("acme", 10)
        },
    ];
    append(records, &odd).await;
    append(records, &lines("other", 1, 1)).await;
    let any = RecordFilter::default;
    let cases = [
        (
            RecordFilter {
                tenant: Some(tenant("other")),
                ..any()
            },
            "rec_other_1",
        ),
        (
            RecordFilter {
                principal: Some(PrincipalId::new("bot")),
                ..any()
            },
            "rec_acme_2",
        ),
        (
            RecordFilter {
                tool: Some(tool("other")),
                ..any()
            },
            "rec_acme_3",
        ),
        (
            RecordFilter {
                kind: text("auth.failure"),
                ..any()
            },
            "rec_acme_4",
        ),
        (
            RecordFilter {
                stage: Some(Stage::Received),
                ..any()
            },
            "rec_acme_5",
        ),
        (
            RecordFilter {
                effect: text("deny"),
                ..any()
            },
            "rec_acme_6",
        ),
        (
            RecordFilter {
                status: text("failure"),
                ..any()
            },
            "rec_acme_7",
        ),
        (
            RecordFilter {
                of: Some(RecordId::new("rec_acme_5")),
                ..any()
            },
            "rec_acme_8",
        ),
        (
            RecordFilter {
                key: text("'"),
                ..any()
            },
            "rec_acme_9",
        ),
        (
            RecordFilter {
                trace: text("%"),
                ..any()
            },
            "rec_acme_10",
        ),
        (
            RecordFilter {
                since: Some(at(9)),
                ..any()
            },
            "rec_acme_10 rec_acme_9",
        ),
        (
            RecordFilter {
                until: Some(at(2)),
                ..any()
            },
            "rec_other_1 rec_acme_1",
        ),
        (
            RecordFilter {
                tenant: Some(tenant("other")),
                effect: text("deny"),
                ..any()
            },
            "",
        ),
    ];
    for (filter, expected) in cases {
        let page = records.page(&filter, None, 50).await.unwrap();
        assert_eq!(ids(&page.items).join(" "), expected, "{filter:?}");
        assert_eq!(page.next, None);
    }
    assert_eq!(
        records.page(&any(), None, 50).await.unwrap().items.len(),
        11
    );
}

pub async fn pages_join_without_gap_or_double(subject: &Subject) {
    let records = &*subject.store.records;
    // All in one moment: the order must not hang on the clock.
    let same = |name: &str| -> Vec<Line> {
        let moment = |line| Line { at: at(5), ..line };
        lines(name, 1, 5).into_iter().map(moment).collect()
    };
    append(records, &same("a")).await;
    append(records, &same("b.c")).await;
    let (mut read, mut after) = (Vec::new(), None::<Cursor>);
    let mut newer = 0;
    loop {
        let page = records
            .page(&RecordFilter::default(), after.as_ref(), 3)
            .await
            .unwrap();
        read.extend(page.items);
        // A cursor is sent to the client and comes back.
        after = page.next.map(|next| next.to_string().parse().unwrap());
        if after.is_none() {
            break;
        }
        newer += 1;
        append(
            records,
            &[Line {
                at: at(6),
                ..line("newer", newer)
            }],
        )
        .await;
    }
    let expected: Vec<String> = (1..=5)
        .rev()
        .flat_map(|seq| [format!("rec_b.c_{seq}"), format!("rec_a_{seq}")])
        .collect();
    assert_eq!(ids(&read), expected);
    let nonsense = Cursor {
        at: Timestamp::default(),
        id: "x".to_owned(),
    };
    let refused = records
        .page(&RecordFilter::default(), Some(&nonsense), 3)
        .await;
    assert_eq!(refused, Err(StoreError::NotFound { what: "page" }));
}
