//! Promises of [`Checkpoints`](crate::Checkpoints).

use super::{
    Subject,
    sample::{at, tenant},
};
use crate::{Checkpoint, StoreError};

fn checkpoint(name: &str, size: u64) -> Checkpoint {
    Checkpoint {
        tenant: tenant(name),
        size,
        root: [size as u8; 32],
        note: format!("{name}\n{size}\nroot\n\n— key signature\n"),
        at: at(size as i64),
    }
}

pub async fn the_latest_covers_the_most(subject: &Subject) {
    let checkpoints = &*subject.store.checkpoints;
    let acme = tenant("acme");
    assert_eq!(checkpoints.latest(&acme).await, Ok(None));
    for size in [9, 10, 100] {
        checkpoints.add(&checkpoint("acme", size)).await.unwrap();
    }
    checkpoints.add(&checkpoint("other", 5)).await.unwrap();
    assert_eq!(
        checkpoints.latest(&acme).await,
        Ok(Some(checkpoint("acme", 100)))
    );
    let list = async |above, limit| {
        let list = checkpoints.list(&acme, above, limit).await.unwrap();
        list.iter()
            .map(|checkpoint| checkpoint.size)
            .collect::<Vec<_>>()
    };
    assert_eq!(list(0, 10).await, [9, 10, 100]);
    assert_eq!(list(9, 1).await, [10]);
    assert_eq!(list(100, 10).await, [0_u64; 0]);
}

pub async fn a_chain_never_shrinks(subject: &Subject) {
    let checkpoints = &*subject.store.checkpoints;
    checkpoints.add(&checkpoint("acme", 10)).await.unwrap();
    for size in [10, 9] {
        let refused = checkpoints.add(&checkpoint("acme", size)).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "{refused:?}"
        );
    }
    let latest = checkpoints.latest(&tenant("acme")).await;
    assert_eq!(latest, Ok(Some(checkpoint("acme", 10))));
    checkpoints.add(&checkpoint("other", 1)).await.unwrap();
}
