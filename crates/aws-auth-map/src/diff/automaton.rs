//! Finds which combinations of patterns one ARN can match, exactly and for any set of patterns.
//!
//! Each pattern is an NFA, and all NFAs are simulated at once over all texts of a shape. If two texts
//! leave every NFA in the same states, they are equivalent from there on, so the search space is a
//! finite graph. A breadth-first search of that graph finds a shortest text for every combination.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use iam_principal::ArnPattern;

/// One symbol of a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Symbol {
    /// This byte.
    Byte(u8),
    /// This letter in either case.
    Folded(u8),
    /// A hexadecimal digit in either case.
    Hex,
    /// Any single byte; a colon only if allowed.
    One { may_be_colon: bool },
    /// Any run of bytes; with colons only if allowed.
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

/// The NFA of a set of ARNs. A state is an index into its symbols.
#[derive(Clone, Debug)]
pub(super) struct PatternNfa(Vec<Symbol>);

impl PatternNfa {
    /// The ARNs that a pattern matches.
    // As `ArnPattern::matches`: a wildcard in one of the first five parts matches no colon.
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

    /// The ARNs of a permission set's roles.
    pub(super) fn permission_set(key: &str) -> Self {
        let mut symbols: Vec<Symbol> = key.bytes().map(Symbol::Folded).collect();
        symbols.push(Symbol::Byte(b'_'));
        symbols.extend([Symbol::Hex; 16]);
        Self(symbols)
    }

    /// The ARNs that start with a prefix.
    pub(super) fn prefix(prefix: &str) -> Self {
        let mut symbols: Vec<Symbol> = prefix.bytes().map(Symbol::Byte).collect();
        symbols.push(Symbol::Run {
            may_have_colons: true,
        });
        Self(symbols)
    }

    /// Adds the states reachable over empty runs, and drops the states before the last run: every text
    /// accepted from an earlier state is accepted from that run too.
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

/// The states of each NFA after some bytes. NFAs that can no longer match are omitted.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct NfaStates(Vec<(usize, Vec<usize>)>);

impl NfaStates {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cost of visiting these states once.
    fn cost(&self) -> usize {
        let places = self.0.iter().map(|(_, places)| places.len());
        places.fold(1, usize::saturating_add)
    }
}

/// A set of texts to search, as an automaton that starts in state 0.
pub(super) trait TextShape {
    /// Returns the bytes that can come next, and the state that each leads to.
    fn next(&self, state: usize) -> Vec<(u8, usize)>;
    /// Returns whether a text can end here.
    fn may_end(&self, state: usize) -> bool;
}

/// The excluded texts that start like the current text: a range of a sorted list of folded texts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
struct Excluded {
    from: usize,
    to: usize,
    depth: usize,
}

/// The NFAs, and the budget left for searching them.
#[derive(Debug)]
pub(super) struct Automaton {
    sets: Vec<PatternNfa>,
    left: usize,
    is_exhausted: bool,
}

impl Automaton {
    pub(super) const fn new(sets: Vec<PatternNfa>, max_states: usize) -> Self {
        Self {
            sets,
            left: max_states,
            is_exhausted: false,
        }
    }

    /// Whether a search stopped early because the budget was spent.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Runs all NFAs over a text from its start.
    pub(super) fn after(&self, text: &str) -> NfaStates {
        let start = |set: &PatternNfa| set.settle(BTreeSet::from([0]));
        let alive = self.sets.iter().map(start).enumerate().collect();
        let step = |alive, byte| self.step(&alive, byte);
        text.bytes().fold(NfaStates(alive), step)
    }

    fn step(&self, alive: &NfaStates, byte: u8) -> NfaStates {
        let next = alive.0.iter().filter_map(|(index, places)| {
            let places = self.sets.get(*index)?.step(places, byte);
            (!places.is_empty()).then_some((*index, places))
        });
        NfaStates(next.collect())
    }

