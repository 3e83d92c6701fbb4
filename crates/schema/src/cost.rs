//! What a check may cost at worst, known before any check is made.
//!
//! The unit is one subschema applied to one value. A schema whose references fan out (`anyOf` of two references to a schema
//! that is an `anyOf` of two references …) costs 2ⁿ for n lines, in every engine. Such shapes are refused; what is left has
//! a factor that, times the number of values, bounds a check.

use crate::document::Subschema;
use crate::fault::SchemaFault;

/// Most subschemas a document may hold, and most that may be applied along one path through a value.
pub(crate) const SUBSCHEMAS_MAX: usize = 10_000;
/// Most subschemas inside one another, references followed.
const CHAIN_MAX: usize = 256;
/// Most subschemas inside one another that are applied to the same value.
const CHAIN_HERE_MAX: usize = 64;
/// Depth of arguments to which recursion is unrolled; the parser lets none through that are deeper.
const ARGUMENTS_DEPTH_MAX: usize = 128;

/// The worst cost of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Subschemas applied along one path through a value. A recursion counts once: the engine remembers, for each value,
    /// what a recursive reference came to.
    pub(crate) per_path: u64,
    /// Longest chain of subschemas applied to one value.
    pub(crate) chain_here: usize,
    /// `per_path` with recursion unrolled and nothing remembered, by depth of the value; the last holds for all deeper ones.
    unrolled: Vec<u64>,
}

impl Cost {
    /// Estimates the cost of a schema, of which subschema 0 is the whole.
    ///
    /// # Errors
    /// `TooLarge` for a fan-out beyond [`SUBSCHEMAS_MAX`] and for a reference that comes back to itself on the same value,
    /// `TooDeep` for a longer chain than an engine can follow on its stack.
    pub(crate) fn of(subschemas: &[Subschema]) -> Result<Cost, SchemaFault> {
        let mut whole = Expansion {
            subschemas,
            costs: vec![None; subschemas.len()],
        };
        let per_path = whole.expand(0, 1)?;
        let mut here = Chains {
            subschemas,
            longest: vec![None; subschemas.len()],
            innermost_first: Vec::new(),
        };
        let mut chain_here = 0;
        for number in whole.reached() {
            chain_here = chain_here.max(here.follow(number, 1)?);
        }
        Ok(Cost {
            per_path,
            chain_here,
            unrolled: unroll(subschemas, &here.innermost_first),
        })
    }

    /// The worst cost along one path of a value this deep, for a walk that remembers nothing.
    pub(crate) fn unrolled(&self, depth: usize) -> u64 {
        let deepest = self.unrolled.len() - 1;
        self.unrolled[depth.min(deepest)]
    }
}

/// How much of a choice is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tries {
    /// The alternative that is named.
    One,
    /// All: whoever words a failure asks each alternative why.
    All,
}

impl Subschema {
    /// Its cost, given that of the subschemas it applies to the same value and to the values below.
    fn cost(&self, tries: Tries, here: impl Fn(usize) -> u64, below: impl Fn(usize) -> u64) -> u64 {
        let chosen = self.choices.iter().map(|choice| match tries {
            Tries::One => dearest(choice, &here),
            Tries::All => sum(choice, &here),
        });
        // A value is an object or an array, not both.
        let below_all = sum(&self.every_property, &below).max(sum(&self.every_item, &below));
        let applied = chosen
            .fold(sum(&self.here, &here), u64::saturating_add)
            .saturating_add(dearest(&self.one_member, &below))
            .saturating_add(below_all);
        applied.saturating_mul(self.looks).saturating_add(1)
    }

    /// What it may apply to the same value.
    fn here(&self) -> impl Iterator<Item = usize> {
        self.here
            .iter()
            .chain(self.choices.iter().flatten())
            .copied()
    }

