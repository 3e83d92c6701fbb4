//! Promises of [`Approvals`] about what people say.

use wardgate_model::{ApprovalId, GroupName};

use super::{
    Subject,
    approvals::{fresh, granted},
    sample::{at, need, person, request, vote},
};
use crate::{Approval, ApprovalError, ApprovalState, Ballot, Request, StoreError, Vote};

pub async fn votes_count_by_group_and_start_the_second_clock(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let needs = vec![
        need("four-eyes", "finance-approvers", 2),
        need("privacy", "dpo", 1),
    ];
    let opened = fresh(
        approvals,
        Request {
            needs,
            ..request("a")
        },
    )
    .await;
    let id = opened.request.id.clone();
    let cast = [
        vote("lead", Ballot::Approve),
        Vote {
            reason: None,
            groups: vec![GroupName::new("dpo")],
            ..vote("dpo", Ballot::Approve)
        },
        Vote {
            at: at(40),
            ..vote("ops", Ballot::Approve)
        },
    ];
    let mut expected = opened;
    for vote in cast {
        assert_eq!(approvals.get(&id).await, Ok(Some(expected.clone())));
        expected.votes.push(vote.clone());
        if expected.votes.len() == 3 {
            expected.state = ApprovalState::Approved;
            expected.use_by = Some(at(340));
        }
        assert_eq!(approvals.vote(&id, &vote).await, Ok(expected.clone()));
    }
    assert_eq!(approvals.get(&id).await, Ok(Some(expected)));
}

pub async fn one_deny_kills(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let opened = fresh(approvals, request("a")).await;
    let id = &opened.request.id;
    approvals
        .vote(id, &vote("lead", Ballot::Approve))
        .await
        .unwrap();
    let denied = approvals
        .vote(id, &vote("ops", Ballot::Deny))
        .await
        .unwrap();
    assert_eq!(
        (denied.state, denied.closed_at),
        (ApprovalState::Denied, Some(at(10)))
    );
    let state = ApprovalState::Denied;
    let late = approvals.vote(id, &vote("third", Ballot::Approve)).await;
    assert_eq!(late, Err(ApprovalError::Closed { state }));
    assert_eq!(
        approvals.consume(&opened.request.binding, at(20)).await,
        Ok(None)
    );
}

/// Casts a vote that must be refused, and sees that nothing came of it.
async fn refused(subject: &Subject, approval: &Approval, vote: Vote) -> ApprovalError {
    let approvals = &*subject.store.approvals;
    let refused = approvals
        .vote(&approval.request.id, &vote)
        .await
        .unwrap_err();
    assert_eq!(
        approvals.get(&approval.request.id).await,
        Ok(Some(approval.clone()))
    );
    refused
}

pub async fn nobody_decides_on_their_own_request(subject: &Subject) {
    let opened = fresh(&*subject.store.approvals, request("a")).await;
    for ballot in [Ballot::Approve, Ballot::Deny] {
        let account = Vote {
            person: person("other"),
            ..vote("caller", ballot)
        };
        let human = Vote {
            person: person("caller"),
            ..vote("service-account", ballot)
        };
        for own in [vote("caller", ballot), account, human] {
            assert_eq!(refused(subject, &opened, own).await, ApprovalError::Own);
        }
    }
}

pub async fn one_person_votes_once_whatever_the_account(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let opened = fresh(approvals, request("a")).await;
    let once = approvals
        .vote(&opened.request.id, &vote("lead", Ballot::Approve))
        .await
        .unwrap();
    let by_key = Vote {
        person: person("lead"),
        ..vote("leads-key", Ballot::Approve)
    };
    let as_another = Vote {
        person: person("another"),
        ..vote("lead", Ballot::Deny)
    };
    for again in [vote("lead", Ballot::Approve), by_key, as_another] {
        assert_eq!(refused(subject, &once, again).await, ApprovalError::Twice);
    }
}

pub async fn of_one_persons_racing_votes_one_counts(subject: &Subject) {
    let opened = fresh(&*subject.store.approvals, request("a")).await;
    let said = subject
        .race((0..20).map(|_| {
            let approvals = subject.store.approvals.clone();
            let id = opened.request.id.clone();
            async move { approvals.vote(&id, &vote("lead", Ballot::Approve)).await }
        }))
        .await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 1);
    let found = subject
        .store
        .approvals
        .get(&opened.request.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.state, found.votes.len()),
        (ApprovalState::Pending, 1)
    );
}

pub async fn who_is_in_no_group_has_no_say(subject: &Subject) {
    let opened = fresh(&*subject.store.approvals, request("a")).await;
    for ballot in [Ballot::Approve, Ballot::Deny] {
        let groups = vec![GroupName::new("staff")];
        let outsider = Vote {
            groups,
            ..vote("outsider", ballot)
        };
        assert_eq!(
            refused(subject, &opened, outsider).await,
            ApprovalError::NoSay
        );
    }
}

pub async fn a_late_vote_is_refused(subject: &Subject) {
    let opened = fresh(&*subject.store.approvals, request("a")).await;
    let late = Vote {
        at: at(600),
        ..vote("lead", Ballot::Approve)
    };
    let state = ApprovalState::Expired;
    assert_eq!(
        refused(subject, &opened, late).await,
        ApprovalError::Closed { state }
    );
    let granted = granted(&*subject.store.approvals, request("b")).await;
    let state = ApprovalState::Approved;
    let third = vote("third", Ballot::Deny);
    assert_eq!(
        refused(subject, &granted, third).await,
        ApprovalError::Closed { state }
    );
}

pub async fn what_nobody_asked_for_cannot_be_voted_on(subject: &Subject) {
    let approvals = &*subject.store.approvals;
    let unknown = ApprovalId::new("unknown");
    let missing = ApprovalError::Store(StoreError::NotFound { what: "approval" });
    let voted = approvals
        .vote(&unknown, &vote("lead", Ballot::Approve))
        .await;
    assert_eq!(voted, Err(missing.clone()));
    assert_eq!(approvals.cancel(&unknown, at(1)).await, Err(missing));
}
