//! Secrets that can be told by their form: a table of key formats, JSON Web Tokens and private keys.
//!
//! Every format is a prefix, an alphabet and a length, as its issuer documents it. Secrets without a form of their own
//! are found by the words around them (`context.rs`), passwords in addresses in `urls.rs`.

use super::{Match, Spot, Tail, entropy};

/// The alphabets keys are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `A-Z 0-9`
    Upper,
    /// `a-z 0-9`
    Lower,
    /// `0-9 a-f`
    Hex,
    Alnum,
    /// Letters, digits, `_ -`
    Word,
    /// Letters, digits, `_ - .`
    Dotted,
    /// Letters, digits, `+ / =`
    Base64,
}

impl Class {
    pub(crate) fn holds(self, byte: u8) -> bool {
        match self {
            Class::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Class::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Class::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Class::Alnum => byte.is_ascii_alphanumeric(),
            Class::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Class::Dotted => Class::Word.holds(byte) || byte == b'.',
            Class::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        }
    }

    pub(crate) fn run(self, text: &str) -> usize {
        text.bytes().take_while(|byte| self.holds(*byte)).count()
    }
}

/// How long the part behind a prefix is, in bytes.
#[derive(Clone, Copy)]
enum Len {
    Is(usize),
    AtLeast(usize),
    /// At least so long, and letters of both cases and digits in it: the prefix alone says little.
    Mixed(usize),
}

pub(crate) struct Format {
    pub(crate) kind: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) class: Class,
    len: Len,
}

const fn format(kind: &'static str, prefix: &'static str, class: Class, len: Len) -> Format {
    Format {
        kind,
        prefix,
        class,
        len,
    }
}

use Class::{Alnum, Base64, Dotted, Hex, Lower, Upper, Word};
use Len::{AtLeast, Is, Mixed};

