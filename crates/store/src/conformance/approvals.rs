//! Promises of [`Approvals`] from the request to the use of the grant. What people say is in `votes.rs`.

use wardgate_model::{ApprovalId, PrincipalId, ServerName, TenantId};

use super::{
    Subject,
    sample::{at, binding, identity, request, vote},
};
use crate::{
    Approval, ApprovalError, ApprovalFilter, ApprovalState, Approvals, Ballot, Binding, Opened,
    Request, Timestamp,
};

/// Opens a request that must be a fresh one.
pub(super) async fn fresh(approvals: &dyn Approvals, request: Request) -> Approval {
    match approvals.open(&request, 100).await.unwrap() {
        Opened::Fresh {
            approval,
            overdue: None,
        } => *approval,
        other => panic!("not fresh: {other:?}"),
    }
}

/// Opens a request and lets two approvers grant it at 10.
pub(super) async fn granted(approvals: &dyn Approvals, request: Request) -> Approval {
    let id = fresh(approvals, request).await.request.id;
    approvals
        .vote(&id, &vote("lead", Ballot::Approve))
        .await
        .unwrap();
    let approval = approvals
        .vote(&id, &vote("ops", Ballot::Approve))
        .await
        .unwrap();
    assert_eq!(approval.state, ApprovalState::Approved);
    approval
}

/// The same binding but for one part, each part in turn.
fn tampered(binding: &Binding) -> Vec<Binding> {
    let other = || "other".to_owned();
    let mut requester = binding.requester.clone();
    requester.tenant = TenantId::new("other");
    vec![
        Binding {
            requester,
            ..binding.clone()
        },
        Binding {
            requester: identity("other"),
            ..binding.clone()
        },
        Binding {
            server: ServerName::new("other"),
            ..binding.clone()
        },
        Binding {
            version: other(),
            ..binding.clone()
        },
        Binding {
            tool: other(),
            ..binding.clone()
        },
        Binding {
            args_digest: other(),
            ..binding.clone()
        },
        Binding {
            contract: other(),
            ..binding.clone()
        },
        Binding {
            policy_rev: other(),
            ..binding.clone()
        },
    ]
}

pub async fn a_request_reads_back_as_it_was_written(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let bare = Request {
        sealed_args: None,
        reason: None,
        ..request("bare")
    };
    for request in [request("full"), bare] {
        let opened = fresh(approvals, request.clone()).await;
        assert_eq!(opened, Approval::open(request.clone()));
        assert_eq!(approvals.get(&request.id).await, Ok(Some(opened)));
    }
    assert_eq!(approvals.get(&ApprovalId::new("unknown")).await, Ok(None));
}

pub async fn the_same_thing_is_asked_for_once(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let first = granted(approvals, request("a")).await;
    let again = Request {
        id: ApprovalId::new("again"),
        created_at: at(20),
        ..request("a")
    };
    assert_eq!(
        approvals.open(&again, 100).await,
        Ok(Opened::Same(Box::new(first.clone())))
    );
    for (n, binding) in tampered(&first.request.binding).into_iter().enumerate() {
        let id = ApprovalId::new(format!("tampered-{n}"));
        let other = Request {
            id,
            binding,
            ..again.clone()
        };
        assert_eq!(fresh(approvals, other).await.state, ApprovalState::Pending);
    }
    let taken = Request {
        binding: binding("something else"),
        ..request("a")
    };
    let refused = approvals.open(&taken, 100).await.unwrap_err();
    assert!(matches!(
        refused,
        ApprovalError::Store(crate::StoreError::Conflict { .. })
    ));
}

pub async fn of_racing_opens_one_is_fresh(subject: &Subject) {
    let opened = subject
        .race((0..20).map(|n| {
            let approvals = subject.store.approvals.clone();
            let request = Request {
                id: ApprovalId::new(format!("apr_{n}")),
                binding: binding("the same"),
                ..request("a")
            };
            async move { approvals.open(&request, 100).await.unwrap() }
        }))
        .await;
    let fresh = opened
        .iter()
        .filter(|opened| matches!(opened, Opened::Fresh { .. }));
    assert_eq!(fresh.count(), 1);
}

