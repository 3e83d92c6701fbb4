//! Whether the time of a comparison tells a known key id from an unknown one, or a nearly right secret from a wrong one.
//!
//! A measurement, not a test: it prints Welch's t of two interleaved classes. Beyond 4.5 the classes can be told apart. Run it on
//! a quiet machine: `cargo bench -p wardgate-identity --bench key_timing`.

use std::{
    hint::black_box,
    time::{Instant, SystemTime},
};

use wardgate_identity::{ApiKey, InstallKey, KeyRecord};
use wardgate_model::{PrincipalId, PrincipalKind, TenantId};

const ROUNDS: usize = 1_000_000;

fn main() {
    let secret: Vec<u8> = (0..32).collect();
    let install = InstallKey::new(&secret).expect("varied enough");
    let known = ApiKey::mint(&[1; ApiKey::RANDOM_BYTES]);
    let mut random = [1; ApiKey::RANDOM_BYTES];
    random[ApiKey::RANDOM_BYTES - 1] = 2;
    let nearly = ApiKey::mint(&random);
    let record = KeyRecord {
        id: known.id().clone(),
        hash: install.hash(&known),
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new("bot"),
        kind: PrincipalKind::Service,
        groups: [].into(),
        scopes: [].into(),
        expires_at: None,
        revoked_at: None,
    };
    let now = SystemTime::UNIX_EPOCH;
    let far = ApiKey::mint(&{
        let mut far = [9; ApiKey::RANDOM_BYTES];
        far[..10].fill(1);
        far
    });
    compare(
        "unknown id against wrong secret",
        || install.verify(&nearly, None, now).is_ok(),
        || install.verify(&nearly, Some(&record), now).is_ok(),
    );
    compare(
        "nearly right against wholly wrong secret",
        || install.verify(&nearly, Some(&record), now).is_ok(),
        || install.verify(&far, Some(&record), now).is_ok(),
    );
}

fn compare(what: &str, one: impl Fn() -> bool, other: impl Fn() -> bool) {
    let mut classes = [Class::default(), Class::default()];
    for _ in 0..ROUNDS / 2 {
        // Each class goes first as often as the other.
        classes[0].add(time(&one));
        classes[1].add(time(&other));
        classes[1].add(time(&other));
        classes[0].add(time(&one));
    }
    let [one, other] = classes;
    let t = (one.mean - other.mean) / (one.error() + other.error()).sqrt();
    println!(
        "{what}: {:.1} ns and {:.1} ns, |t| = {:.2}",
        one.mean,
        other.mean,
        t.abs()
    );
}

fn time(work: &impl Fn() -> bool) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_nanos() as f64
}

/// Mean and variance as they come (Welford), without what the scheduler did.
#[derive(Default)]
struct Class {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Class {
    fn add(&mut self, nanoseconds: f64) {
        if nanoseconds > 20_000.0 {
            return;
        }
        self.count += 1.0;
        let away = nanoseconds - self.mean;
        self.mean += away / self.count;
        self.squares += away * (nanoseconds - self.mean);
    }

    /// The squared standard error of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}
