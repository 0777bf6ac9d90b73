//! The index entries of a user that come first in the walk.

use super::binding::Name;
use super::position::SubjectPosition;
use super::subject_index::SubjectBindings;

/// How many entries are kept. Our choice: the first entry nearly always decides, unless its name
/// only shares a hash with the user's, or its role only shares the bits of a mask with the request.
const MAX: usize = 4;

/// The entries with the lowest first positions, in order.
#[derive(Debug, Default)]
pub(crate) struct Nearest<'p, 'n> {
    // INVARIANT: entries come before free places, and their first positions ascend.
    entries: [Option<Entry<'p, 'n>>; MAX],
    /// Whether there were more entries.
    is_cut: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry<'p, 'n> {
    first: SubjectPosition,
    bindings: &'p SubjectBindings,
    name: Name<'n>,
}

impl<'p, 'n> Nearest<'p, 'n> {
    pub(crate) fn add(&mut self, bindings: &'p SubjectBindings, name: Name<'n>) {
        let Some(first) = bindings.first() else {
            return;
        };
        if self.last().is_some_and(|last| last.first < first) {
            self.is_cut = true;
            return;
        }
        let mut displaced = Entry {
            first,
            bindings,
            name,
        };
        for place in &mut self.entries {
            match place {
                None => {
                    *place = Some(displaced);
                    return;
                }
                Some(entry) if displaced.first < entry.first => {
                    std::mem::swap(entry, &mut displaced);
                }
                Some(_) => {}
            }
        }
        self.is_cut = true;
    }

    /// Iterates over the entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'p SubjectBindings, Name<'n>)> {
        let entries = self.entries.iter().flatten();
        entries.map(|entry| (entry.bindings, entry.name))
    }

    /// Returns whether every entry with a position before this position was kept. `None` is after all
    /// positions.
    pub(crate) fn has_all_before(&self, position: Option<SubjectPosition>) -> bool {
        let is_before_others = |position| self.last().is_some_and(|last| position <= last.first);
        !self.is_cut || position.is_some_and(is_before_others)
    }

    /// Returns the last entry, if there is no place left.
    fn last(&self) -> Option<&Entry<'p, 'n>> {
        let [.., last] = &self.entries;
        last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(order: u64) -> SubjectPosition {
        SubjectPosition {
            order,
            subject: 0,
            slot: 1,
        }
    }

    #[test]
    fn the_first_entries_are_kept_in_order() {
        let orders = [7, 3, 9, 1, 8, 2, 6];
        let all = orders.map(|order| SubjectBindings::Few(Arc::new([at(order)])));
        let mut nearest = Nearest::default();
        for (number, bindings) in all.iter().enumerate() {
            assert_eq!(nearest.has_all_before(None), number <= MAX);
            nearest.add(bindings, Name::User("jane"));
        }
        let kept: Vec<u64> = nearest
            .iter()
            .filter_map(|(bindings, _)| Some(bindings.first()?.order))
            .collect();
        assert_eq!(kept, [1, 2, 3, 6]);
        assert!(nearest.has_all_before(Some(at(6))));
        assert!(!nearest.has_all_before(Some(at(7))));
        assert!(!nearest.has_all_before(None));
    }
}