pub async fn a_principal_cannot_flood_the_approvers(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let asked = |id: &str, second| Request {
        created_at: at(second),
        ..request(id)
    };
    for id in ["a", "b"] {
        approvals.open(&asked(id, 0), 2).await.unwrap();
    }
    let refused = approvals.open(&asked("c", 0), 2).await;
    assert_eq!(refused, Err(ApprovalError::TooMany { pending: 2 }));
    assert_eq!(approvals.get(&ApprovalId::new("c")).await, Ok(None));
    // The same thing again is no flood, and others are not kept out.
    assert!(matches!(
        approvals.open(&asked("a", 1), 2).await,
        Ok(Opened::Same(_))
    ));
    let mut others = asked("d", 0);
    others.binding.requester = identity("other");
    approvals.open(&others, 2).await.unwrap();
    // What ran out does not count.
    let late = Request {
        decide_by: at(9_000),
        ..asked("c", 601)
    };
    assert!(matches!(
        approvals.open(&late, 2).await,
        Ok(Opened::Fresh { .. })
    ));
}

pub async fn an_overdue_request_gives_way_and_is_reported(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let old = fresh(approvals, request("old")).await;
    let anew = Request {
        id: ApprovalId::new("new"),
        created_at: at(600),
        decide_by: at(1_200),
        ..request("old")
    };
    let opened = approvals.open(&anew, 1).await.unwrap();
    let Opened::Fresh {
        approval,
        overdue: Some(overdue),
    } = opened
    else {
        panic!("nothing gave way: {opened:?}");
    };
    assert_eq!(approval.request.id, anew.id);
    let mut closed = old;
    closed.close(ApprovalState::Expired, at(600));
    assert_eq!(*overdue, closed);
    assert_eq!(approvals.get(&closed.request.id).await, Ok(Some(closed)));
    assert_eq!(approvals.expire(at(600)).await, Ok(Vec::new()));
}

pub async fn a_grant_is_used_once_and_for_its_binding_only(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let approval = granted(approvals, request("a")).await;
    for binding in tampered(&approval.request.binding) {
        assert_eq!(
            approvals.consume(&binding, at(20)).await,
            Ok(None),
            "{binding:?}"
        );
    }
    let mut used = approval;
    used.close(ApprovalState::Used, at(20));
    let binding = &used.request.binding;
    assert_eq!(
        approvals.consume(binding, at(20)).await,
        Ok(Some(used.clone()))
    );
    assert_eq!(approvals.consume(binding, at(20)).await, Ok(None));
    assert_eq!(
        approvals.get(&used.request.id).await,
        Ok(Some(used.clone()))
    );
    // The next call asks anew.
    let again = Request {
        id: ApprovalId::new("b"),
        created_at: at(21),
        ..used.request
    };
    fresh(approvals, again).await;
}

pub async fn of_a_hundred_racing_consumes_one_wins(subject: &Subject) {
    let approval = granted(&*subject.store.approvals, request("a")).await;
    let replica = (subject.again)().await;
    let used = subject
        .race((0..100).map(|n| {
            let store = if n % 2 == 0 { &subject.store } else { &replica };
            let approvals = store.approvals.clone();
            let binding = approval.request.binding.clone();
            async move { approvals.consume(&binding, at(20)).await }
        }))
        .await;
    let won = used.iter().filter(|used| matches!(used, Ok(Some(_))));
    assert_eq!(won.count(), 1);
}

