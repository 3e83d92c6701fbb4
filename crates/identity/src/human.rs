//! Which person is behind a principal, for rules that ask for a second one (four eyes).
//!
//! One person has several names: an e-mail address in two spellings, an API key, a bot they run. Two names that might be one
//! person's count as one: the price of a mistake is another approver, not an approval of one's own request.

use std::collections::HashMap;

use wardgate_model::{Caller, PrincipalId, TenantId, Via};

/// A person within a tenant. Equal means: not a second pair of eyes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Human {
    tenant: TenantId,
    name: String,
}

/// The names of one tenant's people.
#[derive(Clone, Debug)]
pub struct Aliases {
    tenant: TenantId,
    /// Alias → person, both normalised.
    persons: HashMap<String, String>,
}

/// A name that the table gives to two people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` stands for two people")]
pub struct AliasClash(pub String);

impl Aliases {
    /// Takes pairs of a person and one of their other names: an e-mail address, a principal, or `key:` and the id of an API key.
    ///
    /// # Errors
    /// [`AliasClash`] when an alias belongs to two people, or is itself a person with aliases.
    pub fn new<'a>(
        tenant: TenantId,
        table: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Aliases, AliasClash> {
        let mut persons: HashMap<String, String> = HashMap::new();
        for (person, alias) in table {
            let (person, alias) = (normal(person), normal(alias));
            if alias == person {
                continue;
            }
            let before = persons.insert(alias.clone(), person.clone());
            if before.is_some_and(|before| before != person) {
                return Err(AliasClash(alias));
            }
        }
        match persons
            .values()
            .find(|person| persons.contains_key(*person))
        {
            Some(person) => Err(AliasClash(person.clone())),
            None => Ok(Aliases { tenant, persons }),
        }
    }

    /// Returns the person behind a caller: of their API key, if that has one, else of their principal.
    pub fn behind(&self, caller: &Caller) -> Human {
        let of_key = match (caller.via, &caller.credential) {
            (Via::ApiKey, Some(key)) => self.persons.get(&normal(&format!("key:{key}"))),
            _ => None,
        };
        match of_key {
            Some(person) => self.human(person.clone()),
            None => self.named(&caller.principal),
        }
    }

    /// Returns the person a principal is.
    pub fn named(&self, principal: &PrincipalId) -> Human {
        let name = normal(principal.as_str());
        self.human(self.persons.get(&name).cloned().unwrap_or(name))
    }

    fn human(&self, name: String) -> Human {
        Human {
            tenant: self.tenant.clone(),
            name,
        }
    }
}

impl Human {
    /// The normalised name, as an approval keeps it.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// Case and surrounding space never make a second person.
fn normal(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use wardgate_model::{Caller, CredentialId, PrincipalId, PrincipalKind, TenantId, Via};

    use super::{AliasClash, Aliases};

    fn aliases(table: &[(&str, &str)]) -> Result<Aliases, AliasClash> {
        Aliases::new(TenantId::new("acme"), table.iter().copied())
    }

    fn caller(principal: &str, via: Via, credential: &str) -> Caller {
        Caller {
            tenant: TenantId::new("acme"),
            principal: PrincipalId::new(principal),
            kind: PrincipalKind::User,
            groups: [].into(),
            scopes: [].into(),
            via,
            credential: Some(CredentialId::new(credential)),
        }
    }

    #[test]
    fn one_person_under_several_names_is_one() {
        let people = aliases(&[
            ("lena@acme.test", "Lena.Ott@acme.test"),
            ("lena@acme.test", "ops-bot"),
            ("lena@acme.test", "key:k7"),
        ])
        .unwrap();
        let lena = people.named(&PrincipalId::new("lena@acme.test"));
        for name in [
            "LENA@acme.test",
            " lena@ACME.test",
            "lena.ott@acme.test",
            "Ops-Bot",
        ] {
            assert_eq!(people.named(&PrincipalId::new(name)), lena, "{name}");
        }
        assert_eq!(people.behind(&caller("deploy", Via::ApiKey, "k7")), lena);
        assert_eq!(people.behind(&caller("ops-bot", Via::ApiKey, "k8")), lena);
        // What an issuer calls itself is no key.
        assert_ne!(people.behind(&caller("deploy", Via::Jwt, "k7")), lena);
        assert_ne!(people.named(&PrincipalId::new("lena@acme.test.evil")), lena);
        assert_ne!(people.named(&PrincipalId::new("omar@acme.test")), lena);
    }

    #[test]
    fn people_of_two_tenants_are_two() {
        let there = Aliases::new(TenantId::new("globex"), []).unwrap();
        let name = PrincipalId::new("lena");
        assert_ne!(aliases(&[]).unwrap().named(&name), there.named(&name));
    }

    #[test]
    fn an_alias_of_two_people_is_refused() {
        let clash = |table: &[(&str, &str)]| aliases(table).err().map(|clash| clash.0);
        assert_eq!(clash(&[("a", "bot"), ("b", "BOT")]).as_deref(), Some("bot"));
        assert_eq!(clash(&[("a", "b"), ("b", "c")]).as_deref(), Some("b"));
        assert_eq!(clash(&[("a", "bot"), ("a", "bot"), ("a", "A")]), None);
    }
}
