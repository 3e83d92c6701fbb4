//! The spelling of names that become part of addresses, records and exposed tool names.

/// Says whether `name` may name a server: `payments` or `com.acme/payments`.
pub fn is_server_name(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    name.len() <= 200 && name.split('/').count() <= 2 && name.split('/').all(part)
}

/// Says whether `alias` can stand before `__` in an exposed tool name and be found again.
pub fn is_alias(alias: &str) -> bool {
    let plain = alias
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    !alias.is_empty()
        && alias.len() <= 64
        && plain
        && !alias.contains("__")
        && !alias.starts_with('_')
        && !alias.ends_with('_')
}

/// Says whether `name` can name a tenant, in a config or as a developer who acts as one of its principals.
pub fn is_tenant_name(name: &str) -> bool {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'));
    !name.is_empty() && name.len() <= 128 && plain
}

/// Says whether `name` can be a path segment of `/mcp/{name}`.
pub fn is_toolset_name(name: &str) -> bool {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    !name.is_empty()
        && name.len() <= 64
        && plain
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns the alias a server has when it is given none: the last part of its name, without what an alias may not hold.
pub fn alias_of(server: &str) -> String {
    let last = server.rsplit('/').next().unwrap_or(server);
    let mut alias = String::new();
    for c in last.chars() {
        let c = if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        };
        if c != '_' || !(alias.is_empty() || alias.ends_with('_')) {
            alias.push(c);
        }
    }
    alias.trim_end_matches('_').chars().take(64).collect()
}

/// Says whether `name` is an HTTP token (RFC 9110 §5.6.2), as header names are.
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Says whether `name` can name an environment variable.
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_come_from_the_last_part() {
        for (server, alias) in [
            ("com.acme/payments", "payments"),
            ("time", "time"),
            ("io.github/My.Server__x", "My_Server_x"),
            ("a/_b_", "b"),
        ] {
            assert_eq!(alias_of(server), alias);
            assert!(is_alias(alias));
        }
    }

    #[test]
    fn names_keep_to_their_alphabet() {
        assert!(is_server_name("com.acme/payments"));
        for wrong in ["", "/x", "a/b/c", "a b", "a/", ".a"] {
            assert!(!is_server_name(wrong), "{wrong}");
        }
        for wrong in ["", "a__b", "_a", "a_", "a/b", "a.b"] {
            assert!(!is_alias(wrong), "{wrong}");
        }
    }
}
