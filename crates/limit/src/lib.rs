//! Limits: rates, concurrency and budgets over a clock passed in. Pure: no clock, no runtime, no file.
//!
//! A call meets its limits twice. [`Limits::admit`] comes before the tool is known and gives a [`Slot`];
//! [`Limits::reserve`] comes before dispatch, charges an estimate and gives a [`Reservation`] that is settled at the end.
//! Start reading at `limits.rs`; `meter.rs` and its two kinds, `sliding.rs` and `calendar.rs`, do the counting. One process
//! counts alone here: sharing counters among replicas is another crate's work.

mod calendar;
mod claim;
mod compile;
mod counter;
mod facts;
mod header;
mod key;
mod limits;
mod meter;
mod moment;
mod pace;
mod refusal;
mod reservation;
mod rule;
mod simulate;
mod sliding;
mod slot;
mod standing;
mod table;
mod tokens;
mod usage;

pub use compile::Rules;
pub use facts::{Dimension, Facts, Spend};
pub use header::{rate_limit, rate_limit_policy, retry_after_seconds};
pub use key::{Key, KeyValues};
pub use limits::{KEYS_MAX_DEFAULT, Limits};
pub use moment::Moment;
pub use refusal::{Refusal, Warning};
pub use reservation::Reservation;
pub use rule::{Rule, RuleFault, Share, Window};
pub use simulate::{Event, Refused, Report, simulate};
pub use slot::Slot;
pub use standing::Standing;
pub use tokens::estimated_tokens;
pub use usage::{Span, Usage, UsageEntry, Used};
