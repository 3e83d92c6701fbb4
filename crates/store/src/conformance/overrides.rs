//! Promises of [`Overrides`].

use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, ServerName, TenantId};

use super::{
    Subject,
    sample::{at, identity, kill, person},
};
use crate::{Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides, StoreError};

fn lift(name: &str, second: i64) -> Lift {
    Lift {
        by: person(name),
        reason: format!("{name} says so"),
        at: at(second),
    }
}

fn all_writes(id: &str) -> Override {
    Override {
        matches: OverrideMatch::AllWrites,
        expires_at: None,
        ..kill(id)
    }
}

async fn active(overrides: &dyn Overrides, second: i64) -> String {
    let active = overrides.active(at(second)).await.unwrap();
    let ids = active.iter().map(|item| item.id.as_str());
    ids.collect::<Vec<_>>().join(" ")
}

pub async fn an_override_reads_back_as_it_was_written(subject: &Subject) {
    let overrides = &*subject.store.overrides;
    let all = [
        kill("tool"),
        Override {
            effect: OverrideEffect::Freeze,
            matches: OverrideMatch::Server(ServerName::new("com.acme/payments")),
            cancel_in_flight: false,
            created_at: at(1),
            ..kill("server")
        },
        Override {
            effect: OverrideEffect::Allow,
            matches: OverrideMatch::Principal(identity("caller")),
            created_at: at(2),
            ..kill("principal")
        },
        Override {
            created_at: at(3),
            ..all_writes("writes")
        },
    ];
    for item in &all {
        overrides.create(item).await.unwrap();
    }
    assert_eq!(overrides.active(at(9)).await, Ok(all.to_vec()));
    let taken = overrides.create(&kill("server")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict { .. }), "{taken:?}");
}

pub async fn an_override_ends_when_it_expires(subject: &Subject) {
    let overrides = &*subject.store.overrides;
    overrides.create(&kill("an-hour")).await.unwrap();
    let matches = OverrideMatch::Tenant(TenantId::new("acme"));
    let for_good = Override {
        expires_at: None,
        matches,
        created_at: at(1),
        ..kill("for-good")
    };
    overrides.create(&for_good).await.unwrap();
    assert_eq!(active(overrides, 3_599).await, "an-hour for-good");
    assert_eq!(active(overrides, 3_600).await, "for-good");
    let late = overrides
        .lift(&OverrideId::new("an-hour"), &lift("oncall", 3_600))
        .await;
    assert_eq!(late, Err(OverrideError::Ended));
}

pub async fn a_lifted_override_is_over_and_says_who_lifted_it(subject: &Subject) {
    let overrides = &*subject.store.overrides;
    let item = kill("a");
    overrides.create(&item).await.unwrap();
    let lifted = Override {
        lifts: vec![lift("oncall", 5)],
        lifted_at: Some(at(5)),
        ..item.clone()
    };
    let said = overrides.lift(&item.id, &lift("oncall", 5)).await;
    assert_eq!(said, Ok(Lifted::Done(lifted.clone())));
    assert_eq!(active(overrides, 6).await, "");
    let page = overrides
        .list(&OverrideFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(page.items, [lifted]);
    let again = overrides.lift(&item.id, &lift("other", 6)).await;
    assert_eq!(again, Err(OverrideError::Ended));
    let unknown = overrides
        .lift(&OverrideId::new("b"), &lift("other", 6))
        .await;
    let missing = StoreError::NotFound { what: "override" };
    assert_eq!(unknown, Err(OverrideError::Store(missing)));
}

pub async fn all_writes_are_given_back_by_two_people(subject: &Subject) {
    let overrides = &*subject.store.overrides;
    let item = all_writes("a");
    overrides.create(&item).await.unwrap();
    let first = overrides.lift(&item.id, &lift("oncall", 5)).await.unwrap();
    let waiting = Override {
        lifts: vec![lift("oncall", 5)],
        ..item.clone()
    };
    assert_eq!(first, Lifted::NeedsAnother(waiting));
    let same = overrides.lift(&item.id, &lift("oncall", 6)).await;
    assert_eq!(same, Err(OverrideError::Twice));
    assert_eq!(active(overrides, 7).await, "a");
    let second = overrides.lift(&item.id, &lift("lead", 8)).await.unwrap();
    let Lifted::Done(lifted) = second else {
        panic!("two people are enough: {second:?}");
    };
    assert_eq!(lifted.lifts, [lift("oncall", 5), lift("lead", 8)]);
    assert_eq!(active(overrides, 9).await, "");
}

pub async fn one_persons_racing_lifts_are_one(subject: &Subject) {
    let item = all_writes("a");
    subject.store.overrides.create(&item).await.unwrap();
    let said = subject
        .race((0..20).map(|_| {
            let overrides = subject.store.overrides.clone();
            let id = item.id.clone();
            async move { overrides.lift(&id, &lift("oncall", 5)).await }
        }))
        .await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 1);
    assert_eq!(active(&*subject.store.overrides, 6).await, "a");
}

pub async fn an_override_holds_for_every_replica(subject: &Subject) {
    let replica = (subject.again)().await.overrides;
    let item = kill("a");
    subject.store.overrides.create(&item).await.unwrap();
    assert_eq!(active(&*replica, 1).await, "a");
    replica.lift(&item.id, &lift("oncall", 2)).await.unwrap();
    assert_eq!(active(&*subject.store.overrides, 3).await, "");
}

pub async fn overrides_are_filtered_and_paged(subject: &Subject) {
    let overrides = &*subject.store.overrides;
    for n in 0..3 {
        let id = format!("k{n}");
        let expires_at = Some(at(100 + n));
        let item = Override {
            created_at: at(n),
            expires_at,
            ..kill(&id)
        };
        overrides.create(&item).await.unwrap();
    }
    let effect = OverrideEffect::Freeze;
    let freeze = Override {
        effect,
        created_at: at(9),
        ..kill("freeze")
    };
    overrides.create(&freeze).await.unwrap();
    let all_of = async |filter: OverrideFilter| {
        let first = overrides.list(&filter, None, 2).await.unwrap();
        let rest = match &first.next {
            Some(next) => overrides.list(&filter, Some(next), 2).await.unwrap().items,
            None => Vec::new(),
        };
        let ids = first.items.iter().chain(&rest).map(|item| item.id.as_str());
        ids.collect::<Vec<_>>().join(" ")
    };
    let any = OverrideFilter::default();
    assert_eq!(all_of(any.clone()).await, "freeze k2 k1 k0");
    let effect = Some(OverrideEffect::Freeze);
    assert_eq!(
        all_of(OverrideFilter {
            effect,
            ..any.clone()
        })
        .await,
        "freeze"
    );
    let active_at = Some(at(101));
    assert_eq!(
        all_of(OverrideFilter { active_at, ..any }).await,
        "freeze k2"
    );
}
