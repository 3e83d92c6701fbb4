//! Any sequence of calls, against a model that remembers everything.

use std::time::Duration;

use proptest::prelude::*;
use wardgate_limit::{Dimension, Reservation, Rule, Slot};

use crate::world::*;

const CALLS: u64 = 5;
const BURST: u64 = 3;
const PLACES: usize = 3;
const TOKENS: u64 = 100;
const TOOL_CALLS: u64 = 4;
const TOKEN_WINDOW: Duration = Duration::from_secs(2);
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Admit(usize),
    Leave(usize),
    Return(usize),
    End(usize),
    Reserve(usize, u64),
    Settle(usize, u64),
    GiveBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..700u64).prop_map(Step::Pass),
        6 => (0..2usize).prop_map(Step::Admit),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => any::<usize>().prop_map(Step::Return),
        4 => any::<usize>().prop_map(Step::End),
        4 => ((0..2usize), (0..70u64)).prop_map(|(who, tokens)| Step::Reserve(who, tokens)),
        3 => (any::<usize>(), (0..90u64)).prop_map(|(call, tokens)| Step::Settle(call, tokens)),
        1 => any::<usize>().prop_map(Step::GiveBack),
    ]
}

fn declared() -> [Rule; 4] {
    [
        Rule {
            key: BY_PRINCIPAL,
            calls: Some(CALLS),
            burst: Some(BURST),
            per: Some(SECOND),
            ..rule("floor")
        },
        Rule {
            key: BY_TENANT,
            concurrency: Some(PLACES as u64),
            ..rule("places")
        },
        Rule {
            key: BY_TENANT,
            tokens: Some(TOKENS),
            per: Some(wardgate_limit::Window::Sliding(TOKEN_WINDOW)),
            ..rule("tokens")
        },
        Rule {
            key: BY_TOOL,
            calls: Some(TOOL_CALLS),
            per: Some(SECOND),
            ..rule("tool")
        },
    ]
}

/// When something was taken, and how much.
type Log = Vec<(Duration, u64)>;

fn within(log: &Log, now: Duration, window: Duration) -> u64 {
    let counts = |(at, _): &&(Duration, u64)| *at + window > now;
    log.iter().filter(counts).map(|(_, amount)| amount).sum()
}

/// What the limits may still count though it has left the window.
fn at_most_within(log: &Log, now: Duration, window: Duration) -> u64 {
    within(log, now, window + window / 128)
}

#[derive(Default)]
struct Model {
    admitted: [Log; 2],
    tokens: Log,
    tool_calls: Log,
    slots: Vec<(Slot, bool)>,
    reservations: Vec<(Reservation, Duration, u64)>,
}

impl Model {
    fn held(&self) -> usize {
        self.slots.iter().filter(|(_, held)| *held).count()
    }

    fn admit(&mut self, world: &World, caller: usize) {
        let now = world.moment.now;
        let used = within(&self.admitted[caller], now, WINDOW);
        match world.admit(&callers()[caller]) {
            Ok(slot) => {
                assert!(used < CALLS && self.held() < PLACES);
                self.admitted[caller].push((now, 1));
                self.slots.push((slot, true));
            }
            Err(refusal) if refusal.dimension == Dimension::Concurrency => {
                assert_eq!(self.held(), PLACES);
            }
            Err(_) => {
                let full = at_most_within(&self.admitted[caller], now, WINDOW) >= CALLS;
                assert!(full || !self.keeps_pace(caller, now));
            }
        }
    }

    /// The pace, by its definition: a bucket of `BURST` calls that fills at the rate.
    fn keeps_pace(&self, caller: usize, now: Duration) -> bool {
        let rate = CALLS as f64 / WINDOW.as_secs_f64();
        let (mut level, mut then) = (BURST as f64, Duration::ZERO);
        for (at, _) in &self.admitted[caller] {
            level = (level + (*at - then).as_secs_f64() * rate).min(BURST as f64) - 1.0;
            then = *at;
        }
        level + (now - then).as_secs_f64() * rate > 1.000_001
    }

