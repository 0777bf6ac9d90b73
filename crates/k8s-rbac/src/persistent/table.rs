//! A hash table in pieces.

use std::sync::Arc;

use hashbrown::HashTable;

/// How many entries a shard has on average. Our choice: a change copies one shard, and so many
/// entries cost about as much as the counters of the shards beside it.
const SHARD_LEN: usize = 64;

/// How many shards stand behind one counter, for the same reason.
const NODE_LEN: usize = 32;

/// Entries found by a hash, which whoever asks computes. Different entries may have the same one.
///
/// It grows by one shard at a time (linear hashing), so that no insertion costs much more than
/// another.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    nodes: Vec<Arc<[Arc<Shard<E>>]>>,
    shards: usize,
    len: usize,
}

/// Each entry beside its hash.
type Shard<E> = HashTable<(u64, E)>;

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
        let at = place(hash, self.shards);
        let shard = self.nodes.get(at / NODE_LEN)?.get(at % NODE_LEN)?;
        let found = shard.find(hash, |(own, entry)| *own == hash && is_it(entry));
        found.map(|(_, entry)| entry)
    }

    /// Walks the entries of a hash.
    pub(crate) fn of_hash(&self, hash: u64) -> impl Iterator<Item = &E> {
        let at = place(hash, self.shards);
        let node = self.nodes.get(at / NODE_LEN);
        let shard = node.and_then(|node| node.get(at % NODE_LEN)).into_iter();
        let entries = shard.flat_map(move |shard| shard.iter_hash(hash));
        entries
            .filter(move |(own, _)| *own == hash)
            .map(|(_, entry)| entry)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        let shards = self.nodes.iter().flat_map(|node| node.iter());
        shards
            .flat_map(|shard| shard.iter())
            .map(|(_, entry)| entry)
    }
}

impl<E: Clone> Table<E> {
    /// Finds an entry to change it.
    pub(crate) fn find_mut(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&mut E> {
        // What is not there copies nothing.
        self.find(hash, &is_it)?;
        let shard = self.shard_mut(place(hash, self.shards))?;
        let found = shard.find_mut(hash, |(own, entry)| *own == hash && is_it(entry));
        found.map(|(_, entry)| entry)
    }

    /// Adds an entry. One that was there before stays beside it.
    pub(crate) fn insert(&mut self, hash: u64, entry: E) {
        if self.len >= self.shards.saturating_mul(SHARD_LEN) {
            self.grow();
        }
        if let Some(shard) = self.shard_mut(place(hash, self.shards)) {
            shard.insert_unique(hash, (hash, entry), |(hash, _)| *hash);
            self.len = self.len.saturating_add(1);
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<E> {
        self.find(hash, &is_it)?;
        let shard = self.shard_mut(place(hash, self.shards))?;
        let found = shard.find_entry(hash, |(own, entry)| *own == hash && is_it(entry));
        let ((_, entry), _) = found.ok()?.remove();
        self.len = self.len.saturating_sub(1);
        Some(entry)
    }

    fn shard_mut(&mut self, at: usize) -> Option<&mut Shard<E>> {
        let node = self.nodes.get_mut(at / NODE_LEN)?;
        let shard = Arc::make_mut(node).get_mut(at % NODE_LEN)?;
        Some(Arc::make_mut(shard))
    }

    /// Adds a shard, and moves there what belongs there now: all of it is in one other.
    fn grow(&mut self) {
        let new = self.shards;
        let shards = new.saturating_add(1);
        match self.nodes.last_mut() {
            Some(node) if node.len() < NODE_LEN => {
                *node = node.iter().cloned().chain([Arc::default()]).collect();
            }
            _ => self.nodes.push(Arc::from([Arc::default()])),
        }
        self.shards = shards;
        let Some(split) = new.checked_ilog2().map(|bit| new ^ (1 << bit)) else {
            return;
        };
        let moved: Vec<_> = self.shard_mut(split).map_or_else(Vec::new, |shard| {
            let moved = shard.extract_if(|(hash, _)| place(*hash, shards) == new);
            moved.collect()
        });
        if let Some(shard) = self.shard_mut(new) {
            for (hash, entry) in moved {
                shard.insert_unique(hash, (hash, entry), |(hash, _)| *hash);
            }
        }
    }
}

/// Says which of so many shards is that of a hash.
fn place(hash: u64, shards: usize) -> usize {
    // The lowest and highest bits are what the shard itself goes by.
    let bits = usize::try_from((hash >> 16) & 0xffff_ffff).unwrap_or(usize::MAX);
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

    fn hash(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
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
        if let Some(number) = table.find_mut(7, |&number| number == 500) {
            *number = 5_000;
        }
        assert_eq!(table.find(7, |&number| number == 500), None);
        assert_eq!(table.find(7, |&number| number == 5_000), Some(&5_000));
    }
}