/// Longer prefixes of one issuer stand before shorter ones.
pub(crate) const FORMATS: &[Format] = &[
    format("aws_access_key", "AKIA", Upper, Is(16)),
    format("aws_access_key", "ASIA", Upper, Is(16)),
    format("aws_access_key", "ABIA", Upper, Is(16)),
    format("aws_access_key", "ACCA", Upper, Is(16)),
    format("github_token", "ghp_", Alnum, AtLeast(36)),
    format("github_token", "gho_", Alnum, AtLeast(36)),
    format("github_token", "ghu_", Alnum, AtLeast(36)),
    format("github_token", "ghs_", Dotted, AtLeast(36)),
    format("github_token", "ghr_", Alnum, AtLeast(36)),
    format("github_token", "github_pat_", Word, AtLeast(40)),
    format("gitlab_token", "glpat-", Dotted, AtLeast(20)),
    format("gitlab_token", "gldt-", Word, AtLeast(20)),
    format("gitlab_token", "glrt-", Dotted, AtLeast(20)),
    format("gitlab_token", "glptt-", Word, AtLeast(40)),
    format("gitlab_token", "glcbt-", Word, AtLeast(20)),
    format("slack_token", "xoxb-", Word, AtLeast(20)),
    format("slack_token", "xoxp-", Word, AtLeast(20)),
    format("slack_token", "xoxa-", Word, AtLeast(20)),
    format("slack_token", "xoxr-", Word, AtLeast(20)),
    format("slack_token", "xoxs-", Word, AtLeast(20)),
    format("slack_token", "xoxe.xox", Dotted, AtLeast(20)),
    format("slack_token", "xapp-", Word, AtLeast(30)),
    format(
        "slack_webhook",
        "hooks.slack.com/services/",
        Base64,
        AtLeast(30),
    ),
    format("stripe_key", "sk_live_", Alnum, AtLeast(16)),
    format("stripe_key", "sk_test_", Alnum, AtLeast(16)),
    format("stripe_key", "rk_live_", Alnum, AtLeast(16)),
    format("stripe_key", "rk_test_", Alnum, AtLeast(16)),
    format("stripe_key", "whsec_", Base64, AtLeast(24)),
    format("google_api_key", "AIza", Word, Is(35)),
    format("google_oauth", "ya29.", Dotted, AtLeast(30)),
    format("google_oauth", "GOCSPX-", Word, AtLeast(24)),
    format("anthropic_key", "sk-ant-", Word, AtLeast(32)),
    format("openai_key", "sk-proj-", Word, AtLeast(32)),
    format("openai_key", "sk-svcacct-", Word, AtLeast(32)),
    format("openrouter_key", "sk-or-v1-", Hex, AtLeast(32)),
    format("openai_key", "sk-", Word, Mixed(20)),
    format("groq_key", "gsk_", Alnum, AtLeast(40)),
    format("xai_key", "xai-", Alnum, AtLeast(40)),
    format("huggingface_token", "hf_", Alnum, AtLeast(30)),
    format("replicate_token", "r8_", Alnum, AtLeast(30)),
    format("perplexity_key", "pplx-", Alnum, AtLeast(32)),
    format("npm_token", "npm_", Alnum, Is(36)),
    format("pypi_token", "pypi-AgE", Word, AtLeast(40)),
    format("rubygems_key", "rubygems_", Hex, Is(48)),
    format("docker_token", "dckr_pat_", Word, AtLeast(24)),
    format("azure_storage_key", "AccountKey=", Base64, AtLeast(40)),
    format("azure_sas", "SharedAccessKey=", Base64, AtLeast(40)),
    format("sendgrid_key", "SG.", Dotted, Is(66)),
    format("twilio_key", "SK", Hex, Is(32)),
    format("mailgun_key", "key-", Hex, Is(32)),
    format("shopify_token", "shpat_", Hex, Is(32)),
    format("shopify_token", "shpss_", Hex, Is(32)),
    format("digitalocean_token", "dop_v1_", Hex, Is(64)),
    format("doppler_token", "dp.pt.", Alnum, AtLeast(40)),
    format("vault_token", "hvs.", Word, AtLeast(24)),
    format("vault_token", "hvb.", Word, AtLeast(24)),
    format("databricks_token", "dapi", Hex, Is(32)),
    format("grafana_token", "glsa_", Word, AtLeast(32)),
    format("grafana_token", "glc_", Base64, AtLeast(32)),
    format("linear_key", "lin_api_", Alnum, AtLeast(32)),
    format("notion_token", "ntn_", Alnum, AtLeast(40)),
    format("atlassian_token", "ATATT3", Word, AtLeast(60)),
    format("newrelic_key", "NRAK-", Upper, Is(27)),
    format("sentry_token", "sntrys_", Base64, AtLeast(40)),
    format("supabase_token", "sbp_", Hex, Is(40)),
    format("figma_token", "figd_", Word, AtLeast(32)),
    format("postman_key", "PMAK-", Word, AtLeast(50)),
    format("planetscale_token", "pscale_tkn_", Dotted, AtLeast(32)),
    format("heroku_key", "HRKU-", Word, AtLeast(36)),
    format("square_token", "EAAA", Word, Is(60)),
    format("square_token", "sq0csp-", Word, AtLeast(40)),
    format("age_key", "AGE-SECRET-KEY-1", Upper, Is(58)),
    format("airtable_token", "pat", Dotted, Is(79)),
    format("fly_token", "fo1_", Word, Is(43)),
    format("wardgate_key", "wg_", Lower, AtLeast(40)),
];

/// Returns the key of this format that begins at the spot.
pub(crate) fn format_at(spot: Spot<'_>, format: &Format) -> Option<Match> {
    let body = spot.ahead.strip_prefix(format.prefix)?;
    // A key format inside a longer word is part of that word; behind a slash it may well be a path's last part.
    if !spot.is_word_start() {
        return None;
    }
    let run = format.class.run(body);
    let open = Match {
        tail: Tail::Run(format.class),
        ..Match::of(format.kind, format.prefix.len() + run)
    };
    match format.len {
        Is(len) => (run == len && has_shape(format, body)).then_some(Match {
            tail: Tail::None,
            ..open
        }),
        AtLeast(len) => (run >= len).then_some(open),
        Mixed(len) => (run >= len && entropy::is_mixed(&body[..run])).then_some(open),
    }
}

