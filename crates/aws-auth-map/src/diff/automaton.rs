//! Which combinations of patterns can meet in one ARN: an exact answer for any set of patterns.
//!
//! All patterns are followed at once, byte by byte, over all texts of a shape; two texts after which
//! every pattern is in the same place are the same from there on. What is left is a finite graph, and
//! a search of it finds a text for every combination that there is.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use iam_principal::ArnPattern;

/// One byte's worth of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Symbol {
    /// This byte.
    Byte(u8),
    /// This letter in either case.
    Folded(u8),
    /// A hexadecimal digit in either case.
    Hex,
    /// Any one byte, a colon only if so said.
    One { may_be_colon: bool },
    /// Any run of bytes, with colons only if so said.
    Run { may_have_colons: bool },
}

impl Symbol {
    const fn takes(self, byte: u8) -> bool {
        match self {
            Self::Byte(want) => want == byte,
            Self::Folded(want) => want.eq_ignore_ascii_case(&byte),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::One { may_be_colon } => may_be_colon || byte != b':',
            Self::Run { may_have_colons } => may_have_colons || byte != b':',
        }
    }

    const fn is_run(self) -> bool {
        matches!(self, Self::Run { .. })
    }
}

/// A set of ARNs that can be told byte by byte.
#[derive(Clone, Debug)]
pub(super) struct Tracked(Vec<Symbol>);

impl Tracked {
    /// Those that a pattern covers.
    // As `ArnPattern::matches`: a wildcard of one of the first five parts takes no colon.
    pub(super) fn pattern(pattern: &ArnPattern) -> Self {
        let mut symbols = Vec::new();
        for (index, part) in pattern.as_str().splitn(6, ':').enumerate() {
            let is_last = index == 5;
            if index > 0 {
                symbols.push(Symbol::Byte(b':'));
            }
            symbols.extend(part.bytes().map(|byte| match byte {
                b'*' => Symbol::Run {
                    may_have_colons: is_last,
                },
                b'?' => Symbol::One {
                    may_be_colon: is_last,
                },
                other => Symbol::Byte(other),
            }));
        }
        Self(symbols)
    }

    /// Those of a permission set's roles, by what these have in common.
    pub(super) fn permission_set(key: &str) -> Self {
        let mut symbols: Vec<Symbol> = key.bytes().map(Symbol::Folded).collect();
        symbols.push(Symbol::Byte(b'_'));
        symbols.extend([Symbol::Hex; 16]);
        Self(symbols)
    }

    /// Those that begin so.
    pub(super) fn prefix(prefix: &str) -> Self {
        let mut symbols: Vec<Symbol> = prefix.bytes().map(Symbol::Byte).collect();
        symbols.push(Symbol::Run {
            may_have_colons: true,
        });
        Self(symbols)
    }

    /// Passes over runs at no cost, and forgets what stands before the last one: whatever an earlier
    /// place could still take, that run takes as well.
    fn settle(&self, mut places: BTreeSet<usize>) -> Vec<usize> {
        let mut open: Vec<usize> = places.iter().copied().collect();
        while let Some(at) = open.pop() {
            let next = at.saturating_add(1);
            if self.is_run(at) && places.insert(next) {
                open.push(next);
            }
        }
        let last_run = places.iter().rev().copied().find(|at| self.is_run(*at));
        places
            .split_off(&last_run.unwrap_or(0))
            .into_iter()
            .collect()
    }

    fn is_run(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|symbol| symbol.is_run())
    }

    fn step(&self, places: &[usize], byte: u8) -> Vec<usize> {
        let mut next = BTreeSet::new();
        for at in places {
            match self.0.get(*at) {
                Some(symbol) if !symbol.takes(byte) => {}
                Some(symbol) if symbol.is_run() => {
                    next.insert(*at);
                }
                Some(_) => {
                    next.insert(at.saturating_add(1));
                }
                None => {}
            }
        }
        self.settle(next)
    }
}

/// Where each set is after some bytes; those that can no longer hold the text are not in it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Alive(Vec<(usize, Vec<usize>)>);

impl Alive {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it costs to look at it once.
    fn cost(&self) -> usize {
        let places = self.0.iter().map(|(_, places)| places.len());
        places.fold(1, usize::saturating_add)
    }
}

/// Which texts are looked at, beginning at a state 0.
pub(super) trait Shape {
    /// The bytes that may come next, and the state that each leads to.
    fn next(&self, state: usize) -> Vec<(u8, usize)>;
    /// Whether a text may end here.
    fn may_end(&self, state: usize) -> bool;
}

/// Texts that are to be left out, of which the beginning is known: the folded ones that begin as the
/// text does are a range of a sorted list.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
struct Left {
    from: usize,
    to: usize,
    depth: usize,
}

/// The sets, and how much work may still be spent on them.
#[derive(Debug)]
pub(super) struct Automaton {
    sets: Vec<Tracked>,
    left: usize,
    is_exhausted: bool,
}