pub async fn a_grant_runs_out(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let approval = granted(approvals, request("a")).await;
    assert_eq!(approval.use_by, Some(at(310)));
    let binding = &approval.request.binding;
    assert_eq!(approvals.consume(binding, at(310)).await, Ok(None));
    let one_before = Timestamp::from_millis(at(310).millis() - 1);
    assert!(
        approvals
            .consume(binding, one_before)
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn what_ran_out_is_reported_once(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let undecided = fresh(approvals, request("undecided")).await;
    let unused = granted(approvals, request("unused")).await;
    let used = granted(approvals, request("used")).await;
    approvals
        .consume(&used.request.binding, at(20))
        .await
        .unwrap();
    let expired = async |second| {
        let expired = approvals.expire(at(second)).await.unwrap();
        let expired = expired.into_iter().map(|approval| {
            assert_eq!(approval.state, ApprovalState::Expired);
            assert_eq!(approval.closed_at, Some(at(second)));
            assert_eq!(approval.request.sealed_args, None);
            approval.request.id
        });
        expired.collect::<Vec<_>>()
    };
    assert_eq!(expired(309).await, []);
    assert_eq!(expired(310).await, [unused.request.id]);
    assert_eq!(expired(599).await, []);
    assert_eq!(expired(600).await, [undecided.request.id]);
    assert_eq!(expired(9_999).await, []);
}

pub async fn what_is_cancelled_is_over(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let pending = fresh(approvals, request("pending")).await;
    let approved = granted(approvals, request("approved")).await;
    for approval in [pending, approved] {
        let id = &approval.request.id;
        let cancelled = approvals.cancel(id, at(30)).await.unwrap();
        let state = ApprovalState::Cancelled;
        assert_eq!(
            (cancelled.state, cancelled.closed_at),
            (state, Some(at(30)))
        );
        assert_eq!(cancelled.request.sealed_args, None);
        assert_eq!(approvals.get(id).await, Ok(Some(cancelled)));
        let closed = Err(ApprovalError::Closed { state });
        assert_eq!(approvals.cancel(id, at(31)).await, closed);
        assert_eq!(
            approvals.vote(id, &vote("third", Ballot::Approve)).await,
            closed
        );
        assert_eq!(
            approvals.consume(&approval.request.binding, at(31)).await,
            Ok(None)
        );
    }
}

pub async fn requests_and_grants_survive_a_restart(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let pending = fresh(approvals, request("pending")).await;
    let approved = granted(approvals, request("approved")).await;
    let later = (subject.again)().await.approvals;
    assert_eq!(later.get(&pending.request.id).await, Ok(Some(pending)));
    let binding = approved.request.binding;
    assert!(later.consume(&binding, at(20)).await.unwrap().is_some());
    assert_eq!(approvals.consume(&binding, at(20)).await, Ok(None));
}

pub async fn approvals_are_filtered_and_paged(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    for n in 0..5 {
        let id = format!("a{n}");
        fresh(
            approvals,
            Request {
                created_at: at(n),
                ..request(&id)
            },
        )
        .await;
    }
    granted(approvals, request("granted")).await;
    let mut others = request("others");
    others.binding.requester.tenant = TenantId::new("other");
    others.binding.requester.principal = PrincipalId::new("bot");
    fresh(approvals, others).await;
    let all_of = async |filter: ApprovalFilter| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = approvals.list(&filter, after.as_ref(), 2).await.unwrap();
            assert!(page.items.len() <= 2);
            ids.extend(
                page.items
                    .into_iter()
                    .map(|item| item.request.id.to_string()),
            );
            after = page.next;
            if after.is_none() {
                return ids.join(" ");
            }
        }
    };
    let any = ApprovalFilter::default();
    assert_eq!(all_of(any.clone()).await, "a4 a3 a2 a1 others granted a0");
    let tenant = Some(TenantId::new("other"));
    assert_eq!(
        all_of(ApprovalFilter {
            tenant,
            ..any.clone()
        })
        .await,
        "others"
    );
    let requester = Some(PrincipalId::new("bot"));
    assert_eq!(
        all_of(ApprovalFilter {
            requester,
            ..any.clone()
        })
        .await,
        "others"
    );
    let state = Some(ApprovalState::Approved);
    assert_eq!(all_of(ApprovalFilter { state, ..any }).await, "granted");
    let with_votes = ApprovalFilter {
        state,
        ..ApprovalFilter::default()
    };
    let page = approvals.list(&with_votes, None, 10).await.unwrap();
    assert_eq!(page.items[0].votes.len(), 2);
}
