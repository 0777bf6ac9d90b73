//! A hash table in pieces.

use std::sync::Arc;

use super::shard::{FREE, Marked, OfTag, Shard};

/// How many entries a shard has on average. Our choice: a change copies one shard, and so many
/// entries cost about as much as the counters of the shards beside it.
const SHARD_LEN: usize = 128;

/// How many shards stand behind one counter, for the same reason.
const NODE_LEN: usize = 32;

/// Entries found by a hash, which whoever asks computes. Different entries may have the same one, and
/// half of its bits are what they are found by: whoever asks tells them apart.
///
/// It grows by one shard at a time (linear hashing), so that no insertion costs much more than
/// another.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    nodes: Vec<Arc<[Shard<E>]>>,
    shards: usize,
    len: usize,
}

// Derived, it would ask the same of the entries.
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
        let mut entries = self.of_hash(hash).filter_map(|found| found.entry());
        entries.find(|entry| is_it(entry))
    }

    /// Walks the entries of a hash, and perhaps others.
    #[inline]
    pub(crate) fn of_hash(&self, hash: u64) -> OfTag<'_, E> {
        let tag = tag(hash);
        let shard = self.shard(place(tag, self.shards));
        shard.map_or_else(OfTag::default, |shard| shard.of_tag(tag))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        let shards = self.nodes.iter().flat_map(|node| node.iter());
        shards.flat_map(Shard::iter)
    }

    #[inline]
    fn shard(&self, at: usize) -> Option<&Shard<E>> {
        self.nodes.get(at / NODE_LEN)?.get(at % NODE_LEN)
    }

    /// Says which shard has an entry, and where.
    fn position(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<(usize, usize)> {
        let mut of_hash = self.of_hash(hash);
        let found = of_hash.find(|found| found.entry().is_some_and(&is_it))?;
        Some((place(tag(hash), self.shards), found.at))
    }
}

impl<E: Clone + Marked> Table<E> {
    /// Changes an entry, if it is there.
    pub(crate) fn change<R>(
        &mut self,
        hash: u64,
        is_it: impl Fn(&E) -> bool,
        change: impl FnOnce(&mut E) -> R,
    ) -> Option<R> {
        // What is not there copies nothing.
        let (shard, at) = self.position(hash, is_it)?;
        self.shard_mut(shard)?.change(at, change)
    }

    /// Adds an entry. One that was there before stays beside it.
    pub(crate) fn insert(&mut self, hash: u64, entry: E) {
        if self.len >= self.shards.saturating_mul(SHARD_LEN) {
            self.grow();
        }
        let tag = tag(hash);
        if let Some(shard) = self.shard_mut(place(tag, self.shards)) {
            shard.insert(tag, entry);
            self.len = self.len.saturating_add(1);
        }
    }

    /// Takes an entry out, if it is there.
    pub(crate) fn remove(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<E> {
        let (shard, at) = self.position(hash, is_it)?;
        let removed = self.shard_mut(shard)?.remove(at)?;
        self.len = self.len.saturating_sub(1);
        Some(removed)
    }

    fn shard_mut(&mut self, at: usize) -> Option<&mut Shard<E>> {
        Arc::make_mut(self.nodes.get_mut(at / NODE_LEN)?).get_mut(at % NODE_LEN)
    }

    /// Adds a shard, and moves there what belongs there now: all of it is in one other.
    fn grow(&mut self) {
        let new = self.shards;
        let shards = new.saturating_add(1);
        self.shards = shards;
        let split = new.checked_ilog2().map(|bit| new ^ (1 << bit));
        let mut go = Vec::new();
        if let Some(split) = split.and_then(|split| self.shard_mut(split)) {
            let items = split.take().into_iter();
            let (stay, moved) = items.partition(|(tag, _)| place(*tag, shards) != new);
            *split = Shard::of(stay);
            go = moved;
        }
        let new = Shard::of(go);
        match self.nodes.last_mut() {
            Some(node) if node.len() < NODE_LEN => {
                *node = node.iter().cloned().chain([new]).collect();
            }
            _ => self.nodes.push(Arc::from([new])),
        }
    }
}

/// Returns what an entry of a hash is found by.
fn tag(hash: u64) -> u32 {
    let tag = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    if tag == FREE { 1 } else { tag }
}

/// Says which of so many shards is that of a tag.
fn place(tag: u32, shards: usize) -> usize {
    // The lowest bits are what the shard itself goes by.
    let bits = usize::try_from(tag >> 8).unwrap_or(usize::MAX);
    let mask = shards.next_power_of_two().saturating_sub(1);
    let place = bits & mask;
    if place < shards {
        place
    } else {
        place & (mask >> 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Marked for u32 {
        fn mark(&self) -> u32 {
            self ^ 7
        }
    }

    fn hash(number: u32) -> u64 {
        u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn a_copy_keeps_what_it_had_while_the_other_grows_and_shrinks() {
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
    fn entries_of_one_hash_are_told_apart() {
        let mut table = Table::default();
        for number in 0..1_000 {
            table.insert(7, number);
        }
        let is_it = |&number: &u32| number == 500;
        assert_eq!(table.change(7, is_it, |number| *number = 5_000), Some(()));
        assert_eq!(table.change(7, is_it, |number| *number = 1), None);
        assert_eq!(table.find(7, |&number| number == 500), None);
        assert_eq!(table.find(7, |&number| number == 5_000), Some(&5_000));
        assert_eq!(table.of_hash(7).count(), 1_000);
    }

    #[test]
    fn a_mark_is_that_of_its_entry() {
        let mut table = Table::default();
        (0..1_000).for_each(|number| table.insert(hash(number), number));
        for number in (0..1_000).step_by(2) {
            table.change(hash(number), |&n| n == number, |number| *number += 10_000);
        }
        for number in (0..1_000).step_by(5) {
            table.remove(hash(number), |&n| n % 10_000 == number);
        }
        let found = (0..1_000).flat_map(|number| table.of_hash(hash(number)));
        let entries: Vec<_> = found.map(|found| (found.mark, found.entry())).collect();
        assert_eq!(entries.len(), 800);
        for (mark, entry) in entries {
            assert_eq!(entry.map(Marked::mark), Some(mark));
        }
    }
}