    /// Returns the NFAs that accept the text ending here.
    fn holding(&self, alive: &NfaStates) -> Vec<usize> {
        let holds = |(index, places): &(usize, Vec<usize>)| {
            let end = self.sets.get(*index).map(|set| set.0.len());
            end.is_some_and(|end| places.contains(&end))
                .then_some(*index)
        };
        alive.0.iter().filter_map(holds).collect()
    }

    /// Finds a shortest text for every combination of NFAs that accept some text of a shape. Texts
    /// whose folded form is in the sorted list `except` are skipped. Combinations in `seen` are skipped,
    /// and new ones are added to it.
    pub(super) fn combinations(
        &mut self,
        begin: &str,
        shape: &dyn TextShape,
        except: &[String],
        seen: &mut HashSet<Vec<usize>>,
    ) -> Vec<String> {
        self.search(begin, shape, except, |sets, alive| {
            seen.insert(sets.holding(alive))
        })
    }

    /// Finds a shortest text for every combination of states that a text of a shape can lead to.
    pub(super) fn continuations(
        &mut self,
        begin: &str,
        shape: &dyn TextShape,
        except: &[String],
    ) -> Vec<String> {
        let mut seen = HashSet::new();
        self.search(begin, shape, except, |_, alive| seen.insert(alive.clone()))
    }

    fn search(
        &mut self,
        begin: &str,
        shape: &dyn TextShape,
        except: &[String],
        mut is_new: impl FnMut(&Self, &NfaStates) -> bool,
    ) -> Vec<String> {
        let all = Excluded {
            from: 0,
            to: except.len(),
            depth: 0,
        };
        let left = begin
            .bytes()
            .fold(all, |left, byte| narrow(except, left, byte));
        let first = Rc::new((0, self.after(begin), left));
        let mut known = HashSet::from([Rc::clone(&first)]);
        // Each state with its predecessor and the byte between them.
        let mut states = vec![(first, 0_usize, 0_u8)];
        let mut at = 0_usize;
        let mut found = Vec::new();
        while let Some(here) = states.get(at).map(|(here, ..)| Rc::clone(here)) {
            let (state, alive, left) = (here.0, &here.1, here.2);
            if shape.may_end(state) && !is_one(except, left) && is_new(self, alive) {
                found.push(trace(begin, &states, at));
            }
            // All texts that no NFA can match any more are alike, so one of them is enough.
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

/// Narrows a range to the texts that continue with a byte.
fn narrow(except: &[String], left: Excluded, byte: u8) -> Excluded {
    let byte = byte.to_ascii_lowercase();
    let range = except.get(left.from..left.to).unwrap_or_default();
    let at = |text: &String| text.as_bytes().get(left.depth).copied();
    let from = range.partition_point(|text| at(text) < Some(byte));
    let to = range.partition_point(|text| at(text) <= Some(byte));
    if from == to {
        // One value for all texts that have left the list.
        return Excluded::default();
    }
    Excluded {
        from: left.from.saturating_add(from),
        to: left.from.saturating_add(to),
        depth: left.depth.saturating_add(1),
    }
}

/// Whether the text ending here is in the list.
fn is_one(except: &[String], left: Excluded) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of one letter, once or more.
    struct Repeated;

    impl TextShape for Repeated {
        fn next(&self, _state: usize) -> Vec<(u8, usize)> {
            vec![(b'x', 1)]
        }

        fn may_end(&self, state: usize) -> bool {
            state == 1
        }
    }

    #[test]
    fn a_text_is_found_behind_those_that_are_excluded() {
        let mut automaton = Automaton::new(Vec::new(), 100);
        let except = ["x".to_owned(), "xx".to_owned()];
        let found = automaton.combinations("", &Repeated, &except, &mut HashSet::new());
        assert_eq!(found, ["xxx"]);
        assert!(!automaton.is_exhausted());
    }
}