    fn reserve(&mut self, world: &World, caller: usize, tokens: u64) {
        let now = world.moment.now;
        match world.reserve(&callers()[caller], &crate::world::tokens(tokens)) {
            Ok(reservation) => {
                assert!(within(&self.tokens, now, TOKEN_WINDOW) + tokens.max(1) <= TOKENS);
                assert!(within(&self.tool_calls, now, WINDOW) < TOOL_CALLS);
                self.tokens.push((now, tokens));
                self.tool_calls.push((now, 1));
                self.reservations.push((reservation, now, tokens));
            }
            Err(refusal) if refusal.dimension == Dimension::Tokens => {
                let most = at_most_within(&self.tokens, now, TOKEN_WINDOW);
                assert!(most + tokens.max(1) > TOKENS);
            }
            Err(_) => assert!(at_most_within(&self.tool_calls, now, WINDOW) >= TOOL_CALLS),
        }
    }

    fn settle(&mut self, world: &World, call: usize, took: u64) {
        let (reservation, at, reserved) = self.reservations.remove(call);
        reservation.settle(&crate::world::tokens(took));
        remove(&mut self.tokens, at, reserved);
        self.tokens.push((at, reserved.min(took)));
        self.tokens
            .push((world.moment.now, took.saturating_sub(reserved)));
    }

    fn give_back(&mut self, call: usize) {
        let (reservation, at, reserved) = self.reservations.remove(call);
        drop(reservation);
        remove(&mut self.tokens, at, reserved);
        remove(&mut self.tool_calls, at, 1);
    }

    fn take(&mut self, world: &World, step: &Step) {
        let (slots, calls) = (self.slots.len(), self.reservations.len());
        match *step {
            Step::Pass(_) => {}
            Step::Admit(caller) => self.admit(world, caller),
            Step::Reserve(caller, tokens) => self.reserve(world, caller, tokens),
            Step::Leave(n) if slots > 0 => {
                let (slot, held) = &mut self.slots[n % slots];
                slot.leave();
                *held = false;
            }
            Step::Return(n) if slots > 0 => {
                let room = self.held() < PLACES;
                let (slot, held) = &mut self.slots[n % slots];
                assert_eq!(slot.return_to().is_ok(), *held || room);
                *held |= room;
            }
            Step::End(n) if slots > 0 => drop(self.slots.remove(n % slots)),
            Step::Settle(n, took) if calls > 0 => self.settle(world, n % calls, took),
            Step::GiveBack(n) if calls > 0 => self.give_back(n % calls),
            Step::Leave(_) | Step::Return(_) | Step::End(_) => {}
            Step::Settle(..) | Step::GiveBack(_) => {}
        }
    }
}

fn remove(log: &mut Log, at: Duration, amount: u64) {
    let place = log.iter().position(|entry| *entry == (at, amount)).unwrap();
    log.remove(place);
}

fn callers() -> [Who; 2] {
    ["ann", "bob"].map(|name| who(name).calls("crm", "search"))
}

/// What the limits count, place by place.
fn counted(world: &World) -> Vec<(String, u64)> {
    let standings = world.limits.list(&world.moment);
    standings
        .iter()
        .map(|s| (format!("{} {:?}", s.rule, s.key), s.used))
        .collect()
}

proptest! {
    #[test]
    fn limits_agree_with_a_model_that_remembers_everything(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new(&declared());
        let mut model = Model::default();
        for step in &steps {
            if let Step::Pass(ms) = step {
                world.pass(millis(*ms));
            }
            let before = counted(&world);
            let taken = (model.slots.len(), model.reservations.len());
            model.take(&world, step);
            let asked = matches!(step, Step::Admit(_) | Step::Reserve(..));
            if asked && taken == (model.slots.len(), model.reservations.len()) {
                prop_assert_eq!(before, counted(&world), "a refused call took something");
            }
        }
        for (reservation, _, _) in model.reservations.drain(..) {
            drop(reservation);
        }
        model.slots.clear();
        let under_way = |s: &wardgate_limit::Standing| s.dimension == Dimension::Concurrency;
        prop_assert!(!world.limits.list(&world.moment).iter().any(under_way));
        world.pass(TOKEN_WINDOW);
        prop_assert_eq!(counted(&world), []);
    }
}
