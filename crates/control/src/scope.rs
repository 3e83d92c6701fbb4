//! Whose things a list holds: what was asked for, within what may be seen.

use wardgate_model::{Reach, TenantId};

/// Returns the tenant to list, `None` within for all; `None` when the one asked for is out of reach, and so does not exist.
pub fn tenant<'a>(reach: &'a Reach, asked: Option<&'a TenantId>) -> Option<Option<&'a TenantId>> {
    match (reach, asked) {
        (Reach::Everywhere, asked) => Some(asked),
        (Reach::Tenant(own), None) => Some(Some(own)),
        (Reach::Tenant(own), Some(asked)) => (own == asked).then_some(Some(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lists_what_is_out_of_reach() {
        let (acme, globex) = (TenantId::new("acme"), TenantId::new("globex"));
        let own = Reach::Tenant(acme.clone());
        assert_eq!(tenant(&Reach::Everywhere, None), Some(None));
        assert_eq!(tenant(&Reach::Everywhere, Some(&acme)), Some(Some(&acme)));
        assert_eq!(tenant(&own, None), Some(Some(&acme)));
        assert_eq!(tenant(&own, Some(&acme)), Some(Some(&acme)));
        assert_eq!(tenant(&own, Some(&globex)), None);
    }
}
