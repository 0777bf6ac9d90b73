//! A hash table.

use std::sync::Arc;

use super::shard::{EntryRef, FREE, Hinted, Shard, WithTag};

/// The average number of entries of a shard. Our choice: a change copies one shard, and this many
/// entries cost about as much as the reference counts of the shards beside it.
const SHARD_LEN: usize = 128;

/// The number of shards that share one reference count. Our choice, for the same reason.
const NODE_LEN: usize = 32;

/// Entries by a hash that the caller computes.
///
/// Only half of the bits of a hash are compared, so callers must check each entry found.
///
/// The table grows by one shard at a time (linear hashing), so that all insertions cost about the
/// same.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    nodes: Vec<Arc<[Shard<E>]>>,
    shards: usize,
    len: usize,
}

// Not derived: that would require `E: Default`.
impl<E> Default for Table<E> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            shards: 0,
            len: 0,
        }
    }
}

impl<E> Table<E> {
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&E> {
        self.with_hash(hash)
            .filter_map(|entry| entry.get())
            .find(|entry| is_it(entry))
    }

    /// Iterates over the entries with a hash. Other entries may be among them.
    #[inline]
    pub(crate) fn with_hash(&self, hash: u64) -> impl Iterator<Item = EntryRef<'_, E>> {
        self.search(hash).into_iter().flatten()
    }

    /// Starts the search that [`with_hash`](Self::with_hash) makes. `None` if the table is empty.
    #[inline]
    pub(crate) fn search(&self, hash: u64) -> Option<WithTag<'_, E>> {
        let tag = tag(hash);
        let shard = self.shard(shard_of(tag, self.shards))?;
        Some(shard.with_tag(tag))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        self.nodes
            .iter()
            .flat_map(|node| node.iter())
            .flat_map(Shard::iter)
    }

    #[inline]
    fn shard(&self, at: usize) -> Option<&Shard<E>> {
        self.nodes.get(at / NODE_LEN)?.get(at % NODE_LEN)
    }

    /// Returns the shard of an entry, and its index there.
    fn position(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<(usize, usize)> {
        let entry = self
            .with_hash(hash)
            .find(|entry| entry.get().is_some_and(&is_it))?;
        Some((shard_of(tag(hash), self.shards), entry.at))
    }
}

impl<E: Clone + Hinted> Table<E> {
    /// Changes an entry. Returns `None` if it does not exist.
    pub(crate) fn change<R>(
        &mut self,
        hash: u64,
        is_it: impl Fn(&E) -> bool,
        change: impl FnOnce(&mut E) -> R,
    ) -> Option<R> {
        // Nothing is copied unless the entry exists.
        let (shard, at) = self.position(hash, is_it)?;
        self.shard_mut(shard)?.change(at, change)
    }

    /// Adds an entry. An equal entry that already exists stays.
    pub(crate) fn insert(&mut self, hash: u64, entry: E) {
        if self.len >= self.shards.saturating_mul(SHARD_LEN) {
            self.grow();
        }
        let tag = tag(hash);
        if let Some(shard) = self.shard_mut(shard_of(tag, self.shards)) {
            shard.insert(tag, entry);
            self.len = self.len.saturating_add(1);
        }
    }

    /// Removes an entry. Returns `None` if it does not exist.
    pub(crate) fn remove(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<E> {
        let (shard, at) = self.position(hash, is_it)?;
        let removed = self.shard_mut(shard)?.remove(at)?;
        self.len = self.len.saturating_sub(1);
        Some(removed)
    }

    fn shard_mut(&mut self, at: usize) -> Option<&mut Shard<E>> {
        Arc::make_mut(self.nodes.get_mut(at / NODE_LEN)?).get_mut(at % NODE_LEN)
    }

    /// Adds a shard, and moves the entries that now belong there. All of them come from one other
    /// shard.
    fn grow(&mut self) {
        let new = self.shards;
        let shards = new.saturating_add(1);
        self.shards = shards;
        let split = new.checked_ilog2().map(|bit| new ^ (1 << bit));
        let mut moved = Vec::new();
        if let Some(split) = split.and_then(|split| self.shard_mut(split)) {
            let staying;
            (staying, moved) = split
                .take()
                .into_iter()
                .partition(|(tag, _)| shard_of(*tag, shards) != new);
            *split = Shard::new(staying);
        }
        let new = Shard::new(moved);
        match self.nodes.last_mut() {
            Some(node) if node.len() < NODE_LEN => {
                *node = node.iter().cloned().chain([new]).collect();
            }
            _ => self.nodes.push(Arc::from([new])),
        }
    }
}

/// Returns the part of a hash that is stored and compared.
fn tag(hash: u64) -> u32 {
    let tag = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    if tag == FREE { 1 } else { tag }
}

/// Returns which of `shards` shards holds a tag.
fn shard_of(tag: u32, shards: usize) -> usize {
    // The shard itself uses the lowest bits first.
    let bits = usize::try_from(tag >> 8).unwrap_or(usize::MAX);
    let mask = shards.next_power_of_two().saturating_sub(1);
    let shard = bits & mask;
    if shard < shards {
        shard
    } else {
        shard & (mask >> 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Hinted for u32 {
        fn hint(&self) -> u32 {
            self ^ 7
        }
    }

    fn hash(number: u32) -> u64 {
        u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn a_copy_is_unaffected_when_the_other_grows_and_shrinks() {
        let mut table = Table::default();
        let mut copies = Vec::new();
        for number in 0..10_000 {
            table.insert(hash(number), number);
            if number % 1_111 == 0 {
                copies.push((number, table.clone()));
            }
        }
        for number in (0..10_000).filter(|number| number % 3 != 0) {
            assert_eq!(table.remove(hash(number), |&n| n == number), Some(number));
            assert_eq!(table.remove(hash(number), |&n| n == number), None);
        }
        for number in 0..10_000 {
            let found = table.find(hash(number), |&n| n == number);
            assert_eq!(found.is_some(), number % 3 == 0);
            for (last, copy) in &copies {
                let found = copy.find(hash(number), |&n| n == number);
                assert_eq!(found.is_some(), number <= *last);
            }
        }
        assert_eq!(table.iter().count(), 3_334);
    }

    #[test]
    fn entries_with_one_hash_are_distinguished() {
        let mut table = Table::default();
        for number in 0..1_000 {
            table.insert(7, number);
        }
        let is_it = |&number: &u32| number == 500;
        assert_eq!(table.change(7, is_it, |number| *number = 5_000), Some(()));
        assert_eq!(table.change(7, is_it, |number| *number = 1), None);
        assert_eq!(table.find(7, |&number| number == 500), None);
        assert_eq!(table.find(7, |&number| number == 5_000), Some(&5_000));
        assert_eq!(table.with_hash(7).count(), 1_000);
    }

    #[test]
    fn a_hint_is_that_of_its_entry() {
        let mut table = Table::default();
        (0..1_000).for_each(|number| table.insert(hash(number), number));
        for number in (0..1_000).step_by(2) {
            table.change(hash(number), |&n| n == number, |number| *number += 10_000);
        }
        for number in (0..1_000).step_by(5) {
            table.remove(hash(number), |&n| n % 10_000 == number);
        }
        let entries: Vec<_> = (0..1_000)
            .flat_map(|number| table.with_hash(hash(number)))
            .map(|entry| (entry.hint, entry.get()))
            .collect();
        assert_eq!(entries.len(), 800);
        for (hint, entry) in entries {
            assert_eq!(entry.map(Hinted::hint), Some(hint));
        }
    }
}
