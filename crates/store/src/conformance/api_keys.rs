//! Promises of [`ApiKeys`].

use wardgate_model::CredentialId;

use super::{
    Subject,
    sample::{api_key, at, person, tenant},
};
use crate::{ApiKey, ApiKeys, StoreError};

async fn stored(keys: &dyn ApiKeys, key: ApiKey) -> ApiKey {
    keys.create(&key).await.unwrap();
    key
}

pub async fn a_key_is_found_by_its_public_id(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    let all = ApiKey {
        toolsets: None,
        groups: Vec::new(),
        expires_at: None,
        revoked_at: Some(at(5)),
        revoked_by: Some(person("admin")),
        last_used: Some(at(6)),
        ..api_key("all")
    };
    let none = ApiKey {
        toolsets: Some(Vec::new()),
        ..api_key("none")
    };
    for key in [api_key("a"), all, none] {
        let key = stored(keys, key).await;
        assert_eq!(keys.by_id(&key.id).await, Ok(Some(key)));
    }
    assert_eq!(keys.by_id(&CredentialId::new("b")).await, Ok(None));
}

pub async fn an_id_is_taken_once(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    let first = stored(keys, api_key("a")).await;
    let second = ApiKey {
        tenant: tenant("other"),
        ..api_key("a")
    };
    let refused = keys.create(&second).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Conflict { .. }),
        "{refused:?}"
    );
    assert_eq!(keys.by_id(&first.id).await, Ok(Some(first)));
}

pub async fn an_id_is_data_and_nothing_else(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    stored(keys, api_key("a")).await;
    let long = "k".repeat(10_000);
    for id in ["%", "_", "' OR '1'='1", "a\0", "A", "", &long] {
        assert_eq!(keys.by_id(&CredentialId::new(id)).await, Ok(None), "{id:?}");
    }
}

pub async fn keys_are_listed_by_tenant_newest_first(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    for (id, second) in [("a", 1), ("b", 3), ("c", 3), ("d", 2)] {
        let created_at = at(second);
        stored(
            keys,
            ApiKey {
                created_at,
                ..api_key(id)
            },
        )
        .await;
    }
    let tenant_of = tenant("other");
    stored(
        keys,
        ApiKey {
            tenant: tenant_of,
            ..api_key("e")
        },
    )
    .await;
    let acme = tenant("acme");
    let first = keys.list(Some(&acme), None, 3).await.unwrap();
    let second = keys
        .list(Some(&acme), first.next.as_ref(), 3)
        .await
        .unwrap();
    let ids = |keys: &[ApiKey]| {
        keys.iter()
            .map(|key| key.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&first.items), ["c", "b", "d"]);
    assert_eq!(
        (ids(&second.items), second.next),
        (vec!["a".to_owned()], None)
    );
    let all = keys.list(None, None, 9).await.unwrap();
    assert_eq!(all.items.len(), 5);
}

pub async fn revoking_is_for_good_and_keeps_the_first_moment(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    let key = stored(keys, api_key("a")).await;
    let revoke = async |name: &str, second| {
        let by = person(name);
        keys.revoke(&key.tenant, &key.id, &by, at(second))
            .await
            .unwrap()
    };
    let first = revoke("admin", 5).await;
    assert_eq!(
        (first.revoked_at, first.revoked_by.clone()),
        (Some(at(5)), Some(person("admin")))
    );
    assert_eq!(revoke("somebody", 9).await, first);
    assert_eq!(keys.by_id(&key.id).await, Ok(Some(first)));
}

pub async fn another_tenants_key_is_not_there_to_revoke(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    let key = stored(keys, api_key("a")).await;
    let revoked = keys
        .revoke(&tenant("other"), &key.id, &person("x"), at(1))
        .await;
    assert_eq!(revoked, Err(StoreError::NotFound { what: "API key" }));
    assert_eq!(keys.by_id(&key.id).await, Ok(Some(key)));
}

pub async fn a_revoked_key_is_revoked_for_every_replica(subject: &Subject) {
    let key = stored(&*subject.store.api_keys, api_key("a")).await;
    let other = (subject.again)().await.api_keys;
    assert_eq!(other.by_id(&key.id).await, Ok(Some(key.clone())));
    let by = person("admin");
    let revoked = subject
        .store
        .api_keys
        .revoke(&key.tenant, &key.id, &by, at(1))
        .await;
    assert_eq!(other.by_id(&key.id).await.map(Option::unwrap), revoked);
}

pub async fn last_use_never_moves_back(subject: &Subject) {
    let keys = &*subject.store.api_keys;
    let key = stored(keys, api_key("a")).await;
    let other = stored(keys, api_key("b")).await;
    let unknown = CredentialId::new("unknown");
    for (second, expected) in [(7, 7), (3, 7), (9, 9)] {
        let used = [(unknown.clone(), at(99)), (key.id.clone(), at(second))];
        keys.touch(&used).await.unwrap();
        let found = keys.by_id(&key.id).await.unwrap().unwrap();
        assert_eq!(found.last_used, Some(at(expected)));
    }
    assert_eq!(keys.by_id(&other.id).await, Ok(Some(other)));
}