/// What two formats have besides alphabet and length: dots at their places.
fn has_shape(format: &Format, body: &str) -> bool {
    match format.kind {
        "sendgrid_key" => body.as_bytes().get(22) == Some(&b'.'),
        "airtable_token" => body.as_bytes().get(14) == Some(&b'.'),
        _ => true,
    }
}

/// The longest first part of a token.
const JWT_HEADER_MAX: usize = 400;

/// RFC 7519 §3: a header and a payload, both JSON objects in Base64url, hence both beginning `eyJ`.
pub(crate) fn jwt_at(spot: Spot<'_>) -> Option<Match> {
    if !spot.is_word_start() || !spot.ahead.starts_with("eyJ") {
        return None;
    }
    let header = Word.run(spot.ahead);
    if !(10..=JWT_HEADER_MAX).contains(&header) {
        return None;
    }
    let payload = spot.ahead[header..].strip_prefix('.')?;
    // RFC 7516: an encrypted token has a key in the second place, which may be empty.
    let is_signed = payload.starts_with("eyJ") && Word.run(payload) >= 8;
    let is_encrypted = payload.starts_with('.') || Dotted.run(payload) >= 100;
    (is_signed || is_encrypted).then_some(Match {
        tail: Tail::Run(Dotted),
        ..Match::of("jwt", header + 1)
    })
}

const BEGIN: &str = "-----BEGIN ";

/// RFC 7468 §10 and its older kin: the mark of a private key, seen from its last two words.
pub(crate) fn pem_at(spot: Spot<'_>) -> Option<Match> {
    let rest = spot.ahead.strip_prefix("PRIVATE KEY")?;
    let mark = rest.strip_prefix(" BLOCK").unwrap_or(rest);
    if !begins_key(mark.strip_prefix("-----")?) {
        return None;
    }
    let begin = spot.before.rfind(BEGIN)?;
    let algorithm = &spot.before[begin + BEGIN.len()..];
    let is_algorithm =
        algorithm.len() <= 24 && algorithm.bytes().all(|b| Upper.holds(b) || b == b' ');
    is_algorithm.then_some(Match {
        back: spot.before.len() - begin,
        tail: Tail::Pem,
        ..Match::of("private_key", spot.ahead.len() - mark.len() + 5)
    })
}

/// Whether a key's lines follow, or the headers some have (RFC 1421 §4.6, RFC 4880 §6.2). Line ends may be escaped twice.
fn begins_key(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    let text = ["r\\n", "n"]
        .iter()
        .find_map(|end| text.strip_prefix(end))
        .unwrap_or(text);
    let headers = ["Proc-Type:", "Version:", "Comment:"];
    Base64.run(text) >= 16 || headers.iter().any(|header| text.starts_with(header))
}

/// The longest label of an end mark.
const LABEL_BYTES_MAX: usize = 48;

/// How far the private key that `text` goes on with reaches, seen up to `limit`; and whether it ends there. Only its end
/// mark is read beyond the limit.
pub(crate) fn pem_tail(text: &str, limit: usize) -> (usize, bool) {
    const END: &str = "-----END ";
    let is_key = |byte: u8| {
        Base64.holds(byte)
            || byte.is_ascii_whitespace()
            || matches!(byte, b'-' | b':' | b',' | b'\\' | b'"')
    };
    for (at, byte) in text.bytes().enumerate().take(limit) {
        if byte == b'-' && text[at..].starts_with(END) {
            let label = &text.as_bytes()[at + END.len()..];
            let label = &label[..label.len().min(LABEL_BYTES_MAX)];
            let close = label.windows(5).position(|window| window == b"-----");
            return (at + END.len() + close.map_or(0, |close| close + 5), true);
        }
        if !is_key(byte) {
            return (at, true);
        }
    }
    (limit.min(text.len()), false)
}
