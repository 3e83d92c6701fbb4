//! Promises of [`Usage`](crate::Usage).

use wardgate_model::ToolsetName;

use super::{
    Subject,
    sample::{at, head_of, line, tenant, tool},
};
use crate::{Counter, Line, Spend, UsageBy};

fn counter(rule: &str, used: i64, ends: i64) -> Counter {
    Counter {
        rule: rule.to_owned(),
        key: "acme/caller".to_owned(),
        window: "2026-11".to_owned(),
        dimension: "cost_usd".to_owned(),
        used,
        ends_at: at(ends),
    }
}

pub async fn counters_say_what_was_last_put(subject: &Subject) {
    let usage = &*subject.store.usage;
    let tokens = Counter {
        dimension: "tokens".to_owned(),
        ..counter("month", 7, 100)
    };
    usage
        .put(&[counter("month", 20_000, 100), tokens.clone()])
        .await
        .unwrap();
    usage
        .put(&[counter("month", 15_000, 100), counter("day", 1, 50)])
        .await
        .unwrap();
    let expected = vec![counter("day", 1, 50), counter("month", 15_000, 100), tokens];
    let later = (subject.again)().await.usage;
    assert_eq!(later.load(at(0)).await, Ok(expected));
}

pub async fn counters_of_ended_windows_are_forgotten(subject: &Subject) {
    let usage = &*subject.store.usage;
    usage
        .put(&[counter("day", 1, 50), counter("month", 2, 100)])
        .await
        .unwrap();
    assert_eq!(usage.load(at(49)).await.unwrap().len(), 2);
    assert_eq!(usage.load(at(50)).await, Ok(vec![counter("month", 2, 100)]));
    assert_eq!(usage.forget_ended(at(50)).await, Ok(1));
    assert_eq!(usage.forget_ended(at(50)).await, Ok(0));
    assert_eq!(usage.load(at(0)).await, Ok(vec![counter("month", 2, 100)]));
}

fn times(factor: i64) -> Spend {
    let one = line("acme", 1).spend;
    Spend {
        calls: one.calls * factor,
        cost_micro_usd: one.cost_micro_usd * factor,
        tokens: one.tokens * factor,
        bytes: one.bytes * factor,
        compute_ms: one.compute_ms * factor,
    }
}

pub async fn sums_are_the_sums_of_the_records(subject: &Subject) {
    let odd = Line {
        principal: None,
        toolset: Some(ToolsetName::new("support")),
        tool: Some(tool("other")),
        ..line("acme", 3)
    };
    let acme = [line("acme", 1), line("acme", 2), odd];
    let other = [
        line("other", 1),
        line("other", 2),
        line("other", 3),
        line("other", 4),
    ];
    for lines in [&acme[..], &other[..]] {
        subject
            .store
            .records
            .append(lines, &head_of(lines))
            .await
            .unwrap();
    }
    let sums = async |by, name: Option<&str>, since, until| {
        let of = name.map(tenant);
        let sums = subject
            .store
            .usage
            .sums(by, of.as_ref(), at(since), at(until))
            .await
            .unwrap();
        sums.into_iter()
            .map(|sum| (sum.of, sum.spend))
            .collect::<Vec<_>>()
    };
    let is = |of: &str, factor| (of.to_owned(), times(factor));
    let acme = Some("acme");
    assert_eq!(
        sums(UsageBy::Tenant, None, 0, 99).await,
        [is("acme", 3), is("other", 4)]
    );
    assert_eq!(
        sums(UsageBy::Tenant, None, 2, 4).await,
        [is("acme", 2), is("other", 2)]
    );
    let by_principal = [is("", 1), is("acme/caller", 2)];
    assert_eq!(sums(UsageBy::Principal, acme, 0, 99).await, by_principal);
    let by_toolset = [is("finance", 2), is("support", 1)];
    assert_eq!(sums(UsageBy::Toolset, acme, 0, 99).await, by_toolset);
    let by_tool = [is("pay/other", 1), is("pay/refund_create", 2)];
    assert_eq!(sums(UsageBy::Tool, acme, 0, 99).await, by_tool);
    assert_eq!(sums(UsageBy::Tool, Some("nobody"), 0, 99).await, []);
}