    /// What it may apply to anything.
    fn inner(&self) -> impl Iterator<Item = usize> {
        let below = [&self.one_member, &self.every_property, &self.every_item];
        self.here().chain(below.into_iter().flatten().copied())
    }
}

fn sum(numbers: &[usize], cost: impl Fn(usize) -> u64) -> u64 {
    numbers
        .iter()
        .fold(0, |sum, number| sum.saturating_add(cost(*number)))
}

fn dearest(numbers: &[usize], cost: impl Fn(usize) -> u64) -> u64 {
    numbers
        .iter()
        .map(|number| cost(*number))
        .max()
        .unwrap_or(0)
}

/// Expands references, each recursion once.
struct Expansion<'d> {
    subschemas: &'d [Subschema],
    /// `None` until reached; 1 while inside.
    costs: Vec<Option<u64>>,
}

impl Expansion<'_> {
    fn expand(&mut self, number: usize, chain: usize) -> Result<u64, SchemaFault> {
        if let Some(cost) = self.costs[number] {
            return Ok(cost);
        }
        if chain > CHAIN_MAX {
            return Err(SchemaFault::TooDeep { max: CHAIN_MAX });
        }
        self.costs[number] = Some(1);
        let subschema = &self.subschemas[number];
        for inner in subschema.inner() {
            self.expand(inner, chain + 1)?;
        }
        let known = |number: usize| self.costs[number].unwrap_or(1);
        let cost = subschema.cost(Tries::One, known, known);
        if cost > SUBSCHEMAS_MAX as u64 {
            return Err(SchemaFault::TooLarge {
                max: SUBSCHEMAS_MAX,
            });
        }
        self.costs[number] = Some(cost);
        Ok(cost)
    }

    fn reached(&self) -> impl Iterator<Item = usize> {
        (0..self.costs.len()).filter(|number| self.costs[*number].is_some())
    }
}

/// Follows what is applied to the same value; a circle there has no end.
struct Chains<'d> {
    subschemas: &'d [Subschema],
    /// `None` until reached; 0 while inside.
    longest: Vec<Option<usize>>,
    innermost_first: Vec<usize>,
}

impl Chains<'_> {
    fn follow(&mut self, number: usize, chain: usize) -> Result<usize, SchemaFault> {
        match self.longest[number] {
            Some(0) => {
                return Err(SchemaFault::TooLarge {
                    max: SUBSCHEMAS_MAX,
                });
            }
            Some(longest) => return Ok(longest),
            None => {}
        }
        // Before going further in, for this stack; below, for what earlier walks have measured.
        if chain > CHAIN_HERE_MAX {
            return Err(SchemaFault::TooDeep {
                max: CHAIN_HERE_MAX,
            });
        }
        self.longest[number] = Some(0);
        let mut longest = 1;
        for inner in self.subschemas[number].here() {
            longest = longest.max(1 + self.follow(inner, chain + 1)?);
        }
        if longest > CHAIN_HERE_MAX {
            return Err(SchemaFault::TooDeep {
                max: CHAIN_HERE_MAX,
            });
        }
        self.longest[number] = Some(longest);
        self.innermost_first.push(number);
        Ok(longest)
    }
}

/// The cost of the whole for values of depth 0, 1, 2 …, until it grows no more.
fn unroll(subschemas: &[Subschema], innermost_first: &[usize]) -> Vec<u64> {
    let mut shallower = vec![0u64; subschemas.len()];
    let mut by_depth = Vec::new();
    for _ in 0..=ARGUMENTS_DEPTH_MAX {
        let mut costs = vec![0u64; subschemas.len()];
        for number in innermost_first {
            costs[*number] =
                subschemas[*number].cost(Tries::All, |here| costs[here], |below| shallower[below]);
        }
        let settled = costs == shallower;
        by_depth.push(costs[0]);
        shallower = costs;
        if settled || by_depth.last() == Some(&u64::MAX) {
            break;
        }
    }
    by_depth
}