impl Automaton {
    pub(super) const fn new(sets: Vec<Tracked>, max_states: usize) -> Self {
        Self {
            sets,
            left: max_states,
            is_exhausted: false,
        }
    }

    /// Whether something was left out because it would have cost too much.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Follows all sets over a text from its beginning.
    pub(super) fn after(&self, text: &str) -> Alive {
        let start = |set: &Tracked| set.settle(BTreeSet::from([0]));
        let alive = self.sets.iter().map(start).enumerate().collect();
        let step = |alive, byte| self.step(&alive, byte);
        text.bytes().fold(Alive(alive), step)
    }

    fn step(&self, alive: &Alive, byte: u8) -> Alive {
        let next = alive.0.iter().filter_map(|(index, places)| {
            let places = self.sets.get(*index)?.step(places, byte);
            (!places.is_empty()).then_some((*index, places))
        });
        Alive(next.collect())
    }

    /// The sets that hold the text which ends here.
    fn holding(&self, alive: &Alive) -> Vec<usize> {
        let holds = |(index, places): &(usize, Vec<usize>)| {
            let end = self.sets.get(*index).map(|set| set.0.len());
            end.is_some_and(|end| places.contains(&end))
                .then_some(*index)
        };
        alive.0.iter().filter_map(holds).collect()
    }

    /// Finds, for every combination of sets that some text of a shape is in, a shortest such text;
    /// none that, folded, is in the sorted list `except`. Combinations in `seen` are left out, and
    /// those found are added.
    pub(super) fn combinations(
        &mut self,
        begin: &str,
        shape: &dyn Shape,
        except: &[String],
        seen: &mut HashSet<Vec<usize>>,
    ) -> Vec<String> {
        self.search(begin, shape, except, |sets, alive| {
            seen.insert(sets.holding(alive))
        })
    }

    /// Finds a shortest text for every way in which the sets can go on after a text of a shape.
    pub(super) fn continuations(
        &mut self,
        begin: &str,
        shape: &dyn Shape,
        except: &[String],
    ) -> Vec<String> {
        let mut seen = HashSet::new();
        self.search(begin, shape, except, |_, alive| seen.insert(alive.clone()))
    }

    fn search(
        &mut self,
        begin: &str,
        shape: &dyn Shape,
        except: &[String],
        mut is_new: impl FnMut(&Self, &Alive) -> bool,
    ) -> Vec<String> {
        let all = Left {
            from: 0,
            to: except.len(),
            depth: 0,
        };
        let left = begin
            .bytes()
            .fold(all, |left, byte| narrow(except, left, byte));
        let first = Rc::new((0, self.after(begin), left));
        let mut known = HashSet::from([Rc::clone(&first)]);
        // Each with the one that it came from, and the byte in between.
        let mut states = vec![(first, 0_usize, 0_u8)];
        let mut at = 0_usize;
        let mut found = Vec::new();
        while let Some(here) = states.get(at).map(|(here, ..)| Rc::clone(here)) {
            let (state, alive, left) = (here.0, &here.1, here.2);
            if shape.may_end(state) && !is_one(except, left) && is_new(self, alive) {
                found.push(trace(begin, &states, at));
            }
            // What no set holds any longer is all alike, and one of it was found or will be.
            let is_alike = alive.is_empty() && shape.may_end(state) && !is_one(except, left);
            if !is_alike {
                let Some(rest) = self.left.checked_sub(alive.cost()) else {
                    self.is_exhausted = true;
                    break;
                };
                self.left = rest;
                for (byte, next) in shape.next(state) {
                    let then = (next, self.step(alive, byte), narrow(except, left, byte));
                    let then = Rc::new(then);
                    if known.insert(Rc::clone(&then)) {
                        states.push((then, at, byte));
                    }
                }
            }
            at = at.saturating_add(1);
        }
        found
    }
}

/// Finds those of a range that go on with a byte.
fn narrow(except: &[String], left: Left, byte: u8) -> Left {
    let byte = byte.to_ascii_lowercase();
    let range = except.get(left.from..left.to).unwrap_or_default();
    let at = |text: &String| text.as_bytes().get(left.depth).copied();
    let from = range.partition_point(|text| at(text) < Some(byte));
    let to = range.partition_point(|text| at(text) <= Some(byte));
    if from == to {
        // One value for all that are past the list.
        return Left::default();
    }
    Left {
        from: left.from.saturating_add(from),
        to: left.from.saturating_add(to),
        depth: left.depth.saturating_add(1),
    }
}

/// Whether the text that ends here is in the list.
fn is_one(except: &[String], left: Left) -> bool {
    let range = except.get(left.from..left.to).unwrap_or_default();
    range.first().is_some_and(|text| text.len() == left.depth)
}

fn trace<S>(begin: &str, states: &[(S, usize, u8)], mut at: usize) -> String {
    let mut bytes = Vec::new();
    while at > 0 {
        let Some((_, from, byte)) = states.get(at) else {
            break;
        };
        bytes.push(char::from(*byte));
        at = *from;
    }
    begin.chars().chain(bytes.into_iter().rev()).collect()
}
