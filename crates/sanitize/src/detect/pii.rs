//! Personal data that can be told by its form: e-mail and IP addresses, IBANs, phone numbers, cards, US social security numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use iban::{BaseIban, IbanLike as _};

use super::{Match, Spot, numbers};

/// RFC 5321 §4.5.3.1.1
const LOCAL_BYTES_MAX: usize = 64;
/// What stands behind `@2x` and in names of files and packages.
const NO_TOP_LEVEL: [&str; 12] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "json", "html", "map",
];

/// Returns the e-mail address around the `@` at the spot.
pub(crate) fn email_at(spot: Spot<'_>) -> Option<Match> {
    let is_local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let local = &spot.before[spot.before.trim_end_matches(is_local).len()..];
    let local = local.trim_start_matches(['.', '-', '\'', '%']);
    let before = &spot.before[..spot.before.len() - local.len()];
    if local.is_empty()
        || local.len() > LOCAL_BYTES_MAX
        || before.ends_with(['@', '/', ':']) && !before.ends_with("mailto:") && is_address(before)
    {
        return None;
    }
    let domain = domain(&spot.ahead[1..])?;
    // `git@host:path` is an address of a repository.
    let behind = &spot.ahead[1 + domain.len()..];
    if local == "git" && behind.starts_with([':', '/']) {
        return None;
    }
    Some(Match {
        back: local.len(),
        ..Match::of("email", 1 + domain.len())
    })
}

/// Whether what stands before a local part makes it part of a URL or of a handle.
fn is_address(before: &str) -> bool {
    let word = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    word.ends_with('@') || word.contains("//")
}

/// The domain a text begins with: labels of letters, digits and hyphens, the last one of letters (RFC 1123 §2.1).
fn domain(text: &str) -> Option<&str> {
    let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let end = text.find(|c| !is_domain(c)).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    let (rest, top) = domain.rsplit_once('.')?;
    let is_label = |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-');
    let is_top = (2..=24).contains(&top.chars().count())
        && top.chars().all(char::is_alphabetic)
        && !NO_TOP_LEVEL.contains(&top.to_ascii_lowercase().as_str());
    (is_top && domain.len() <= 253 && rest.split('.').all(is_label)).then_some(domain)
}

/// Returns the number that begins with the digits at the spot, if it is somebody's.
pub(crate) fn number_at(spot: Spot<'_>, ip_addresses: bool) -> Option<Match> {
    let found = iban_at(spot).or_else(|| numbers::card_at(spot));
    let found = found.or_else(|| numbers::social_security_at(spot));
    let found = found.or_else(|| ip_addresses.then(|| ip_at(spot)).flatten());
    found.or_else(|| numbers::phone_at(spot))
}

/// ISO 13616, seen from the check digits: country, structure and check digits are right.
fn iban_at(spot: Spot<'_>) -> Option<Match> {
    let country_at = spot.before.len().checked_sub(2)?;
    let country = spot.before.get(country_at..)?;
    let is_start = !spot.before[..country_at].ends_with(|c: char| c.is_ascii_alphanumeric());
    if !is_start || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut compact = country.to_owned();
    let mut longest = None;
    for (at, byte) in spot.ahead.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'0'..=b'9' => compact.push(char::from(byte)),
            b' ' if at > 0 && compact.len() % 4 == 0 && !spot.ahead[..at].ends_with(' ') => {
                continue;
            }
            _ => break,
        }
        let is_end = !spot.ahead[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if compact.len() > 34 {
            break;
        }
        if is_end
            && compact.parse::<BaseIban>().is_ok_and(|base| {
                iban::Iban::try_from(base).is_ok_and(|iban| !iban.electronic_str().is_empty())
            })
        {
            longest = Some(at + 1);
        }
    }
    longest.map(|len| Match {
        back: 2,
        ..Match::of("iban", len)
    })
}

fn ip_at(spot: Spot<'_>) -> Option<Match> {
    if spot
        .before
        .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_'))
    {
        return None;
    }
    let is_ip = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    let end = spot.ahead.find(|c| !is_ip(c)).unwrap_or(spot.ahead.len());
    if spot.ahead[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
        return None;
    }
    let whole = spot.ahead[..end].trim_end_matches(['.', ':']);
    let is_v4 = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    let is_v6 = whole.matches(':').count() >= 3 && whole.parse::<Ipv6Addr>().is_ok();
    let address = match (is_v6, whole.split_once(':')) {
        (true, _) => whole,
        // A port may follow.
        (false, Some((host, _))) => host,
        (false, None) => whole,
    };
    (is_v6 || is_v4(address)).then_some(Match::of("ip_address", address.len()))
}
